"""The option that those who decide have chosen holds later versions, and those that wait, until it is opened again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from treadle.errors import DecisionError, GateError
from treadle.evidence import Chain
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.options_offered import Offered, OptionsOffered
from treadle.evidence.kinds.review_requested import Gate
from treadle.money import money
from treadle.people import approve, mend_of, place_of, request_review, review_of
from treadle.people.chosen import CHOSEN, Choice, chosen_gate, measures, standing_choice
from treadle.people.deciding import close_decision, open_with_offer, review_decision
from treadle.spec import Brief, People, Predict, ProjectSpec, Source
from treadle.store import Blob

TODAY = date(2026, 11, 28)
SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada", reviewers=("grace",))),
    sources={"s": Source(read="s.csv")},
    predict=Predict(name="y", each="s", label="y"),
)
BUNDLE = Blob("b" * 64, "bundle")
GOOD = Offered(name="good", text="", model="shop:1", metric="recall", reaches=0.6, a_month=money(5, "EUR"))
CHEAP = Offered(name="cheap", text="", model="shop:1", metric="log_loss", reaches=0.4)
AS_IT_IS = Offered(name="as-it-is", text="")


def at(chain: Chain, actor: str = "ada", hours: int = 0) -> Chain:
    return replace(chain, actor=actor, clock=lambda: datetime(2026, 11, 28, 9, tzinfo=UTC) + timedelta(hours=hours))


def offered(chain: Chain, name: str, target: str = "shop") -> None:
    offer = OptionsOffered(decision=name, target=target, page=Blob("d" * 64, "page"), options=(GOOD, CHEAP, AS_IT_IS))
    asked = DecisionOpened(
        decision=name, question="How?", options=tuple(Option(each.name) for each in offer.options), decides="ada"
    )
    open_with_offer(at(chain), SPEC, asked, offer, TODAY)


def choose(chain: Chain, name: str, option: str, hours: int = 1) -> None:
    close_decision(at(chain, hours=hours), name, option, "reasons", (), TODAY)


def stands(chain: Chain, target: str = "shop") -> Choice | None:
    with chain.reading() as reader:
        return standing_choice(reader, target)


def test_a_choice_stands_until_its_question_is_opened_again(chain: Chain) -> None:
    assert stands(chain) is None
    offered(chain, "first")
    assert stands(chain) is None, "nobody has chosen yet"
    choose(chain, "first", "good")
    found = stands(chain)
    assert found is not None and (found.decision, found.option, found.by) == ("first", GOOD, "ada")
    assert stands(chain, "shop.other") is None, "it is of the versions of one target"
    offered(chain, "second")
    assert stands(chain) == found, "a question that is open changes nothing"
    choose(chain, "second", "as-it-is", hours=2)
    assert stands(chain).option == AS_IT_IS, "the newest choice counts"
    review_decision(at(chain, hours=3), "second", holds=False, because="no", review="", today=TODAY)
    assert stands(chain) == found, "and once it is undone the one before it"
    review_decision(at(chain, hours=4), "first", holds=False, because="no", review="", today=TODAY)
    assert stands(chain) is None


def test_what_is_refused_leaves_no_offer(chain: Chain) -> None:
    offered(chain, "first")
    before = len(chain.find())
    for name in ("first", "No Name"):
        with pytest.raises(DecisionError):
            offered(chain, name)
    assert len(chain.find()) == before


def test_the_gate_of_a_choice_by_either_way_of_a_metric() -> None:
    good, cheap, none = (Choice("d", option, "ada", "") for option in (GOOD, CHEAP, AS_IT_IS))
    assert chosen_gate(good, {"recall": 0.6}).holds and not chosen_gate(good, {"recall": 0.59}).holds
    assert chosen_gate(cheap, {"log_loss": 0.4}).holds and not chosen_gate(cheap, {"log_loss": 0.41}).holds
    missing = chosen_gate(good, {"precision": 0.9})
    assert not missing.holds and "not measured, must be at least 0.6000: ada chose good in decision/d" in missing.text
    assert chosen_gate(none, {"recall": 0.0}) is None
    assert place_of(missing) == "" and "decide review" in mend_of(missing, "shop:1")


def test_a_gate_of_another_metric_with_the_same_limit_measures_no_choice() -> None:
    gate = chosen_gate(Choice("d", CHEAP, "ada", ""), {"log_loss": 0.3})
    other = msgspec.structs.replace(CHEAP, name="good", metric="recall")
    assert gate.limit == other.reaches and measures(gate, CHEAP) and not measures(gate, other)
    assert not measures(msgspec.structs.replace(gate, name="log_loss"), CHEAP)


def waiting(chain: Chain, recall: float, *gates: Gate) -> None:
    packed = ModelPacked(
        model="shop:2", bundle=BUNDLE, family="linear", metric="recall", value=recall, low=None, high=None, mb=1.0,
        p99_ms=1.0,
    )  # fmt: skip
    at(chain).append(packed, "shop")
    request_review(at(chain), "shop:2", gates, BUNDLE)


def test_a_version_that_waits_since_before_the_choice_is_held_to_it(chain: Chain) -> None:
    waiting(chain, 0.55)
    assert review_of(chain, "shop:2", BUNDLE.digest).open == []
    offered(chain, "first")
    choose(chain, "first", "good")
    assert [gate.name for gate in review_of(chain, "shop:2", BUNDLE.digest).open] == [CHOSEN]
    with pytest.raises(GateError, match="ada chose good in decision/first"):
        approve(at(chain, "grace"), SPEC, "shop:2", BUNDLE.digest, by="grace")
    review_decision(at(chain, hours=3), "first", holds=False, because="no", review="", today=TODAY)
    approve(at(chain, "grace", hours=4), SPEC, "shop:2", BUNDLE.digest, by="grace")


def test_a_version_that_reaches_it_is_approved_and_what_is_approved_stays_so(chain: Chain) -> None:
    waiting(chain, 0.7)
    offered(chain, "first")
    choose(chain, "first", "good")
    approve(at(chain, "grace", hours=2), SPEC, "shop:2", BUNDLE.digest, by="grace")
    offered(chain, "second")
    choose(chain, "second", "cheap", hours=3)
    assert review_of(chain, "shop:2", BUNDLE.digest).open == []
