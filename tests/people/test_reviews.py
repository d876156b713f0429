"""Gates, requests and approvals: of one bundle, by two people, with every finding answered for."""

from __future__ import annotations

import pytest

from treadle.access import authorise, resource_of
from treadle.errors import AccessError, GateError
from treadle.evidence import Chain
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.token_made import TokenMade
from treadle.money import money, rates_of
from treadle.people import POLICY, Finding, Gain, Gate, accept, approve, gates_of, request_review, requesters, review_of
from treadle.principal import person
from treadle.spec import Brief, Limits, Mistakes, People, Predict, ProjectSpec, Source
from treadle.store import Blob

BUNDLE, OTHER = Blob("b" * 64, "bundle"), Blob("c" * 64, "bundle")
NO_RATES = rates_of("USD", "2026-11-01", {})


def project(approval: str = "reviewer") -> ProjectSpec:
    return ProjectSpec(
        project="shop",
        brief=Brief(
            people=People(owner="ada", reviewers=("grace", "ada"), approve=approval),
            must_have={"average_precision": 0.4, "log_loss": 0.7},
            limits=Limits(bundle_mb=5),
        ),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", label="y"),
    )


def gates(
    ap: float = 0.5, loss: float = 0.6, mb: float = 1.0, real: bool = True, *findings: Finding, why: str = ""
) -> list[Gate]:
    return gates_of(
        project().brief,
        {"average_precision": ap, "log_loss": loss},
        gain=Gain(real, why),
        spent=[],
        rates=NO_RATES,
        train_minutes=1.0,
        bundle_mb=mb,
        p99_ms=None,
        findings=findings,
    )


def limited(limits: Limits, currency: str = "USD", **measured: object) -> list[Gate]:
    given = {"spent": [], "rates": NO_RATES, "train_minutes": 0.0, "bundle_mb": 0.0, "p99_ms": None} | measured
    brief = Brief(people=People(owner="a"), limits=limits, mistakes=Mistakes(currency=currency))
    return gates_of(brief, {}, gain=Gain(True), **given)[1:]


def test_each_gate_of_the_brief_is_measured() -> None:
    assert [g.name for g in gates()] == [
        "gain over the trivial baseline", "average_precision", "log_loss", "bundle_mb",
    ]  # fmt: skip
    assert all(gate.holds for gate in gates())
    assert [g.name for g in gates(ap=0.3) if not g.holds] == ["average_precision"]
    assert [g.name for g in gates(loss=0.71) if not g.holds] == ["log_loss"], "here lower is better"
    assert [g.name for g in gates(mb=6.0) if not g.holds] == ["bundle_mb"]
    assert [g.name for g in gates(real=False) if not g.holds] == ["gain over the trivial baseline"]


def test_a_limit_holds_up_to_itself() -> None:
    assert all(g.holds for g in gates(ap=0.4, loss=0.7, mb=5.0))
    (minutes,) = limited(Limits(train_minutes=2), train_minutes=2.0)
    (late,) = limited(Limits(train_minutes=2), train_minutes=2.01)
    assert minutes.holds and not late.holds and late.found == 2.01


def test_an_unmeasured_gate_does_not_hold() -> None:
    brief = Brief(people=People(owner="a"), must_have={"recall": 0.5}, limits=Limits(p99_ms=5))
    found = gates_of(brief, {}, gain=Gain(True), spent=[], rates=NO_RATES, train_minutes=0, bundle_mb=0, p99_ms=None)
    assert [g.name for g in found if not g.holds] == ["recall", "p99_ms"]
    assert "not measured" in found[1].text


def test_money_is_held_to_its_limit_in_the_currency_of_the_brief() -> None:
    (held,) = limited(Limits(train_cost=1.0), spent=[money(1, "USD")])
    (over,) = limited(Limits(train_cost=1.0), spent=[money("1.01", "USD")])
    assert held.holds and not over.holds and over.spent == money("1.01", "USD")
    (nothing,) = limited(Limits(train_cost=1.0), spent=[])
    assert nothing.holds and nothing.found == 0


