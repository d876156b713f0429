"""Gates, refusals and reviews word for word: each with its numbers, its place and how to mend it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from test_reviews import BUNDLE, LEAK, NO_RATES, OTHER, gates, limited, project

from treadle.errors import AccessError, Fault, GateError
from treadle.evidence import Chain
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.token_made import TokenMade
from treadle.money import money, rates_of
from treadle.people import (
    NO_SAVING,
    POLICY,
    Finding,
    Gain,
    Gate,
    Review,
    accept,
    approve,
    cure_of,
    gates_of,
    mend_of,
    place_of,
    refusal,
    request_review,
    requesters,
    review_of,
    unmet,
)
from treadle.spec import Brief, Limits, People, ProjectSpec

GAIN = Gate("gain over the trivial baseline", 0.0, None, True, "the gain over the trivial baseline is real")
COST, SPEED = (
    Gate("train_cost", 1.0, 2.0, False, "train_cost is 2 USD, must be at most 1"),
    Gate("p99_ms", 5.0, None, False, "p99_ms is not measured ms, must be at most 5"),
)
UNTOLD = Gate(
    "gain over the trivial baseline", 0.0, None, False,
    "the gain over the trivial baseline cannot be told from noise: 6 days are needed, 4 there", acceptable=True,
)  # fmt: skip
FLAGGED = Gate(LEAK.name, 0.0, None, False, LEAK.text, acceptable=True)


def test_every_gate_says_what_was_found_and_what_it_must_be() -> None:
    brief = Brief(
        people=People(owner="a"),
        must_have={"average_precision": 0.4, "log_loss": 0.7, "recall": 0.5},
        limits=Limits(train_cost=2, train_minutes=10, bundle_mb=5, p99_ms=5),
    )
    found = gates_of(
        brief,
        {"average_precision": 0.51234, "log_loss": 0.7},
        gain=Gain(True),
        spent=[money(1, "USD"), money("0.5", "USD")],
        rates=NO_RATES,
        train_minutes=12.34567,
        bundle_mb=5,
        p99_ms=None,
        findings=[LEAK],
    )
    assert found == [
        GAIN,
        FLAGGED,
        Gate("average_precision", 0.4, 0.51234, True, "average_precision is 0.5123, must be at least 0.4"),
        Gate("log_loss", 0.7, 0.7, True, "log_loss is 0.7000, must be at most 0.7"),
        Gate("recall", 0.5, None, False, "recall is not measured, must be at least 0.5"),
        Gate("train_cost", 2.0, 1.5, True, "train_cost is 1.5 USD, must be at most 2", spent=money("1.5", "USD")),
        Gate(
            "train_minutes",
            10.0,
            12.34567,
            False,
            "train_minutes is 12.35 minutes of search and fits, must be at most 10",
        ),
        Gate("bundle_mb", 5.0, 5.0, True, "bundle_mb is 5 MB, must be at most 5"),
        SPEED,
    ]


def test_money_of_several_currencies_is_one_sum_at_the_rate_of_a_day() -> None:
    rates = rates_of("USD", "2026-11-01", {"EUR": 0.5})
    (held,) = limited(Limits(train_cost=3.0), spent=[money(1, "USD"), money(1, "EUR")], rates=rates)
    assert (held.found, held.holds) == (3.0, True)
    assert held.text == "train_cost is 3 USD (rate of 2026-11-01), must be at most 3"
    (refused,) = limited(Limits(train_cost=9.0), spent=[money(1, "USD"), money(2, "JPY")], rates=rates)
    assert refused == Gate(
        "train_cost", 9.0, None, False,
        "train_cost is 2 JPY, which cannot be held against 9 USD: there is no rate between them in the price book, "
        "which prices: names",
        spent=money(2, "JPY"),
    )  # fmt: skip
    (nothing,) = limited(Limits(train_cost=0.0), spent=[])
    assert nothing == Gate("train_cost", 0.0, 0.0, True, "train_cost is 0 USD, must be at most 0")


@pytest.mark.parametrize(
    ("gate", "place", "mend"),
    [
        (GAIN, "brief", "give features that say more of the label, or more rows, and run again"),
        (COST, "brief.limits.train_cost",
         "make it cheaper or smaller, or let the owner change this line, and run again"),
        (SPEED, "brief.limits.p99_ms", "make it cheaper or smaller, or let the owner change this line, and run again"),
        (Gate("recall", 0.5, 0.4, False, ""), "brief.must_have.recall",
         "mend the model, or let the owner change this line, and run again"),
        (UNTOLD, "predict.split.test", ("give more test days, groups or rows; or let a reviewer answer for it: treadle "
         'models accept PROJECT shop:1 --finding "gain over the trivial baseline" --because REASON --as REVIEWER')),
        (FLAGGED, "", ("mend the features; or let a reviewer answer for it: treadle models accept PROJECT shop:1 "
         '--finding "leak: canary" --because REASON --as REVIEWER')),
    ],
)  # fmt: skip
def test_a_gate_has_its_place_and_how_to_mend_it(gate: Gate, place: str, mend: str) -> None:
    assert (place_of(gate), mend_of(gate, "shop:1")) == (place, mend)
    alone = refusal("shop:1", [gate])
    assert (alone.what, alone.where, alone.mend, alone.faults) == (
        f"shop:1 may not be released: {gate.text}", place, mend, (),
    )  # fmt: skip


def test_several_gates_in_the_way_are_several_faults() -> None:
    told = refusal("shop:1", [COST, FLAGGED])
    assert (told.head, told.where, told.mend) == ("shop:1 may not be released, for 2 reasons", "", "")
    assert told.faults == (
        Fault(COST.text, "brief.limits.train_cost", mend_of(COST, "shop:1")),
        Fault(FLAGGED.text, "", mend_of(FLAGGED, "shop:1")),
    )


def test_a_review_says_where_its_bundle_stands(chain: Chain) -> None:
    """What was found and by whom it was answered for, at each turn."""
    assert review_of(chain, "shop:1", BUNDLE.digest) == Review("shop:1", "not requested", "", "", [])
    asked = [*gates(), FLAGGED]
    entry = request_review(chain, "shop:1", asked, BUNDLE)
    assert (entry.actor, entry.subject) == ("ada", "model/shop:1")
    assert entry.payload == ReviewRequested(model="shop:1", bundle=BUNDLE, gates=tuple(asked))
    assert review_of(chain, "shop:1", BUNDLE.digest) == Review(
        "shop:1", "waiting for review", "ada", "", asked, [], [FLAGGED]
    )
    grace = chain.acting("grace")
    answer = accept(grace, project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="  known before ")
    assert (answer.actor, answer.subject) == ("grace", "model/shop:1")
    assert answer.payload == FindingAccepted(
        model="shop:1", bundle=BUNDLE, request=entry.ref, gate=LEAK.name, reason="known before"
    )
    said = f"leak: canary: known before (grace, {datetime.now(UTC).year}"
    review = review_of(chain, "shop:1", BUNDLE.digest)
    assert review.open == [] and review.accepted[0].startswith(said) and len(review.accepted[0]) == len(said) + 7
    approval = approve(chain, project(), "shop:1", BUNDLE.digest, by="grace", note="fine")
    assert (approval.actor, approval.subject) == ("grace", "model/shop:1")
    assert approval.payload == ReviewApproved(
        model="shop:1", bundle=BUNDLE, request=entry.ref, note="fine", signatures=()
    )
    assert review_of(chain, "shop:1", OTHER.digest) == Review("shop:1", "not requested", "", "", [])
    assert review_of(chain, "shop:2", BUNDLE.digest) == Review("shop:2", "not requested", "", "", [])


def test_of_two_approvals_the_newest_is_told(chain: Chain) -> None:
    both = ProjectSpec(
        project="shop", brief=Brief(people=People(owner="ada", reviewers=("grace", "lin"))),
        sources=project().sources, predict=project().predict,
    )  # fmt: skip
    request_review(chain, "shop:1", gates(), BUNDLE)
    approve(chain, both, "shop:1", BUNDLE.digest, by="grace")
    approve(chain, both, "shop:1", BUNDLE.digest, by="lin")
    assert review_of(chain, "shop:1", BUNDLE.digest).approved_by == "lin"


def test_an_answer_of_who_asked_or_to_a_gate_of_the_brief_counts_for_nothing(chain: Chain) -> None:
    """Even one that somebody wrote past `accept`: what is in the record is asked again."""
    failing = [Gate("recall", 0.5, 0.4, False, "recall"), FLAGGED]
    entry = request_review(chain, "shop:1", failing, BUNDLE)
    for actor, gate, bundle in (
        ("grace", "recall", BUNDLE), ("ada", LEAK.name, BUNDLE), ("grace", LEAK.name, OTHER),
    ):  # fmt: skip
        wrong = FindingAccepted(model="shop:1", bundle=bundle, request=entry.ref, gate=gate, reason="x")
        chain.acting(actor).append(wrong, "model/shop:1")
    with chain.reading() as reader:
        assert unmet(reader, entry) == failing


def test_a_finding_that_does_not_stand_in_the_way_is_not_accepted(chain: Chain) -> None:
    held = Gate("leak: mended", 0.0, None, True, "", acceptable=True)
    request_review(chain, "shop:1", [held], BUNDLE)
    with pytest.raises(GateError) as refused:
        accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate=held.name, reason="x")
    assert refused.value.what == "shop:1 has no finding 'leak: mended' to accept"
    assert (refused.value.where, refused.value.mend) == ("--finding", "no finding stands in its way")


def test_who_may_not_review_is_told_who_may(chain: Chain) -> None:
    nobody = ProjectSpec(
        project="shop", brief=Brief(people=People(owner="ada")),
        sources=project().sources, predict=project().predict,
    )  # fmt: skip
    with pytest.raises(GateError) as unasked:
        approve(chain, project(), "shop:1", BUNDLE.digest, by="grace")
    assert unasked.value.what == f"nobody has asked for a release of shop:1 ({'b' * 12}…)"
    assert (unasked.value.where, unasked.value.mend) == ("shop:1", "run the project first")
    request_review(chain, "shop:1", [*gates(), FLAGGED], BUNDLE)
    with pytest.raises(GateError) as unreasoned:
        accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason=" ")
    assert (unreasoned.value.what, unreasoned.value.where, unreasoned.value.mend) == (
        "an answer needs a reason", "--because", "say why it may be released all the same",
    )  # fmt: skip
    request_review(chain, "shop:1", gates(), OTHER)
    for spec, by, what, where, mend in (
        (project(), "eve", "eve is no reviewer of shop", "--as", "reviewers: grace, ada"),
        (nobody, "grace", "grace is no reviewer of shop", "--as", "reviewers: none are named in the brief"),
        (project(), "ada", "ada asked for this release and so may not approve it", "--as",
         "another reviewer must approve it"),
        (project(), POLICY, "this project's brief lets no policy approve", "brief.people.approve",
         "ask one of: grace, ada"),
    ):  # fmt: skip
        with pytest.raises(AccessError) as refused:
            approve(chain, spec, "shop:1", OTHER.digest, by=by)
        assert (refused.value.what, refused.value.where, refused.value.mend) == (what, where, mend)


def test_a_persons_token_makes_nobody_else_a_requester(chain: Chain) -> None:
    made = TokenMade(token="1", project="shop", holder="person", name="ci", scopes=(), digest="0", expires="2030-01-01")
    chain.acting("grace").append(made, "token/1")
    with chain.reading() as reader:
        assert requesters(reader, "service:ci") == {"service:ci"}
        assert requesters(reader, "person:ci") == {"person:ci"}
    request_review(chain.acting("service:ci"), "shop:1", gates(), BUNDLE)
    assert approve(chain, project(), "shop:1", BUNDLE.digest, by="grace").actor == "grace"


def test_findings_and_reviews_cannot_be_changed_in_place() -> None:
    for thing, name in ((Finding("a", "b"), "text"), (Review("m", "s", "", "", []), "status")):
        with pytest.raises(AttributeError):
            setattr(thing, name, "x")


def test_what_cures_decisions_that_save_nothing() -> None:
    gate = Gate(NO_SAVING, 0.0, None, False, "a decision costs 1 EUR", acceptable=True)
    assert "correct brief.mistakes" in cure_of(gate) and place_of(gate) == ""
    assert '--finding "no_saving"' in mend_of(gate, "shop:1")
