"""What serving cost shared out by use: to the last billionth, whatever it is grouped by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_shop import keep, orders

from treadle.costs.booking import Booked, book
from treadle.errors import SpecError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.load_tested import LoadTested
from treadle.money import money
from treadle.plans.shares import Cell, share, shared_out
from treadle.workspace import Workspace

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAYS = [f"2026-11-{day:02}" for day in range(1, 11)]
CELLS = st.lists(
    st.builds(
        Cell,
        day=st.sampled_from(DAYS),
        endpoint=st.sampled_from(["a", "b"]),
        model=st.sampled_from(["a:1", "a:2", "b:1"]),
        client=st.sampled_from(["", "person:ada", "token:x"]),
        answers=st.integers(1, 10**9),
        cpu_seconds=st.floats(0, 1e9),
    ),
    max_size=30,
)


@given(CELLS, st.integers(0, 10**15).map(lambda n: Decimal(n) / 10**9))
@settings(max_examples=60)
def test_every_grouping_sums_up_to_the_whole(cells: list[Cell], amount: Decimal):
    parts = share(amount, DAYS, cells)
    assert sum(each.amount for each in parts) == amount
    for name in ("day", "endpoint", "model", "client"):
        groups: dict[str, Decimal] = {}
        for each in parts:
            groups[getattr(each, name)] = groups.get(getattr(each, name), Decimal(0)) + each.amount
        assert sum(groups.values()) == amount
    of_days = {day: sum(each.amount for each in parts if each.day == day) for day in DAYS}
    assert max(of_days.values()) - min(of_days.values()) <= Decimal("1e-9")


def test_a_day_is_shared_by_the_time_of_its_answers():
    """20 for two days: on the first 3 s and 1 s, on the second nobody asked."""
    cells = [Cell("d1", "e", "m:1", "x", 30, 3.0), Cell("d1", "e", "m:2", "y", 5, 1.0)]
    assert [(each.model, each.amount) for each in share(Decimal(20), ["d1", "d2"], cells)] == [
        ("m:1", Decimal("7.5")), ("m:2", Decimal("2.5")), ("", Decimal(10)),
    ]  # fmt: skip


def at(workspace: Workspace, moment: datetime) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: moment))


def of_load(model: str, cpu_ms: float) -> LoadTested:
    return LoadTested(
        model=model, seconds=1, connections=1, answers=1, refused=0, a_second=1, p50_ms=1, p99_ms=1, cpu_ms=cpu_ms,
        low=None, high=None, peak_mb=1, planned_ms=1, planned_mb=1, verdict="confirmed",
    )  # fmt: skip


def test_a_bill_is_shared_by_what_each_version_answered(workspace: Workspace):
    """40 for 4 days: 10 a day. On one day 6 answers of 2 ms and 3 of 4 ms, half of these by ada."""
    keep(workspace, "orders", orders(), NOW - timedelta(days=3))
    with pytest.raises(SpecError, match="nobody asked the endpoint"):
        shared_out(at(workspace, NOW), 30, "2026-11-10")
    rows = pl.DataFrame(
        {
            "prediction_id": [str(n) for n in range(9)],
            "answered": [NOW - timedelta(days=1)] * 9,
            "model": ["back:1"] * 6 + ["back:2"] * 3,
            "client": ["person:ada"] * 6 + [None] * 3,
        }
    )
    workspace.tables.append(workspace.names.ledger("predictions"), rows)
    for model, cpu_ms in (("back:1", 2.0), ("back:2", 4.0)):
        workspace.chain.append(of_load(model, cpu_ms), f"model/{model}")
    cost = CostBooked(category="infrastructure", text="a server", day="2026-11-09")
    book(workspace.chain, "shop", Booked(cost, money(40, "USD")))
    found = shared_out(at(workspace, NOW), 30, "2026-11-10")
    assert (found.first, found.last, found.amount, found.answers) == ("2026-11-07", "2026-11-10", Decimal(40), 9)
    assert {each.name: each.amount for each in found.by_model} == {
        "back:1": Decimal(5), "back:2": Decimal(5), "(nobody asked)": Decimal(30),
    }  # fmt: skip
    assert {each.name: each.amount for each in found.by_client} == {
        "person:ada": Decimal(5), "": Decimal(5), "(nobody asked)": Decimal(30),
    }  # fmt: skip
    assert [each.amount for each in found.by_day] == [Decimal(10)] * 4 and found.idle == 30
    assert {each.name for each in found.by_endpoint} == {"shop", "(nobody asked)"}
    assert found.weighed == ["back:1: 2 ms an answer, by load test 2", "back:2: 4 ms an answer, by load test 3"]
    assert found.thousand == Decimal("4444.444444444")
    said = r"fell due on 2026-11-10 \(1 booking did on 2026-11-09\), and nobody asked the endpoint"
    with pytest.raises(SpecError, match=said):
        shared_out(at(workspace, NOW), 1, "2026-11-10")
