"""Each hand-over that stands between a release and the approval of its bundle, forged one at a time.

Whoever can write to the catalog can seal any entry, so that it holds by itself. What is served is held to what the
entries say of one another, and each of these forgeries differs from an honest record in one thing alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import insert
from test_registry import FAILS, HOLDS, LEAK, pack, released, review

from treadle.errors import GateError, ModelError, TreadleError
from treadle.evidence import Chain, Entry, Payload
from treadle.evidence.entry import Body, raw, seal
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.models import listing, registry
from treadle.models.version import ModelVersion
from treadle.store import Blob, EntryRef
from treadle.store.schema import entries, versions

AT = "endpoint/shop"
LATER = 90
"""A number that no honest entry of these tests has."""


def put(chain: Chain, seq: int, payload: Payload, about: str, prev: str = "0" * 64, **other: str) -> EntryRef:
    """A sealed entry at any number, in the place of what stands there. `other`: columns that the row has of its own."""
    body = Body(
        seq=seq,
        id=f"{seq:032x}",
        kind=type(payload).KIND,
        version=type(payload).VERSION,
        subject=about,
        run="",
        time="2026-01-01T00:00:00.000000+00:00",
        actor=other.pop("actor", "grace"),
        status=other.pop("status", "done"),
        payload=raw(payload),
        prev=prev,
    )
    content, sealed = seal(body)
    columns = ("seq", "id", "kind", "subject", "run", "time", "actor", "status", "cache_key", "prev")
    row = {name: getattr(body, name) for name in columns} | other
    drop(chain, seq)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(insert(entries).values(**row, body=content, hash=sealed))
    return EntryRef(sealed)


def drop(chain: Chain, *numbers: int) -> None:
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(entries.delete().where(entries.c.seq.in_(numbers)))


def release_of(packed: Entry[ModelPacked], approval: EntryRef, **changed: object) -> ReleaseMade:
    said = {"model": packed.payload.model, "bundle": packed.payload.bundle, "packing": packed.ref, **changed}
    return ReleaseMade(approval=approval, **said)  # type: ignore[arg-type]


def back_to(packed: Entry[ModelPacked], earlier: EntryRef | None) -> ReleaseRolledBack:
    return ReleaseRolledBack(
        model=packed.payload.model, bundle=packed.payload.bundle, packing=packed.ref, earlier=earlier, left="shop:9"
    )


def refused(chain: Chain, said: str, endpoint: str = "shop") -> None:
    """What the endpoint should serve is refused, in one sentence that names the endpoint and what is wrong."""
    with pytest.raises(ModelError) as found:
        registry.current(chain, endpoint)
    assert found.value.where == f"endpoint/{endpoint}" and "treadle verify" in found.value.mend
    assert found.value.what.startswith(f"what endpoint {endpoint} should serve is not proved by the record: ")
    assert re.search(said, found.value.what), found.value.what


@pytest.mark.parametrize("before", ["another", "none"])
def test_a_release_that_does_not_follow_the_entry_before_it_is_not_served(chain: Chain, before: str) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload)
    noted = chain.append(Noted(text="between"), "s")
    registry.release(chain, "shop", packing)
    assert registry.current(chain, "shop").model == "shop:1"
    put(chain, noted.seq, Noted(text="another"), "s", noted.prev)
    if before == "none":
        drop(chain, noted.seq)
    refused(chain, f"release entry {noted.seq + 1} does not follow the entry before it")


def test_a_release_that_stands_first_of_all_rests_on_nothing(chain: Chain) -> None:
    """There is no entry before it that it could follow."""
    packing = pack(chain, 5)
    drop(chain, packing.seq)
    put(chain, 1, release_of(packing, EntryRef("0" * 64)), AT)
    refused(chain, "release entry 1 does not follow the entry before it")


def test_an_approval_must_be_older_than_the_release_that_names_it(chain: Chain) -> None:
    packing = pack(chain, 1)
    honest = review(chain, packing.payload)
    approval = put(chain, LATER, honest.payload, "model/shop:1")
    seq = honest.seq + 1
    put(chain, seq, release_of(packing, approval), AT, honest.hash)
    refused(chain, "does not stand in the record")


def test_a_request_must_be_older_than_its_approval(chain: Chain) -> None:
    packing = pack(chain, 1)
    bundle = packing.payload.bundle
    request = put(
        chain, LATER, ReviewRequested(model="shop:1", bundle=bundle, gates=(HOLDS,)), "model/shop:1", actor="ada"
    )
    approval = ReviewApproved(model="shop:1", bundle=bundle, request=request)
    put(chain, packing.seq + 1, approval, "model/shop:1", packing.hash)
    with pytest.raises(TreadleError, match="does not stand in the record"):
        registry.release(chain, "shop", packing)


@pytest.mark.parametrize("said", [{"model": "shop:2"}, {"bundle": Blob("f" * 64, "bundle")}])
def test_a_release_says_the_name_and_the_bundle_of_its_packing(chain: Chain, said: dict[str, object]) -> None:
    packing = pack(chain, 1)
    approval = review(chain, packing.payload)
    chain.append(release_of(packing, approval.ref, **said), AT)
    refused(chain, "names another bundle than it was packed as")


def test_an_approval_of_another_bundle_that_a_release_names_is_refused(chain: Chain) -> None:
    """The approval is whole, and of a version that may be released: not of this one."""
    released(chain, 1)
    approval = chain.last(ReviewApproved)
    packing = pack(chain, 2)
    chain.append(release_of(packing, approval.ref), AT)
    with pytest.raises(GateError, match="the approval is of another bundle than shop:2"):
        registry.current(chain, "shop")


def test_an_approval_that_names_the_request_for_another_bundle_is_refused(chain: Chain) -> None:
    other, packing = pack(chain, 1), pack(chain, 2)
    review(chain, other.payload)
    request = chain.last(ReviewRequested)
    given = ReviewApproved(model="shop:2", bundle=packing.payload.bundle, request=request.ref)
    chain.acting("grace").append(given, "model/shop:2")
    with pytest.raises(GateError, match="nobody asked for a release of shop:2"):
        registry.release(chain, "shop", packing)


Answer = Callable[[Chain, Entry[ModelPacked], Entry[ReviewRequested]], None]


def _nobody(chain: Chain, packing: Entry[ModelPacked], asked: Entry[ReviewRequested]) -> None:
    pass


def _the_requester(chain: Chain, packing: Entry[ModelPacked], asked: Entry[ReviewRequested]) -> None:
    chain.append(accepted(packing, asked, LEAK.name), "model/shop:1")


def _for_another_gate(chain: Chain, packing: Entry[ModelPacked], asked: Entry[ReviewRequested]) -> None:
    chain.acting("grace").append(accepted(packing, asked, "leak: y"), "model/shop:1")


def accepted(packing: Entry[ModelPacked], asked: Entry[ReviewRequested], gate: str) -> FindingAccepted:
    said = {"model": "shop:1", "bundle": packing.payload.bundle, "request": asked.ref}
    return FindingAccepted(gate=gate, reason="known before", **said)


@pytest.mark.parametrize("answer", [_nobody, _the_requester, _for_another_gate])
def test_a_finding_stops_what_is_served_until_another_person_answered_for_it(chain: Chain, answer: Answer) -> None:
    """Asked again of the entries when it is served, and not only when it is approved."""
    packing = pack(chain, 1)
    approval = review(chain, packing.payload, HOLDS, LEAK)
    asked = chain.last(ReviewRequested)
    answer(chain, packing, asked)
    chain.append(release_of(packing, approval.ref), AT)
    with pytest.raises(GateError, match=r"^shop:1 may not be released: x tells the label"):
        registry.current(chain, "shop")
    chain.acting("grace").append(accepted(packing, asked, LEAK.name), "model/shop:1")
    assert registry.current(chain, "shop").model == "shop:1"


def test_a_gate_of_the_brief_is_not_answered_away_by_an_entry(chain: Chain) -> None:
    packing = pack(chain, 1)
    approval = review(chain, packing.payload, FAILS)
    chain.acting("grace").append(accepted(packing, chain.last(ReviewRequested), FAILS.name), "model/shop:1")
    chain.append(release_of(packing, approval.ref), AT)
    with pytest.raises(GateError, match=r"may not be released: ap is 0\.1"):
        registry.current(chain, "shop")


def test_all_that_stands_in_the_way_is_named(chain: Chain) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload, FAILS, HOLDS, LEAK)
    with pytest.raises(GateError, match=r"ap is 0\.1 \(.*\)\n.*x tells the label \(") as found:
        registry.release(chain, "shop", packing)
    assert found.value.faults[0].where == "brief.must_have.ap", "what nobody can answer for comes first"


def test_who_asked_cannot_have_approved(chain: Chain) -> None:
    packing = pack(chain, 1)
    approval = review(chain, packing.payload, by="ada")
    chain.append(release_of(packing, approval.ref), AT)
    with pytest.raises(GateError, match="ada both asked for and approved shop:1"):
        registry.current(chain, "shop")


def test_a_rollback_through_another_bundle_is_not_served(chain: Chain) -> None:
    """Its two ends agree; what it went through does not."""
    good, bad = released(chain, 1), pack(chain, 2)
    first = chain.last(ReleaseMade)
    through = chain.append(back_to(bad, first.ref), AT)
    ends = chain.append(back_to(good, through.ref), AT)
    refused(chain, f"entry {ends.seq} goes back to another bundle")


def test_a_rollback_goes_back_and_not_ahead(chain: Chain) -> None:
    good = released(chain, 1)
    first = chain.last(ReleaseMade)
    ahead = put(chain, LATER, first.payload, AT, subject="hidden")  # its row says another endpoint
    back = put(chain, first.seq + 1, back_to(good, ahead), AT, first.hash)
    refused(chain, "its column subject differs")
    assert registry.newest_release(chain, "shop") == back.digest


def test_a_rollback_goes_back_to_what_this_endpoint_served(chain: Chain) -> None:
    good = released(chain, 1)
    elsewhere = chain.last(ReleaseMade)
    back = chain.append(back_to(good, elsewhere.ref), "endpoint/other")
    refused(chain, f"entry {back.seq} goes back to what this endpoint never served", "other")


def test_a_rollback_as_version_0_1_wrote_it_names_the_bundle_alone(chain: Chain) -> None:
    """It goes back to the newest release of that bundle before it, whatever else was served."""
    good = released(chain, 1)
    released(chain, 2)
    chain.append(back_to(good, None), AT)
    assert registry.current(chain, "shop").model == "shop:1"
    never = pack(chain, 3)
    back = chain.append(back_to(never, None), AT)
    refused(chain, f"entry {back.seq} goes back to what this endpoint never served")


def test_a_kind_that_is_named_for_another_is_not_taken_for_it(chain: Chain) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload)
    asked = chain.last(ReviewRequested)
    chain.append(release_of(packing, asked.ref), AT)  # the request in the approval's place
    refused(chain, r"\(review.approved\) is not in the record")


def test_what_failed_is_no_approval(chain: Chain) -> None:
    packing = pack(chain, 1)
    honest = review(chain, packing.payload)
    approval = put(chain, honest.seq, honest.payload, "model/shop:1", honest.prev, status="failed")
    put(chain, honest.seq + 1, release_of(packing, approval), AT, approval.digest)
    refused(chain, r"\(review.approved\) is not in the record")


def test_a_rollback_is_written_only_where_it_is_proved(chain: Chain) -> None:
    """An earlier release that rests on nothing is not gone back to, and nothing is left in the record."""
    bad = pack(chain, 1)
    chain.append(release_of(bad, EntryRef("0" * 64)), AT)
    released(chain, 2)
    count = len(chain.find())
    with pytest.raises(TreadleError):
        registry.rollback(chain, "shop")
    assert len(chain.find()) == count and registry.current(chain, "shop").model == "shop:2"


def test_a_view_of_versions_that_was_edited_is_not_believed(chain: Chain) -> None:
    for number in (1, 2):
        pack(chain, number)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(versions.update().where(versions.c.model == "shop:1").values(model="shop:7"))
    with pytest.raises(ModelError, match="the view of versions names another entry as shop:7"):
        registry.find(chain, "shop", "7")


def test_a_version_that_is_mistyped_is_pointed_out(chain: Chain) -> None:
    pack(chain, 12)
    with pytest.raises(ModelError, match="there is no model shop:13") as found:
        registry.find(chain, "shop", "13")
    assert "shop:12" in found.value.mend


def test_a_version_that_is_no_packing_is_left_out_of_the_list(chain: Chain) -> None:
    pack(chain, 1)
    noted = chain.append(Noted(text="x"), "s")
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(insert(versions).values(model="shop:2", project="shop", bundle="b", seq=noted.seq))
    assert [v.name for v in listing.versions(chain, "shop", "shop")] == ["shop:1"]
    with pytest.raises(ModelError, match="no model shop:2"):
        registry.find(chain, "shop", "2")


def test_the_list_says_all_that_a_packing_says(chain: Chain) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload)
    pack(chain, 2)
    other = pack(chain, 3)
    request = ReviewRequested(model="shop:3", bundle=Blob("f" * 64, "bundle"), gates=(HOLDS,))
    chain.append(request, "model/shop:3")  # of another bundle under this name
    newest, _, first = listing.versions(chain, "shop", "shop")
    assert (newest.name, newest.status, newest.released) == ("shop:3", "packed", False)
    assert first == ModelVersion(
        name="shop:1", bundle=packing.payload.bundle.digest, created=packing.time, by="ada", run="run1",
        family="linear", metric="ap", value=0.5, low=0.4, high=0.6, mb=0.1, status="approved", released=False,
    )  # fmt: skip
    assert other.seq == 5


def test_a_rollback_of_version_0_1_goes_back_to_the_newest_release_of_its_bundle(chain: Chain) -> None:
    good = released(chain, 1)
    released(chain, 2)
    again = review(chain, good.payload, by="bob")
    registry.release(chain, "shop", good)
    released(chain, 3)
    chain.append(back_to(good, None), AT)
    served = registry.current(chain, "shop")
    assert (served.model, served.approved_by) == ("shop:1", "bob") and again.actor == "bob"


def test_what_failed_is_no_release(chain: Chain) -> None:
    released(chain, 1)
    served, last = registry.current(chain, "shop"), chain.last(ReleaseMade)
    second = pack(chain, 2)
    put(chain, second.seq + 1, release_of(second, last.payload.approval), AT, second.hash, status="failed")
    assert registry.current(chain, "shop") == served and registry.newest_release(chain, "shop") == served.entry
