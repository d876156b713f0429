"""Each measure of what could be saved, and each verdict on what was, worked by hand; warnings of what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from test_measured_workload import packed

from treadle.costs import trend
from treadle.costs.booking import Booked, book
from treadle.errors import SpecError
from treadle.evidence import Price, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.evidence.kinds.saving_chosen import SavingChosen
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed, Seen
from treadle.money import money
from treadle.people import chosen
from treadle.plans import choosing, measures, savings, worth
from treadle.plans.booked import booked_a_month
from treadle.plans.found import Workload
from treadle.plans.measures import Measured, Window, late_search, newer_version, unread_snapshots, worn_model
from treadle.plans.savings import review
from treadle.plans.savings_found import Proposal
from treadle.plans.standing import warnings_of
from treadle.plans.worth_found import WorthDay
from treadle.store import Blob
from treadle.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = Window(30, "2026-11-20")
A_MONTH = 30.4375


@pytest.fixture
def shop_at(workspace: Workspace) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))


def back(workspace: Workspace, days: float) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW - timedelta(days=days)))


def searched(workspace: Workspace, days: float, paid: str, *values: float) -> None:
    """A search so many days ago, one second a trial."""
    trials = tuple(TrialLine(n, "linear", {}, (value,), value, 1.0, "complete") for n, value in enumerate(values))
    said = ModelsSearched(found=Blob("c" * 64, "found"), metric="roc_auc", family="linear", value=1.0, stopped="",
                          trials=trials)  # fmt: skip
    price = Price(money(paid, "USD"), "book 2026-11-01")
    with back(workspace, days).chain.alone() as alone:
        alone.write(
            Body(seq=0, id="", kind=ModelsSearched.KIND, version=2, subject="shop", run="r", time="", actor="ada",
                 status="done", usage=Usage(seconds=4.0), price=price, payload=raw(said))
        )  # fmt: skip


def test_what_searches_cost_after_their_best_trial_of_the_days_that_are_looked_at(shop_at: Workspace):
    """Of 8 three quarters came after the best of four, of 4 nothing; what was 60 days ago is not looked at."""
    searched(shop_at, 60, "100", 0.9, 0.1)
    searched(shop_at, 9, "8", 0.9, 0.5, 0.6, 0.7)
    searched(shop_at, 8, "4", 0.1, 0.9)
    found = late_search(shop_at, WINDOW)
    assert float(found.now) == pytest.approx(12 / 30 * A_MONTH)
    assert float(found.proposal.expected) == pytest.approx(6 / 30 * A_MONTH)
    assert found.proposal.why.startswith("50% of what 2 searches cost")


@pytest.mark.parametrize(
    ("verdict", "then", "less"),
    [("better", Decimal(40), Decimal(60)), ("better", None, None), ("same", Decimal(40), "none"), (None, None, "none")],
)
def test_a_newer_version_is_proposed_where_it_is_better_beyond_noise(
    shop_at: Workspace, monkeypatch: pytest.MonkeyPatch, verdict: str | None, then: Decimal | None, less: Any
):
    for number in (1, 2):
        shop_at.chain.append(packed(shop_at, number, 10.0, 0.8), "shop")
    monkeypatch.setattr(Workspace, "released", property(lambda self: SimpleNamespace(model="shop:1")))
    over = None if verdict is None else SimpleNamespace(verdict=verdict, said="by 0.1")

    def judged(reader: object, workspace: object, packing: Any) -> Any:
        cost = Decimal(100) if packing.payload.model == "shop:1" else then
        return SimpleNamespace(evaluation=SimpleNamespace(over_served=over), cost=cost)

    monkeypatch.setattr(choosing, "judged_of", judged)
    monkeypatch.setattr(measures, "_decisions", lambda *given: (1000.0, ""))
    monkeypatch.setattr(measures, "_mistakes", lambda found, *given: found.cost)
    found = newer_version(shop_at, WINDOW)
    assert found.now == 100
    if less == "none":
        assert found.proposal is None
    else:
        assert found.proposal is not None and found.proposal.text == "Release shop:2"
        assert (found.proposal.expected, found.proposal.why) == (less, "by 0.1")


@pytest.mark.parametrize(
    ("value", "now", "proposed"),
    [
        (lambda n: 10 - n / 10, 100.0, True),  # from 9.8 to 8.8 a decision, of 100 decisions
        (lambda n: 10 + n / 10, 0.0, False),
        (lambda n: 10 - n / 10 + (4, -4, 3, -3, 5, -5)[n % 6], None, False),  # it falls, but by no more than chance
    ],
)
def test_a_model_is_worn_where_what_it_saves_falls_from_day_to_day(
    shop_at: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    value: Callable[[int], float],
    now: float | None,
    proposed: bool,
):
    def days(several: int) -> Any:
        made = [WorthDay(f"2026-11-{n + 1:02d}", 10, Decimal(str(round(value(n) * 10, 6))), Decimal(0), Decimal(0))
                for n in range(several)]  # fmt: skip
        return SimpleNamespace(
            days=[*made, WorthDay("2026-11-19", 0, Decimal(0), Decimal(0), Decimal(0))], currency="USD"
        )

    monkeypatch.setattr(measures, "_decisions", lambda *given: (100.0, ""))
    monkeypatch.setattr(worth, "worth_of", lambda workspace: days(15))
    found = worn_model(shop_at, WINDOW)
    assert now is None or float(found.now) == pytest.approx(now)
    assert (found.proposal is not None) == proposed
    if found.proposal is not None:
        assert found.proposal.expected == found.now and "saves 0.1000" in found.proposal.why
    monkeypatch.setattr(worth, "worth_of", lambda workspace: days(13))
    with pytest.raises(SpecError, match="13 days with outcomes are too few"):
        worn_model(shop_at, WINDOW)


@pytest.mark.parametrize(("order", "expected"), [((3, 9), 6), ((9, 3), None)])
def test_to_serve_otherwise_is_proposed_where_to_be_always_on_is_not_the_cheapest(
    shop_at: Workspace, monkeypatch: pytest.MonkeyPatch, order: tuple[int, int], expected: int | None
):
    several = [SimpleNamespace(name=name, how="", monthly=Decimal(paid))
               for name, paid in zip(("on demand", "always on"), order, strict=True)]  # fmt: skip
    options = sorted(several, key=lambda each: each.monthly)
    workload = Workload("2026-11-01", "2026-11-20", 20, None, cast(Any, object()), (), 1)
    monkeypatch.setattr(measures, "measure", lambda *given: workload)
    monkeypatch.setattr(measures, "parts_of", lambda *given: [SimpleNamespace(options=options)])
    found = measures.serving(shop_at, WINDOW)
    assert (None if found.proposal is None else found.proposal.expected) == expected


def test_snapshots_alone_are_counted_of_what_is_idle(shop_at: Workspace, monkeypatch: pytest.MonkeyPatch):
    things = [SimpleNamespace(what=what, a_day=Decimal(n)) for what, n in (("snapshot", 1), ("endpoint", 5))]
    monkeypatch.setattr(measures, "idle", lambda workspace, days: SimpleNamespace(things=things))
    found = unread_snapshots(shop_at, WINDOW)
    assert float(found.now) == A_MONTH and found.proposal.why.startswith("1 snapshot ")


def test_a_month_of_what_was_booked_is_of_the_days_that_are_asked_about(shop_at: Workspace):
    """10 on the 19th and 20 on the 20th are 1 a day of 30; other days, categories and currencies are in no sum."""

    def booked(day: str, amount: int, category: str = "people", currency: str = "USD") -> None:
        said = CostBooked(category=category, text="x", day=day)
        book(shop_at.chain, "shop", Booked(said, money(amount, currency)))

    with shop_at.chain.reading() as reader:
        assert booked_a_month(reader, shop_at, "people", 30) is None
    booked("2026-10-01", 500)
    booked("2026-11-19", 10)
    booked("2026-11-20", 20)
    booked("2026-11-21", 500)
    booked("2026-11-10", 500, "infrastructure")
    booked("2026-11-10", 500, currency="XTS")
    with shop_at.chain.reading() as reader:
        assert float(booked_a_month(reader, shop_at, "people", 30)) == pytest.approx(A_MONTH)
        assert float(booked_a_month(reader, shop_at, "people", 1)) == pytest.approx(20 * A_MONTH)
        assert float(booked_a_month(reader, shop_at, "infrastructure", 30)) == pytest.approx(500 / 30 * A_MONTH)


def test_hours_booked_in_a_young_record_are_of_its_own_days_and_a_bill_is_of_a_month(shop_at: Workspace):
    """40 of hours in four days, from the first booking on, are 10 a day; a bill of 60 is 2 a day of 30."""
    for day, amount, unit in (("2026-11-17", 30, "hours"), ("2026-11-20", 10, "hours"), ("2026-11-18", 60, "")):
        quantity = Decimal(1) if unit else None
        said = CostBooked(category="people", text="x", day=day, quantity=quantity, unit=unit)
        book(shop_at.chain, "shop", Booked(said, money(amount, "USD")))
    with shop_at.chain.reading() as reader:
        assert float(booked_a_month(reader, shop_at, "people", 30)) == pytest.approx(12 * A_MONTH)


@pytest.mark.parametrize(
    ("achieved", "expected", "same_day", "paid", "today", "verdict"),
    [
        ("1", "10", False, False, "2026-11-20", "not seen yet"),  # a tenth may be chance
        ("1.01", "10", False, False, "2026-11-20", "pays"),
        ("1.01", None, True, True, "2026-12-20", "pays"),
        ("0.0000001", None, False, False, "2026-11-20", "not seen yet"),
        ("0", "10", True, True, "2026-11-20", "no longer pays"),
        ("-5", "10", True, False, "2026-11-20", "too early"),
        ("0", "10", False, False, "2026-12-19", "not seen yet"),
        ("0", "10", False, False, "2026-12-20", "does not pay"),  # its day has come
        (None, "10", False, True, "2026-12-20", "not measured"),
    ],
)
def test_a_verdict_on_what_was_chosen(
    achieved: str | None, expected: str | None, same_day: bool, paid: bool, today: str, verdict: str
):
    given = [None if each is None else Decimal(each) for each in (achieved, expected)]
    found = savings._verdict(*given, same_day, paid, date.fromisoformat(today), "2026-12-20")
    assert found[0] == verdict


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures that stay as they are, and of which each is proposed."""
    offers = {"little": Decimal(1), "much": Decimal(5), "untold": None}

    def measure(name: str, worth: Decimal | None) -> Callable[..., Measured]:
        return lambda *given: Measured(Decimal(9), Proposal(name, name, Decimal(9), worth, "", ""))

    made = {name: measure(name, worth) for name, worth in offers.items()}
    monkeypatch.setattr(savings, "MEASURES", made)


