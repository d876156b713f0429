"""A version waits for those whose word the brief wants; each signs one bundle, in a role that they hold now."""

from __future__ import annotations

import dataclasses

import pytest

from treadle.errors import AccessError, GateError
from treadle.evidence import Chain, Entry
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.people import POLICY, approve, request_review, review_of, sign, unsigned
from treadle.spec import Brief, People, Predict, ProjectSpec
from treadle.store import Blob

ONE, TWO = Blob("1" * 64), Blob("2" * 64)
HOLDS = Gate("gain", 0.0, None, True, "the gain is real")


def spec(**people: object) -> ProjectSpec:
    given = {
        "owner": "ada",
        "reviewers": ("grace",),
        "approve": "policy",
        "roles": {"expert": ("lin", "eve"), "privacy": ("eve",), "lead": ("bo",)},
        "signs": ("expert",),
    } | people
    return ProjectSpec(
        project="shop",
        brief=Brief(people=People(**given)),  # type: ignore[arg-type]
        sources={},
        predict=Predict(name="back", each="orders", label="back"),
    )


def by(chain: Chain, actor: str) -> Chain:
    return dataclasses.replace(chain, actor=actor)


@pytest.fixture
def asked(chain: Chain) -> Entry[ReviewRequested]:
    return request_review(by(chain, "ada"), "shop:1", [HOLDS], ONE)


def waits(chain: Chain, found: ProjectSpec, bundle: Blob = ONE) -> list[str]:
    with chain.reading() as reader:
        return unsigned(reader, found, "shop:1", bundle.digest)


@pytest.mark.parametrize("who", [POLICY, "grace"])
def test_nobody_approves_before_it_is_signed(chain: Chain, asked: Entry[ReviewRequested], who: str):
    with pytest.raises(GateError, match=r"shop:1 may not be approved: nobody has signed it as expert") as told:
        approve(chain, spec(), "shop:1", ONE.digest, by=who)
    assert told.value.where == "brief.people.signs"
    assert told.value.mend == "expert is lin or eve: treadle models sign PROJECT shop:1 --as lin"
    assert waits(chain, spec()) == ["expert"]
    made = sign(by(chain, "lin"), spec(), asked, "", " plausible ")
    assert made.said() == "signed as expert: plausible" and made.payload.bundle == ONE
    assert waits(chain, spec()) == []
    approve(chain, spec(), "shop:1", ONE.digest, by=who)
    review = review_of(chain, "shop:1", ONE.digest)
    assert review.status == "approved" and review.signed == ["lin as expert"]


def test_all_that_is_in_the_way_is_told_at_once(chain: Chain):
    """A finding that nobody answered for, and a signature that lacks; the version is named once."""
    leak = Gate("leak: x", 0.0, None, False, "x tells the label", acceptable=True)
    request_review(by(chain, "ada"), "shop:1", [leak], ONE)
    with pytest.raises(GateError) as told:
        approve(chain, spec(signs=("expert", "privacy")), "shop:1", ONE.digest, by="grace")
    lines = str(told.value).splitlines()
    assert lines[0] == "shop:1 may not be released, for 2 reasons" and len(lines) == 3
    assert lines[1].startswith("  - x tells the label (") and "signed it as expert, privacy (expert is" in lines[2]
    with pytest.raises(GateError) as told:
        approve(chain, spec(signs=()), "shop:1", ONE.digest, by="grace")
    assert str(told.value).startswith("shop:1 may not be released: x tells the label")


def test_a_signature_stands_for_one_bundle(chain: Chain, asked: Entry[ReviewRequested]):
    sign(by(chain, "lin"), spec(), asked, "", "")
    request_review(by(chain, "ada"), "shop:1", [HOLDS], TWO)
    assert waits(chain, spec(), TWO) == ["expert"]
    with pytest.raises(GateError, match="nobody has signed"):
        approve(chain, spec(), "shop:1", TWO.digest, by=POLICY)


def test_a_signature_of_who_holds_the_role_no_more_counts_no_more(chain: Chain, asked: Entry[ReviewRequested]):
    sign(by(chain, "lin"), spec(), asked, "", "")
    assert waits(chain, spec(roles={"expert": ("eve",)})) == ["expert"]
    assert waits(chain, spec(signs=("expert", "privacy"))) == ["privacy"]
    sign(by(chain, "eve"), spec(signs=("expert", "privacy")), asked, "privacy", "")
    assert waits(chain, spec(signs=("expert", "privacy"))) == []


def test_who_signs_says_as_what_and_twice_is_once(chain: Chain, asked: Entry[ReviewRequested]):
    both = spec(signs=("expert", "privacy"))
    with pytest.raises(GateError, match="eve holds expert and privacy"):
        sign(by(chain, "eve"), both, asked, "", "")
    first = sign(by(chain, "eve"), both, asked, "privacy", "")
    assert sign(by(chain, "eve"), both, asked, "privacy", "again").hash == first.hash
    many = spec(signs=("lead",), roles={"lead": ("bo", "lin")})
    assert [sign(by(chain, who), many, asked, "", "").actor for who in ("bo", "lin")] == ["bo", "lin"]  # each by name
    for who, role in (("bo", ""), ("grace", ""), ("lin", "privacy"), ("mallory", "expert")):
        with pytest.raises(AccessError, match=f"{who} does not hold {role or 'a role that signs'}"):
            sign(by(chain, who), both, asked, role, "")
    assert waits(chain, both) == ["expert"]


def test_where_the_brief_wants_no_signature_none_is_missing(chain: Chain, asked: Entry[ReviewRequested]):
    assert waits(chain, spec(signs=())) == []
    approve(chain, spec(signs=()), "shop:1", ONE.digest, by=POLICY)
