"""The registry: a name is given once, and what is served is proved from the record, hand-over by hand-over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from msgspec import Struct
from sqlalchemy import text

from treadle.errors import EvidenceError, GateError, ModelError, TreadleError
from treadle.evidence import Chain, Entry
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.models import listing, registry
from treadle.people import POLICY
from treadle.store import Blob, EntryRef

HOLDS, FAILS = Gate("ap", 0.4, 0.5, True, "ap holds"), Gate("ap", 0.4, 0.1, False, "ap is 0.1")
LEAK = Gate("leak: x", 0.0, None, False, "x tells the label", acceptable=True)


def pack(
    chain: Chain, number: int, digest: str = "", approve: str = "reviewer", address: str = "shop"
) -> Entry[ModelPacked]:
    packed = ModelPacked(
        model=f"{address}:{number}",
        bundle=Blob((digest or f"{number:x}") * 64, "bundle"),
        family="linear",
        metric="ap",
        value=0.5,
        low=0.4,
        high=0.6,
        mb=0.1,
        p99_ms=0.01,
    )
    people = {"owner": "ada", "reviewers": ["grace", "ada", "bob"], "approve": approve}
    with chain.alone() as alone:
        return alone.write(
            Body(
                seq=0, id="", kind=packed.KIND, version=packed.VERSION, subject="shop",
                run="run1", time="", actor="ada",
                status="done", input=raw({"people": people}), payload=raw(packed), made=(packed.bundle,),
            )
        )  # fmt: skip


def review(chain: Chain, packed: ModelPacked, *gates: Gate, by: str = "grace") -> Entry[ReviewApproved]:
    request = ReviewRequested(model=packed.model, bundle=packed.bundle, gates=gates or (HOLDS,))
    asked = chain.append(request, f"model/{packed.model}")
    given = ReviewApproved(model=packed.model, bundle=packed.bundle, request=asked.ref)
    return chain.acting(by).append(given, f"model/{packed.model}")


def released(chain: Chain, number: int, address: str = "shop") -> Entry[ModelPacked]:
    packing = pack(chain, number, address=address)
    review(chain, packing.payload)
    registry.release(chain, "shop", packing)
    return packing


def test_a_name_is_given_once(chain: Chain) -> None:
    pack(chain, 1)
    with pytest.raises(EvidenceError, match="shop:1 already"):
        pack(chain, 1, "f")
    assert len(chain.find(ModelPacked)) == 1


def test_versions_are_found_by_number_name_and_as_the_newest(chain: Chain) -> None:
    with pytest.raises(ModelError, match="no model yet"):
        registry.find(chain, "shop")
    for number in (1, 2, 3):
        pack(chain, number)
    assert registry.find(chain, "shop").payload.model == "shop:3"
    assert (
        registry.find(chain, "shop", "2").payload.model
        == "shop:2"
        == registry.find(chain, "shop", "shop:2").payload.model
    )
    with pytest.raises(ModelError, match="no model shop:9"):
        registry.find(chain, "shop", "9")
    with pytest.raises(ModelError, match="no model yet"):
        registry.find(chain, "other", "1")


def test_only_an_approved_bundle_is_released(chain: Chain) -> None:
    packing = pack(chain, 1)
    with pytest.raises(GateError, match="was not approved"):
        registry.release(chain, "shop", packing)
    review(chain, packing.payload)
    served = registry.release(chain, "shop", packing)
    assert (served.model, served.bundle, served.approved_by) == ("shop:1", packing.payload.bundle.digest, "grace")
    assert registry.current(chain, "shop") == served
    assert registry.current(chain, "other") is None
    assert registry.release(chain, "shop", packing) == served and len(chain.find(ReleaseMade)) == 1
    assert registry.newest_release(chain, "shop") == served.entry and registry.newest_release(chain, "x") == ""


@pytest.mark.parametrize(
    ("gates", "by"),
    [((FAILS,), "grace"), ((HOLDS, LEAK), "grace"), ((HOLDS,), "ada"), ((HOLDS,), "eve"), ((HOLDS,), POLICY)],
)
def test_an_approval_that_rests_on_nothing_releases_nothing(chain: Chain, gates: tuple[Gate, ...], by: str) -> None:
    """A gate that fails, a finding nobody answered for, one person in both parts, a stranger, a policy that may not."""
    packing = pack(chain, 1)
    review(chain, packing.payload, *gates, by=by)
    with pytest.raises(GateError):
        registry.release(chain, "shop", packing)
    assert registry.current(chain, "shop") is None


def test_the_policy_may_approve_where_the_brief_says_so(chain: Chain) -> None:
    packing = pack(chain, 1, approve="policy")
    review(chain, packing.payload, by=POLICY)
    assert registry.release(chain, "shop", packing).approved_by == POLICY


def test_a_reviewer_who_was_named_later_may_approve_once_the_brief_was_stated(chain: Chain) -> None:
    packing = pack(chain, 1)
    asked = ReviewRequested(model="shop:1", bundle=packing.payload.bundle, gates=(HOLDS,))
    request = chain.append(asked, "model/shop:1")
    said = {"brief": {"people": {"owner": "ada", "reviewers": ["carol"]}}}
    with chain.alone() as alone:
        stated = BriefStated(brief=Blob("e" * 64, "brief"), decision="")
        alone.write(
            Body(
                seq=0, id="", kind=stated.KIND, version=stated.VERSION, subject="shop", run="", time="", actor="ada",
                status="done", input=raw(said), payload=raw(stated),
            )
        )  # fmt: skip
    given = ReviewApproved(model="shop:1", bundle=packing.payload.bundle, request=request.ref)
    chain.acting("carol").append(given, "model/shop:1")
    assert registry.release(chain, "shop", packing).approved_by == "carol"


def reseal(chain: Chain, seq: int, old: str, new: str) -> None:
    """Edit an entry and give it the hash of what it says now, as somebody who knows the format would."""
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        body = connection.execute(text("select body from entries where seq = :seq"), {"seq": seq}).scalar()
        assert old.encode() in body
        body = body.replace(old.encode(), new.encode())
        connection.execute(
            text("update entries set body = :body, hash = :hash where seq = :seq"),
            {"body": body, "hash": hashlib.sha256(body).hexdigest(), "seq": seq},
        )


def test_a_request_whose_gates_were_edited_to_hold_releases_nothing(chain: Chain) -> None:
    """One row edited, with its hash: a model that failed its gate was released and served so."""
    packing = pack(chain, 1)
    request = ReviewRequested(model="shop:1", bundle=packing.payload.bundle, gates=(FAILS,))
    chain.append(request, "model/shop:1")
    reseal(chain, 2, '"holds":false', '"holds":true')
    asked = chain.last(ReviewRequested)
    given = ReviewApproved(model="shop:1", bundle=packing.payload.bundle, request=asked.ref)
    chain.acting("grace").append(given, "model/shop:1")
    with pytest.raises(EvidenceError, match="does not stand in the record"):
        registry.release(chain, "shop", packing)


@pytest.mark.parametrize("seq", [1, 2, 3, 4])
def test_what_was_edited_after_the_release_is_not_served(chain: Chain, seq: int) -> None:
    released(chain, 1)
    assert registry.current(chain, "shop").model == "shop:1"
    reseal(chain, seq, '"id":"', '"id":"x')
    with pytest.raises((EvidenceError, ModelError, GateError)):
        registry.current(chain, "shop")


def test_a_release_hidden_by_its_column_does_not_move_the_endpoint(chain: Chain) -> None:
    released(chain, 1)
    released(chain, 2)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update entries set kind = 'zz' where seq = 8"))
    with pytest.raises(ModelError, match="its column kind differs"):
        registry.current(chain, "shop")


def test_an_approval_of_another_bundle_under_the_same_name_releases_nothing(chain: Chain) -> None:
    packing = pack(chain, 1)
    other = ModelPacked(**{n: getattr(packing.payload, n) for n in packing.payload.__struct_fields__})
    from msgspec.structs import replace

    review(chain, replace(other, bundle=Blob("f" * 64, "bundle")))
    with pytest.raises(GateError, match="was not approved"):
        registry.release(chain, "shop", packing)


Forge = Callable[[Chain, Entry[ModelPacked], Entry[ModelPacked]], None]


def _unapproved(chain: Chain, good: Entry[ModelPacked], bad: Entry[ModelPacked]) -> None:
    approval = chain.last(ReviewApproved)
    said = ReleaseMade(model="shop:2", bundle=bad.payload.bundle, packing=bad.ref, approval=approval.ref)
    chain.append(said, "endpoint/shop")


def _another_bundle(chain: Chain, good: Entry[ModelPacked], bad: Entry[ModelPacked]) -> None:
    approval = chain.last(ReviewApproved)
    said = ReleaseMade(model="shop:1", bundle=bad.payload.bundle, packing=good.ref, approval=approval.ref)
    chain.append(said, "endpoint/shop")


def _no_such_approval(chain: Chain, good: Entry[ModelPacked], bad: Entry[ModelPacked]) -> None:
    said = ReleaseMade(model="shop:1", bundle=good.payload.bundle, packing=good.ref, approval=EntryRef("0" * 64))
    chain.append(said, "endpoint/shop")


def _back_to_what_was_never_served(chain: Chain, good: Entry[ModelPacked], bad: Entry[ModelPacked]) -> None:
    said = ReleaseRolledBack(
        model="shop:2", bundle=bad.payload.bundle, packing=bad.ref, earlier=None, left="shop:1", reason=""
    )
    chain.append(said, "endpoint/shop")


def _back_to_another_bundle(chain: Chain, good: Entry[ModelPacked], bad: Entry[ModelPacked]) -> None:
    earlier = chain.last(ReleaseMade)
    said = ReleaseRolledBack(
        model="shop:2", bundle=bad.payload.bundle, packing=bad.ref, earlier=earlier.ref, left="shop:1", reason=""
    )
    chain.append(said, "endpoint/shop")


@pytest.mark.parametrize(
    "forge",
    [_unapproved, _another_bundle, _no_such_approval, _back_to_what_was_never_served, _back_to_another_bundle],
)
def test_a_release_entry_that_is_not_proved_is_not_served(chain: Chain, forge: Forge) -> None:
    """As if somebody had written to the chain by other means than ours."""
    good = released(chain, 1)
    bad = pack(chain, 2)
    forge(chain, good, bad)
    with pytest.raises(TreadleError):
        registry.current(chain, "shop")


def test_an_edited_release_is_not_served(chain: Chain) -> None:
    released(chain, 1)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(
            text("update entries set body = cast(replace(cast(body as text), 'shop:1', 'shop:9') as blob)")
        )
    with pytest.raises(ModelError, match="edited"):
        registry.current(chain, "shop")


def test_rollback_returns_to_what_was_served_before(chain: Chain) -> None:
    with pytest.raises(ModelError, match="serves nothing"):
        registry.rollback(chain, "shop")
    released(chain, 1)
    with pytest.raises(ModelError, match="only version"):
        registry.rollback(chain, "shop")
    released(chain, 2)
    released(chain, 3)
    assert registry.rollback(chain, "shop", reason="bad").model == "shop:2"
    served = registry.current(chain, "shop")
    assert (served.model, served.approved_by) == ("shop:2", "grace")
    assert registry.rollback(chain, "shop").model == "shop:1", "not forward to the one that was left"
    with pytest.raises(ModelError, match="only version"):
        registry.rollback(chain, "shop")
    backs = [entry.payload for entry in chain.find(ReleaseRolledBack)]
    assert [(back.left, back.reason) for back in backs] == [("shop:3", "bad"), ("shop:2", "")]


def test_the_list_says_where_each_version_stands(chain: Chain) -> None:
    released(chain, 1)
    second = pack(chain, 2)
    request = ReviewRequested(model="shop:2", bundle=second.payload.bundle, gates=(HOLDS,))
    chain.append(request, "model/shop:2")
    pack(chain, 3)
    found = listing.versions(chain, "shop", "shop")
    assert [(v.name, v.status, v.released) for v in found] == [
        ("shop:3", "packed", False),
        ("shop:2", "waiting for review", False),
        ("shop:1", "approved", True),
    ]
    assert [v.name for v in listing.versions(chain, "shop", "shop", limit=1)] == ["shop:3"]


@pytest.mark.parametrize("said", [listing.ModelVersion, registry.Released])
def test_what_the_registry_says_is_frozen(said: type[Struct]) -> None:
    assert said.__struct_config__.frozen


def test_a_bundle_is_left_from_its_rollback_until_it_is_released_again(chain: Chain) -> None:
    first, second = released(chain, 1), released(chain, 2)
    bundles = [each.payload.bundle.digest for each in (first, second)]
    assert [registry.left(chain, "shop", each) for each in bundles] == [None, None]
    registry.rollback(chain, "shop", reason="bad")
    back = chain.last(ReleaseRolledBack)
    assert [registry.left(chain, "shop", each) for each in bundles] == [None, back]
    assert registry.left(chain, "other", bundles[1]) is None and registry.left(chain, "shop", "f" * 64) is None
    released(chain, 3)
    assert registry.left(chain, "shop", bundles[1]) == back, "whatever was released since"
    registry.release(chain, "shop", second)
    assert registry.left(chain, "shop", bundles[1]) is None


def test_a_bundle_is_read_before_it_is_served(chain: Chain) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload)
    asked: list[str] = []

    def gone(digest: str) -> None:
        asked.append(digest)
        raise EvidenceError("the blob is missing")

    with pytest.raises(EvidenceError, match="is missing"):
        registry.release(chain, "shop", packing, check=gone)
    registry.release(chain, "shop", packing)
    released(chain, 2)
    count = len(chain.find())
    with pytest.raises(EvidenceError, match="is missing"):
        registry.rollback(chain, "shop", check=gone)
    assert asked == [packing.payload.bundle.digest] * 2 and len(chain.find()) == count


def test_what_else_is_said_of_an_endpoint_releases_nothing(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    released(chain, 1)
    served = registry.current(chain, "shop")
    monkeypatch.setattr(registry, "_MOST", 2)
    for _ in range(3):  # in the end more than are looked through
        chain.append(Noted(text="watched"), "endpoint/shop")
        assert registry.current(chain, "shop") == served and registry.newest_release(chain, "shop") == served.entry


def test_a_version_that_was_released_again_is_gone_back_to(chain: Chain) -> None:
    released(chain, 1)
    second = released(chain, 2)
    assert registry.rollback(chain, "shop").model == "shop:1"
    registry.release(chain, "shop", second)
    released(chain, 3)
    assert registry.rollback(chain, "shop").model == "shop:2"


def test_of_two_who_change_an_endpoint_at_once_the_second_is_told(chain: Chain) -> None:
    first, second = released(chain, 1), released(chain, 2)
    third = pack(chain, 3)
    review(chain, third.payload)
    with pytest.raises(ModelError, match="serves shop:2 by now, and not shop:1: somebody was quicker") as caught:
        registry.rollback(chain, "shop", seen="shop:1")
    assert "treadle log --subject endpoint/shop" in caught.value.mend
    with pytest.raises(ModelError, match="serves shop:2 by now, and not nothing"):
        registry.release(chain, "shop", third, seen="")
    assert registry.rollback(chain, "shop", seen="shop:2").model == first.payload.model == "shop:1"
    with pytest.raises(ModelError, match="serves shop:1 by now"):  # and not back once more, by the same wish
        registry.rollback(chain, "shop", seen=second.payload.model)
    assert registry.release(chain, "shop", third, seen="shop:1").model == "shop:3"
    with pytest.raises(ModelError, match="serves nothing by now, and not shop:1"):
        registry.release(chain, "desk", third, seen="shop:1")
    assert registry.release(chain, "desk", third, seen="").endpoint == "desk"


def test_an_endpoint_is_not_passed_on(chain: Chain) -> None:
    released(chain, 1)
    other = pack(chain, 2)
    review(chain, other.payload)
    for change in (lambda: registry.release(chain, "shop", other, others=frozenset({"shop"})),
                   lambda: registry.rollback(chain, "shop", others=frozenset({"shop"}))):  # fmt: skip
        with pytest.raises(ModelError, match="another target's") as caught:
            change()
        assert caught.value.where == "endpoint/shop" and "predict.NAME.endpoint" in caught.value.mend
    assert registry.release(chain, "shop", other, others=frozenset({"shop.late"})).model == "shop:2"
    late = pack(chain, 3, address="shop.late")
    review(chain, late.payload)
    with pytest.raises(ModelError, match="serves shop:2, which is another target's"):  # it counts what is served
        registry.release(chain, "shop", late, others=frozenset({"shop"}))


def test_a_rollback_goes_to_a_version_of_the_same_target(chain: Chain) -> None:
    released(chain, 1)
    released(chain, 2, "shop.late")
    with pytest.raises(ModelError, match=r"shop\.late:2 is the only version of shop\.late that shop has served"):
        registry.rollback(chain, "shop")
    released(chain, 3, "shop.late")
    released(chain, 4)
    assert registry.rollback(chain, "shop").model == "shop:1"
    released(chain, 5, "shop.late")
    assert registry.rollback(chain, "shop").model == "shop.late:3"
    assert registry.rollback(chain, "shop").model == "shop.late:2"
    with pytest.raises(ModelError, match="the only version of"):
        registry.rollback(chain, "shop")