@pytest.mark.usefixtures("flat")
def test_the_greatest_saving_is_proposed_first_and_what_is_untold_last(shop_at: Workspace):
    assert [each.name for each in review(shop_at, WINDOW).proposals] == ["much", "little", "untold"]


@pytest.mark.usefixtures("flat")
def test_that_it_paid_counts_once_it_was_chosen_and_where_anything_was_achieved(shop_at: Workspace):
    def seen(days: float, achieved: int) -> None:
        said = Seen(saving="much", expected=None, achieved=money(achieved, "USD"), verdict="pays")
        made = SavingsReviewed(seen=(said,), offers=(), warnings=(), due="2026-12-20", rests=())
        back(shop_at, days).chain.append(made, "saving/shop")

    seen(9, 5)
    was = SavingChosen(saving="much", text="much", was=money(9, "USD"), review="2026-12-20", because="y")
    back(shop_at, 8).chain.append(was, "saving/shop")
    assert review(shop_at, WINDOW).followed[0].verdict == "not seen yet", "that was of a choice before"
    seen(7, 0)
    assert review(shop_at, WINDOW).followed[0].verdict == "not seen yet", "nothing was achieved"
    seen(6, 1)
    found = review(shop_at, WINDOW)
    assert found.followed[0].verdict == "no longer pays" and len(found.warnings) == 1
    assert "much" not in [each.name for each in found.proposals]


@pytest.mark.parametrize(("low", "told"), [(100.0, False), (100.01, True)])
def test_an_option_that_was_chosen_is_warned_of_once_the_month_surely_costs_more(
    shop_at: Workspace, monkeypatch: pytest.MonkeyPatch, low: float, told: bool
):
    ahead = SimpleNamespace(amount=Decimal(150), low=Decimal(str(low)), high=Decimal(200))
    option = SimpleNamespace(name="cheap", a_month=money(100, "USD"))
    choice = SimpleNamespace(decision="way", option=option, by="ada", time="2026-11-01")
    monkeypatch.setattr(chosen, "standing_choice", lambda *given: choice)
    monkeypatch.setattr(trend, "of_machines", lambda *given: ahead)
    said = warnings_of(shop_at, WINDOW)
    wanted = "cheap, chosen by ada in decision/way, was to cost 100.00 at the most on machines, and these will come to "
    wanted += "150.00"
    assert [each.split(" (")[0] for each in said] == [wanted] * told