def test_a_book_in_another_currency_is_converted_by_its_rate_or_holds_no_gate() -> None:
    """120 JPY once passed a gate of 200 USD, and 300 JPY failed one of 200."""
    (refused,) = limited(Limits(train_cost=200.0), spent=[money(120, "JPY")], rates=rates_of("JPY", "2026-11-01", {}))
    assert not refused.holds and "cannot be held against 200 USD: there is no rate" in refused.text
    rates = rates_of("JPY", "2026-11-01", {"USD": 0.0066})
    (held,) = limited(Limits(train_cost=2.0), spent=[money(300, "JPY")], rates=rates)
    assert held.holds and held.found == pytest.approx(1.98) and "rate of 2026-11-01" in held.text
    (over,) = limited(Limits(train_cost=1.9), spent=[money(300, "JPY")], rates=rates)
    assert not over.holds


def test_a_reviewer_who_is_not_the_requester_approves(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(), BUNDLE)
    assert review_of(chain, "shop:1", BUNDLE.digest).status == "waiting for review"
    with pytest.raises(AccessError, match="asked for this release"):
        approve(chain, project(), "shop:1", BUNDLE.digest, by="ada")
    with pytest.raises(AccessError, match="no reviewer"):
        approve(chain, project(), "shop:1", BUNDLE.digest, by="eve")
    with pytest.raises(AccessError, match="lets no policy approve"):
        approve(chain, project(), "shop:1", BUNDLE.digest, by=POLICY)
    assert chain.find(ReviewApproved) == []
    approve(chain, project(), "shop:1", BUNDLE.digest, by="grace", note="fine")
    review = review_of(chain, "shop:1", BUNDLE.digest)
    assert (review.status, review.requested_by, review.approved_by) == ("approved", "ada", "grace")
    assert chain.last(ReviewApproved).payload.note == "fine"


def test_a_request_and_an_approval_are_of_one_bundle(chain: Chain) -> None:
    """Two packings had one name, and one's approval released the other."""
    request_review(chain, "shop:1", gates(), BUNDLE)
    request_review(chain, "shop:1", gates(ap=0.1), OTHER)
    approve(chain, project(), "shop:1", BUNDLE.digest, by="grace")
    assert review_of(chain, "shop:1", OTHER.digest).status == "waiting for review"
    with pytest.raises(GateError, match="must be at least"):
        approve(chain, project(), "shop:1", OTHER.digest, by="grace")
    assert review_of(chain, "shop:1", "d" * 64).status == "not requested"


def test_a_second_request_for_one_bundle_is_the_first(chain: Chain) -> None:
    first = request_review(chain, "shop:1", gates(), BUNDLE)
    assert request_review(chain, "shop:1", gates(ap=0.9), BUNDLE) == first
    assert len(chain.find(ReviewRequested)) == 1


def test_nothing_is_approved_while_a_gate_fails_or_before_a_request(chain: Chain) -> None:
    with pytest.raises(GateError, match="nobody has asked"):
        approve(chain, project("policy"), "shop:1", BUNDLE.digest, by=POLICY)
    request_review(chain, "shop:1", gates(ap=0.1), BUNDLE)
    with pytest.raises(GateError, match=r"must be at least 0\.4"):
        approve(chain, project("policy"), "shop:1", BUNDLE.digest, by=POLICY)


def test_the_policy_approves_under_its_own_name(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(), BUNDLE)
    assert approve(chain, project("policy"), "shop:1", BUNDLE.digest, by=POLICY).actor == POLICY


LEAK = Finding("leak: canary", "canary alone tells the label (AUC 0.9987)")


def test_a_finding_is_a_gate_that_a_named_reviewer_may_answer_for(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(0.5, 0.6, 1.0, True, LEAK), BUNDLE)
    with pytest.raises(GateError, match="canary alone") as refused:
        approve(chain, project(), "shop:1", BUNDLE.digest, by="grace")
    assert "models accept" in refused.value.mend
    grace = chain.acting("grace")
    with pytest.raises(AccessError, match="asked for this release"):
        accept(chain, project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="mine")
    with pytest.raises(AccessError, match="no reviewer"):
        accept(chain.acting("eve"), project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="x")
    with pytest.raises(GateError, match="needs a reason"):
        accept(grace, project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="  ")
    with pytest.raises(GateError, match="no finding 'average_precision'"):
        accept(grace, project(), "shop:1", BUNDLE.digest, gate="average_precision", reason="x")
    accept(grace, project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="known a day before")
    review = review_of(chain, "shop:1", BUNDLE.digest)
    assert review.accepted[0].startswith("leak: canary: known a day before (grace, ")
    assert approve(chain, project(), "shop:1", BUNDLE.digest, by="grace").actor == "grace"


