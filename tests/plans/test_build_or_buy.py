"""Build or buy by hand: what each way costs a month, which is advised, and what would turn it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from test_measured_workload import TODAY, ask, packed, write

from treadle.costs.booking import Booked, book
from treadle.costs.prices import PriceBook
from treadle.evidence import Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.models.registry import find
from treadle.money import money, rates_of
from treadle.plans import buying
from treadle.plans.buying import Bought, weigh
from treadle.plans.buying_found import BuildOrBuy
from treadle.plans.found import Job, Load, Workload
from treadle.scoring.bootstrap import Interval
from treadle.spec import Service
from treadle.spec.services import ServiceLeaving, ServicePrice
from treadle.store import Blob
from treadle.training.rivals import Compared, Pair, Scored
from treadle.workspace import Workspace

A_MONTH = 30.4375
CITED = {"source": "its page", "date": "2026-11-01"}


@pytest.fixture
def shop_at(workspace: Workspace) -> Workspace:
    """A version that nobody asked yet, by a book in dollars with a rate of euros."""
    usage = Usage(seconds=0.0, cpu_seconds=0.0, peak_mb=500.0)
    write(workspace, TODAY - timedelta(days=1), "r1", usage, packed(workspace, 1, 10.0, 0.8))
    rates = rates_of("USD", "2026-11-01", {"EUR": "0.8"})
    prices = PriceBook("t", "2026-11-01", rates, workspace.book.prices, "", "d")
    return replace(workspace, book=prices, chain=replace(workspace.chain, clock=lambda: TODAY))


def service(per_thousand: float = 2.0, **more: Any) -> Service:
    price = {"per_thousand": per_thousand, "currency": "USD", **CITED, **more}
    return Service(service="acme", answers="a.csv", price=ServicePrice(**price))


def scored(name: str, sort: Any, score: float, cost: float | None, **more: Any) -> Scored:
    given = {"seconds": None, "cpu_seconds": None, "p99_ms": None, **more}
    return Scored(name, sort, "", Interval(score, score - 0.1, score + 0.1),
                  None if cost is None else Interval(cost, cost * 0.5, cost * 2), **given)  # fmt: skip


def compared(
    *several: Scored, saves: tuple[float, float] | None = (0.0, 0.0), gain: float = 0.01, metric: str = "roc_auc"
) -> Compared:
    """`saves`: how far the ends of what the first saves lie from what it saves; `gain`: the low end of its gain."""
    pairs = tuple(
        Pair(one.name, other.name, Interval(0.05, gain, 0.1), _saves(one, other, saves))
        for number, one in enumerate(several) for other in several[number + 1 :]
    )  # fmt: skip
    return Compared(metric=metric, rows=98, drawn="rows", currency="USD", scored=several, pairs=pairs)


def _saves(one: Scored, other: Scored, ends: tuple[float, float] | None) -> Interval | None:
    if one.cost is None or other.cost is None:
        return None
    value = other.cost.value - one.cost.value
    return Interval(value, None, None) if ends is None else Interval(value, value + ends[0], value + ends[1])


def weighed(workspace: Workspace, found: Compared, *services: Service, a_month: float | None = 1000.0) -> BuildOrBuy:
    entry: Any = SimpleNamespace(payload=SimpleNamespace(model="shop:1", opened=1), seq=7)
    packing = find(workspace.chain, "shop", "1")
    return weigh(workspace, Bought(packing, entry, found, services, "2026-11-10", 30, 24, a_month), cached=False)


def booked(workspace: Workspace, amount: int) -> None:
    """So much in a month of hours of people, of the 30 days that are asked about."""
    said = CostBooked(category="people", text="x", day="2026-11-10")
    book(workspace.chain, "shop", Booked(said, money(Decimal(str(amount * 30 / A_MONTH)), "USD")))


def test_hours_of_people_are_of_all_but_a_service_and_what_is_paid_once_is_parted_over_the_months(shop_at: Workspace):
    booked(shop_at, 100)
    leaving = ServiceLeaving(cost=216, currency="USD", what="a key", **CITED)
    acme = Service(**{**asdict(service(a_month=10, setup=24)), "leaving": leaving})
    found = weighed(shop_at, compared(scored("shop:1", "own", 0.8, 0.5), scored("acme", "service", 0.7, 0.4)), acme)
    own, other = found.candidates
    assert float(own.people) == pytest.approx(100, abs=1e-4) and other.people is None
    assert float(own.total) == pytest.approx(600, abs=1e-4)
    assert (other.running, other.leaving, other.mistakes, other.best, other.worst) == (12, 216, 400, 200, 800)
    assert other.total == 12 + 400 + 10
    assert found.decisions == 1000 and not found.measured


def asdict(found: Service) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Service.__struct_fields__}


def test_money_of_another_currency_is_converted_and_without_a_rate_it_is_not_known(shop_at: Workspace):
    euro = float(shop_at.book.rates.convert(money(1, "EUR"), "USD").amount)
    assert euro != 1
    several = compared(scored("shop:1", "own", 0.8, 0.5), scored("acme", "service", 0.7, 0.4))
    found = weighed(shop_at, several, service(2.0, a_month=10, currency="EUR"))
    assert float(found.candidates[1].running) == pytest.approx(12 * euro)
    unknown = weighed(shop_at, several, service(2.0, currency="XTS"))
    assert unknown.candidates[1].total is None and any("what XTS is in USD" in each for each in unknown.unknown)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((-0.05, 0.1), "78.00 (28.00 to 178.00) less than shop:1"),
        (
            (-0.2, 0.1),
            "78.00 (-122.00 to 178.00) less than shop:1; the sealed rows do not tell the two apart, so where",
        ),
        ((0.0, 0.0), "78.00 less than shop:1"),
        (None, "78.00 less than shop:1; whether it is so on other rows is not known"),
    ],
)
def test_the_least_in_all_is_advised_with_what_the_rows_say_of_it(shop_at: Workspace, ends: Any, said: str):
    """Own: 0.5 x 1,000. The service: 0.4 x 1,000 and 2 + 20."""
    several = compared(scored("shop:1", "own", 0.8, 0.5), scored("acme", "service", 0.7, 0.4),
                       saves=None if ends is None else (-ends[1], -ends[0]))  # fmt: skip
    found = weighed(shop_at, several, service(2.0, a_month=20))
    assert found.advice.startswith(f"acme: 422.00 USD a month in all, {said}")
    assert ("do not tell" in found.advice) == (ends == (-0.2, 0.1))


def test_two_of_ours_that_are_not_told_apart_are_decided_by_what_is_simpler(shop_at: Workspace):
    several = compared(scored("shop:1", "own", 0.8, 0.5), scored("amount > 1", "rule", 0.7, 0.4), saves=(-0.9, 0.9))
    assert weighed(shop_at, several).advice.endswith("so what is simpler to keep may decide")


@pytest.mark.parametrize(
    ("own", "acme", "people", "price", "fixed", "turns"),
    [
        # 0.5 a decision against 20 and 0.402 a decision: alike at 20 / 0.098
        (0.5, 0.4, 0, 2.0, 20, ["204 decisions a month or fewer: then shop:1",
                                "a price of acme above 80.0000 USD for 1,000"]),
        # 100 and 0.3 against 0.35: alike at 100 / 0.05
        (0.3, 0.3, 100, 50.0, 0, ["2,000 decisions a month or more: then shop:1",
                                  "a price of acme above 100.0000 USD for 1,000"]),
        (0.5, 0.49, 0, 50.0, 0, ["a price of acme below 10.0000 USD for 1,000"]),
        (0.5, 0.6, 0, 2.0, 0, ["no price of acme: it is dearer even for nothing"]),
    ],
)  # fmt: skip
def test_what_would_turn_it(
    shop_at: Workspace, own: float, acme: float, people: int, price: float, fixed: float, turns: list[str]
):
    if people:
        booked(shop_at, people)
    several = compared(scored("shop:1", "own", 0.8, own), scored("acme", "service", 0.7, acme))
    assert weighed(shop_at, several, service(price, a_month=fixed)).turns == turns


def test_decisions_are_those_that_were_measured_or_those_that_are_given(shop_at: Workspace):
    """48 requests in 2 days, of which one is today."""
    ask(shop_at, *(TODAY.replace(day=9, hour=0) + timedelta(minutes=20 * n) for n in range(48)))
    several = compared(scored("shop:1", "own", 0.8, 0.5), scored("amount > 1", "rule", 0.7, 0.4))
    found = weighed(shop_at, several, a_month=None)
    assert found.measured and found.decisions == pytest.approx(24 * A_MONTH)
    assert float(found.candidates[0].mistakes) == pytest.approx(12 * A_MONTH)
    given = weighed(shop_at, several, a_month=1000.0)
    assert not given.measured and given.decisions == 1000 and given.candidates[0].mistakes == 500


@pytest.mark.parametrize(
    ("metric", "scores", "gain", "said"),
    [
        ("roc_auc", (0.8, 0.7), 0.01, "shop:1: the best roc_auc is that of shop:1;"),
        ("roc_auc", (0.8, 0.7), -0.01, "shop:1: the best roc_auc is that of shop:1, and none of 2 that are not"),
        ("log_loss", (0.8, 0.7), 0.01, "x > 1: the best log_loss is that of x > 1;"),
    ],
)
def test_without_the_money_of_mistakes_the_best_score_is_advised(
    shop_at: Workspace, metric: str, scores: tuple[float, float], gain: float, said: str
):
    several = [scored("shop:1", "own", scores[0], None), scored("x > 1", "rule", scores[1], None)]
    if metric == "log_loss":
        several = [several[1], several[0]]
    found = weighed(shop_at, compared(*several, gain=gain, metric=metric))
    assert found.advice.startswith(said) and found.turns == []


def test_a_library_is_fitted_in_place_of_searches_and_fits_and_a_rule_not_at_all(
    shop_at: Workspace, monkeypatch: pytest.MonkeyPatch
):
    """Of 2 hours of runs 1.5 were searches and fits, of which two were fits; the library's own takes 15 minutes."""
    seen: dict[float, Any] = {}
    job = Job(hours=(1.0, 1.0, 0.0), runs=2, run_s=3600.0, cpus=1.5, peak_mb=2000.0)
    load = Load(requests=(10,), minutes=((1,),), awake=(1.0,), wakes=(1,), busy_s=0.5, peak_mb=1.0, model="shop:1")
    workload = Workload("2026-11-08", "2026-11-10", 3, job, load, (), 1)
    monkeypatch.setattr(buying, "measure", lambda *given: workload)
    monkeypatch.setattr(buying, "_fits", lambda *given: (1.5, 2))

    def parts(alone: Workload, *given: object) -> list[Any]:
        seen[len(seen)] = alone
        return []

    monkeypatch.setattr(buying, "parts_of", parts)
    several = compared(
        scored("shop:1", "own", 0.8, 0.5, p99_ms=10.0),
        scored("linear", "library", 0.7, 0.4, seconds=900.0, p99_ms=5.0),
        scored("amount > 1", "rule", 0.6, 0.4, p99_ms=2.0), scored("slow", "library", 0.7, 0.4, seconds=9000.0),
    )  # fmt: skip
    weighed(shop_at, several)
    own, library, rule, slow = seen.values()
    assert (own.job, own.load.busy_s) == (job, 0.01), "by its packing"
    assert (library.job.hours, library.job.run_s, library.load.busy_s) == ((0.5, 0.5, 0.0), 1800.0, 0.005)
    assert (rule.job, rule.load.busy_s) == (None, 0.002)
    assert slow.job.hours == (2.75, 2.75, 0.0) and slow.load.busy_s == 0.01
    assert not own.kept


def test_searches_and_fits_are_those_of_the_days_that_were_measured(shop_at: Workspace):
    said = ModelsSearched(
        found=Blob("c" * 64, "f"), metric="roc_auc", family="linear", value=1.0, stopped="", trials=()
    )
    workload = Workload("2026-11-09", "2026-11-10", 2, None, None, (), 1)
    for day, seconds in ((8, 9e6), (9, 1800.0), (10, 900.0), (11, 9e6)):
        at = datetime(2026, 11, day, 0, tzinfo=UTC)
        with replace(shop_at.chain, clock=lambda at=at: at).alone() as alone:
            alone.write(
                Body(seq=0, id="", kind=ModelsSearched.KIND, version=2, subject="shop", run="r", time="", actor="ada",
                     status="done", usage=Usage(seconds=seconds), payload=raw(said))
            )  # fmt: skip
    with shop_at.chain.reading() as reader:
        assert buying._fits(reader, workload) == (0.75, 0)
