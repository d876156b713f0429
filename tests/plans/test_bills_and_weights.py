"""Which bills serving is shared out of, and by what an answer weighs where nothing was measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from kept_shop import keep, orders
from msgspec.structs import replace
from priced import figure, machine, prices
from test_measured_workload import HEADER, ask, packed
from test_shares_of_serving import at, of_load

from treadle.costs.booking import Booked, book
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.money import money
from treadle.plans.confirming import LEAST_SLICES, _paid, cpu_each, verdict_of
from treadle.plans.confirming_found import Slice
from treadle.plans.found import Assumed, Load
from treadle.plans.serving import plan_serving
from treadle.plans.shares import shared_out
from treadle.pricing import import_figures
from treadle.workspace import Workspace

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


def answered(workspace: Workspace, *models: str, ago: int = 1) -> None:
    """One answer of each version; the record is four days old."""
    keep(workspace, "orders", orders(), NOW - timedelta(days=3))
    several = {"prediction_id": list(models), "answered": [NOW - timedelta(days=ago)] * len(models)}
    rows = pl.DataFrame({**several, "model": list(models), "client": ["person:ada"] * len(models)})
    workspace.tables.append(workspace.names.ledger("predictions"), rows)


def bill(workspace: Workspace, amount: int, day: str, category: str = "infrastructure", currency: str = "USD") -> None:
    said = CostBooked(category=category, text=f"{category} of {day}", day=day)  # type: ignore[arg-type]
    book(workspace.chain, "shop", Booked(said, money(amount, currency)))


def test_only_machines_of_these_days_are_shared_out(workspace: Workspace) -> None:
    answered(workspace, "back:1")
    bill(workspace, 10, "2026-11-07")
    bill(workspace, 20, "2026-11-10")
    bill(workspace, 100, "2026-11-06")
    bill(workspace, 200, "2026-11-11")
    bill(workspace, 400, "2026-11-09", "people")
    bill(workspace, 800, "2026-11-09", "data")
    found = shared_out(at(workspace, NOW), 30, "2026-11-10")
    assert (found.first, found.last, found.amount) == ("2026-11-07", "2026-11-10", 30)
    assert found.basis == "2 bookings of infrastructure that fell due in these days"
    bill(workspace, 1600, "2026-11-09", currency="XTS")
    found = shared_out(at(workspace, NOW), 30, "2026-11-10")
    assert found.amount == 30 and found.basis.endswith("; 1 in currencies without a rate are in no sum")


def test_an_answer_weighs_as_it_was_tested_else_as_packed_else_as_the_mean(workspace: Workspace) -> None:
    """Versions of 10 and 30 ms by their packing; one of them by a test 50; of a third nothing is known: 20."""
    answered(workspace, "shop:1", "shop:2", "shop:3")
    for number, p99_ms in ((1, 10.0), (2, 30.0)):
        workspace.chain.append(packed(workspace, number, p99_ms, 0.6), "shop")
    entry = workspace.chain.append(of_load("shop:2", 50.0), "endpoint/shop")
    bill(workspace, 32, "2026-11-09")
    found = shared_out(at(workspace, NOW), 30, "2026-11-10")
    assert {each.name: (each.cpu_seconds, each.amount) for each in found.by_model} == {
        "shop:1": (0.01, 1), "shop:2": (0.05, 5), "shop:3": (0.02, 2), "(nobody asked)": (0.0, 24),
    }  # fmt: skip
    assert found.weighed == [
        "shop:1: 10 ms an answer, at its packing (p99)",
        f"shop:2: 50 ms an answer, by load test {entry.seq}",
        "shop:3: not known how long an answer takes, so as the mean version, 20 ms",
    ]


def test_who_answered_before_these_days_weighs_nothing_and_is_not_named(workspace: Workspace) -> None:
    answered(workspace, "shop:1")
    answered(workspace, "shop:7", ago=9)
    bill(workspace, 8, "2026-11-09")
    found = shared_out(at(workspace, NOW), 2, "2026-11-10")
    assert (found.first, found.answers, len(found.weighed)) == ("2026-11-09", 1, 1)


def test_without_a_bill_a_server_that_is_always_on_is_shared_out_by_its_days(
    workspace: Workspace, tmp_path: Path
) -> None:
    """0.10 an hour are 2.40 a day: of the last two days 4.80, and a month costs 30.4375 days."""
    keep(workspace, "orders", orders(), NOW - timedelta(days=3))
    workspace.chain.append(packed(workspace, 1, 10.0, 0.6), "shop")
    ask(workspace, NOW - timedelta(days=1))
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + "on_demand,acme,eu,m2,0.10,hour,USD,2026-11-01,acme,2,8,\n", encoding="utf-8")
    import_figures(workspace.chain, workspace.blobs, "shop", str(file))
    found = shared_out(at(workspace, NOW), 2, "2026-11-10")
    assert found.amount == Decimal("4.8") and found.basis.startswith("an estimate, since nothing is booked")


def test_seconds_that_differ_give_an_interval_and_too_few_give_none() -> None:
    """Answers of 5 and of 15 ms by turns are 10 in the mean; which seconds were met makes the interval."""
    slices = [Slice(100, 1.0, 0.5 + number % 2) for number in range(20)]
    value, low, high = cpu_each(slices)
    assert value == 0.01 and low is not None and high is not None
    assert 0.005 < low < 0.009 and 0.011 < high < 0.015
    alike = [Slice(100, 1.0, 0.5)] * LEAST_SLICES
    assert cpu_each(alike) == (0.005, 0.005, 0.005) and cpu_each(alike[1:]) == (0.005, None, None)
    busy = [Slice(10, 1.0, 0.1), Slice(990, 1.0, 2.97)] * 5  # of 10 ms and 3 ms: by answers, not by seconds
    assert cpu_each(busy)[0] == pytest.approx(0.00307)


def test_exactly_half_of_what_was_planned_is_still_confirmed() -> None:
    assert verdict_of(2.0, 2.5, 5.0) == "confirmed" and verdict_of(2.0, 2.4999, 5.0) == "needs less"


def test_what_is_compared_is_the_way_that_was_planned_with_the_memory_that_was_measured() -> None:
    """Planned with 10 ms it sleeps most of the time; measured with 3 GB it needs the machine of 8, not that of 2."""
    load = Load((9010,), ((10, 9000),), (60.0,), (1,), 0.01, 512.0, "shop:1")
    known = prices(machine("on_demand", "0.10", gb=2), machine("on_demand", "0.40", sku="m8", gb=8))
    way, monthly, planned = _paid(load, known, (0.01, 3000.0), (0.01, 512.0), 0.5)
    assert monthly is not None and planned is not None and way == "scaled to zero"
    assert monthly == pytest.approx(4 * planned)
    assert _paid(load, known, (0.01, 512.0), (0.01, 512.0), 0.5) == (way, planned, planned)


def test_a_month_by_what_was_measured_is_of_the_way_that_was_planned_though_another_is_cheaper_then() -> None:
    """200,000 answers a day: of 1 ms and 0.5 GB cheapest by the request, of 20 ms and 2 GB on a machine."""
    load = Load((200_000,), ((3000,),), (86_400.0,), (1,), 0.001, 512.0, "shop:1")
    known = prices(
        machine("on_demand", "0.10"), figure("request", "0.0000001"), figure("gb_second", "0.000015")
    )  # fmt: skip
    light, heavy = (
        plan_serving(replace(load, busy_s=busy_s, peak_mb=mb), known, Assumed(busy=0.5)).options
        for busy_s, mb in ((0.001, 512.0), (0.02, 2000.0))
    )
    way, monthly, planned = _paid(load, known, (0.02, 2000.0), (0.001, 512.0), 0.5)
    assert way == light[0].name != heavy[0].name and planned == light[0].monthly
    assert monthly == next(each.monthly for each in heavy if each.name == way)
    assert monthly is not None and monthly > heavy[0].monthly