def test_an_answer_is_for_one_bundle_and_one_finding(chain: Chain) -> None:
    second = Finding("leak: other", "another")
    request_review(chain, "shop:1", gates(0.5, 0.6, 1.0, True, LEAK, second), BUNDLE)
    request_review(chain, "shop:1", gates(0.5, 0.6, 1.0, True, LEAK), OTHER)
    accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate=LEAK.name, reason="x")
    for bundle in (BUNDLE, OTHER):
        with pytest.raises(GateError):
            approve(chain, project(), "shop:1", bundle.digest, by="grace")


def test_a_gate_of_the_brief_cannot_be_accepted_away(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(0.1, 0.6, 1.0, True, LEAK), BUNDLE)
    with pytest.raises(GateError, match="no finding"):
        accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate="average_precision", reason="x")


def test_a_stranger_may_do_nothing() -> None:
    with pytest.raises(AccessError, match="eve may not run"):
        authorise(person("eve"), "run", "run", resource_of(project(), "project"))
    authorise(person("ada"), "release", "release", resource_of(project(), "project"))


@pytest.mark.parametrize(("real", "words"), [(True, "is real"), (False, "is inside the noise")])
def test_the_gate_of_the_gain_says_what_was_found(real: bool, words: str) -> None:
    first = gates(real=real)[0]
    assert first.holds == real and first.text.endswith(words)


def test_a_gain_without_an_interval_is_answered_for_by_argument(chain: Chain) -> None:
    why = "6 days are needed, 4 there"
    asked = gates(real=False, why=why)
    assert asked[0].text.endswith(f"cannot be told from noise: {why}") and asked[0].acceptable and not asked[0].holds
    request_review(chain, "shop:1", asked, BUNDLE)
    with pytest.raises(GateError, match=why):
        approve(chain, project(), "shop:1", BUNDLE.digest, by="grace")
    accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate=asked[0].name, reason="a week's pilot")
    assert approve(chain, project(), "shop:1", BUNDLE.digest, by="grace").actor == "grace"


def test_a_gain_inside_the_noise_is_answered_for_by_nobody(chain: Chain) -> None:
    asked = gates(real=False)
    assert not asked[0].acceptable
    request_review(chain, "shop:1", asked, BUNDLE)
    with pytest.raises(GateError, match="no finding"):
        accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate=asked[0].name, reason="x")


def test_a_gate_of_money_without_a_rate_has_its_name_and_limit() -> None:
    (refused,) = limited(Limits(train_cost=200.0), spent=[money(120, "JPY")], rates=rates_of("JPY", "2026-11-01", {}))
    assert (refused.name, refused.limit, refused.found) == ("train_cost", 200.0, None)


def test_a_finding_that_is_named_wrongly_is_pointed_out(chain: Chain) -> None:
    request_review(chain, "shop:1", gates(0.5, 0.6, 1.0, True, LEAK), BUNDLE)
    with pytest.raises(GateError) as refused:
        accept(chain.acting("grace"), project(), "shop:1", BUNDLE.digest, gate="leak: cannary", reason="known before")
    assert LEAK.name in refused.value.mend


def test_who_gave_a_service_its_token_asked_for_what_it_asks(chain: Chain) -> None:
    """An owner let a service of theirs run, and approved what it had asked for."""
    made = TokenMade(
        token="1", project="shop", holder="service", name="ci", scopes=("write",), digest="0", expires="2030-01-01"
    )
    chain.acting("grace").append(made, "token/1")
    request_review(chain.acting("service:ci"), "shop:1", gates(0.9, 0.6, 1.0, True), BUNDLE)
    with pytest.raises(AccessError, match="gave a service the token"):
        approve(chain, project(), "shop:1", BUNDLE.digest, by="grace")
    with chain.reading() as reader:
        assert requesters(reader, "service:ci") == {"service:ci", "grace"}
        assert requesters(reader, "service:other") == {"service:other"} and requesters(reader, "ada") == {"ada"}
