"""A plan rests on the newest load test of the version that is served, and says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from priced import machine, prices
from test_measured_workload import ask, packed, write

from treadle.cli.show.confirming import show_confirm
from treadle.cli.show.drawing import console
from treadle.evidence import Usage
from treadle.evidence.kinds.load_tested import LoadTested
from treadle.models.registry import find
from treadle.plans import measure
from treadle.plans.comparing import answered_by
from treadle.plans.confirming import confirm, newest_test, verdict_of
from treadle.plans.confirming_found import Confirmed, Loaded, Slice
from treadle.plans.found import Assumed, Load
from treadle.plans.planning import _said
from treadle.plans.serving import plan_serving
from treadle.workspace import Workspace


def of_load(model: str, cpu_ms: float) -> LoadTested:
    return LoadTested(
        model=model, seconds=10.0, connections=8, answers=1000, refused=0, a_second=100.0, p50_ms=5.0, p99_ms=9.0,
        cpu_ms=cpu_ms, low=cpu_ms, high=cpu_ms, peak_mb=150.0, planned_ms=10.0, planned_mb=500.0, verdict="refuted",
    )  # fmt: skip


def test_a_plan_that_is_far_too_high_is_not_confirmed():
    assert verdict_of(0.3, 0.4, 3.6) == "needs less" and verdict_of(1.7, 1.9, 3.6) == "confirmed"
    assert verdict_of(3.7, 4.0, 3.6) == "refuted" and verdict_of(3.0, 4.0, 3.6) == "not told apart"
    assert verdict_of(None, None, 3.6) == "not told apart"


@pytest.mark.parametrize(
    ("servers", "planned", "saves"),
    [(None, None, "89% of the CPU that was planned: one answers 9.4 times as many"), (1, 3, "2 of 3 servers"),
     (1, 1, "no server fewer")],
)  # fmt: skip
def test_it_says_what_that_saves(servers, planned, saves: str, capsys: pytest.CaptureFixture[str]):
    answer = Confirmed(
        model="shop:1", seconds=10.0, connections=8, answers=1000, refused=0, a_second=100.0, p50_ms=5.0, p99_ms=9.0,
        cpu_ms=0.384, low=0.38, high=0.39, planned_ms=3.6, busy=0.6, rate=1562.0, planned_rate=166.0, peak_mb=150.0,
        planned_mb=500.0, server_cpus=1.0, servers=servers, planned_servers=planned, verdict="needs less", said="",
        entry=7, next="treadle costs plan .",
    )  # fmt: skip
    show_confirm(answer, console())
    said = capsys.readouterr().out
    assert "! needs less than planned: 0.384 ms an answer, planned 3.6 ms (11%); entry 7" in said
    assert f"what that saves: {saves}" in said or f"; {saves}" in said


def test_what_was_tested_is_planned_with_and_another_version_is_not(workspace: Workspace):
    """10 ms by its packing; a load test of another version changes nothing, one of its own makes it 12."""
    now = datetime.now(UTC)
    write(workspace, now, "r1", Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=500.0), packed(workspace, 1, 10.0, 0.8))
    ask(workspace, now)
    workspace.chain.append(of_load("shop:9", 99.0), "endpoint/shop")
    load = measure(workspace, 30, Assumed()).load
    assert (load.busy_s, load.peak_mb, load.tested) == (0.010, 500.0, 0)
    assert "when it was packed" in " ".join(_said(Assumed(), measure(workspace, 30, Assumed())))
    entry = workspace.chain.append(of_load("shop:1", 12.0), "endpoint/shop")
    workload = measure(workspace, 30, Assumed())
    assert (workload.load.busy_s, workload.load.peak_mb, workload.load.tested) == (0.012, 150.0, entry.seq)
    assert "when it was packed" not in " ".join(_said(Assumed(), workload))
    told = plan_serving(workload.load, prices(machine("on_demand", "0.1")), Assumed())
    assert f"12 ms of a CPU each (shop:1, by the load test of entry {entry.seq})" in told.measured
    alike = answered_by(workload.load, find(workspace.chain, "shop", "1"))
    assert (alike.busy_s, alike.tested) == (0.010, 0), "two versions are held apart by the same sort of figure"


def test_the_newest_test_of_a_version_counts(workspace: Workspace):
    entries = [workspace.chain.append(of_load("shop:1", cpu_ms), "endpoint/shop") for cpu_ms in (12.0, 14.0)]
    with workspace.chain.reading() as reader:
        found = newest_test(reader, "shop:1")
    assert found is not None and (found.seq, found.payload.cpu_ms) == (entries[1].seq, 14.0)


def test_servers_by_what_was_measured_and_by_what_was_planned(workspace: Workspace):
    """9,000 in the busiest minute are 150 a second: of 20 ms 3 CPUs, of 10 ms 1.5; of a server 1 may be busy."""
    usage = Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=512.04)
    write(workspace, datetime.now(UTC), "r1", usage, packed(workspace, 1, 10.0, 0.8))
    packing = find(workspace.chain, "shop", "1")
    took = tuple(n / 1000 for n in range(1, 101))
    slices = tuple(Slice(50, 1.0, 1.0) for _ in range(8))
    loaded = Loaded(slices, took, 3, "no", 256.04)
    load = Load(
        requests=(9020,),
        minutes=((10, 9000), (20,)),
        awake=(60.0,),
        wakes=(1,),
        busy_s=0.01,
        peak_mb=512.0,
        model="shop:1",
    )
    found = confirm(workspace, packing, loaded, load, connections=4, busy=0.5, cpus=2.0)
    assert (found.servers, found.planned_servers) == (3, 2)
    assert (found.cpu_ms, found.low, found.high, found.planned_ms) == (20.0, 20.0, 20.0, 10.0)
    assert (found.rate, found.planned_rate) == (25.0, 50.0) and found.verdict == "refuted"
    assert (found.peak_mb, found.planned_mb) == (256.0, 512.0)
    assert (found.p50_ms, found.p99_ms) == (loaded.quantile(0.5) * 1000, loaded.quantile(0.99) * 1000)
    assert found.p50_ms < 60 < 90 < found.p99_ms <= 100
    assert (found.answers, found.refused, found.a_second) == (400, 3, 50.0)
    nobody = confirm(workspace, packing, loaded, None, connections=4, busy=0.5, cpus=2.0)
    assert (nobody.servers, nobody.planned_servers) == (None, None)
    few = confirm(workspace, packing, Loaded(slices[:5], took, 0, "", 1.0), None, connections=4, busy=0.5, cpus=2.0)
    assert (few.low, few.high, few.verdict) == (None, None, "not told apart")


def test_a_month_by_what_was_measured_stands_beside_what_was_planned(workspace: Workspace):
    """A server asleep but for 65 s, and for one busy hour 2 more by 20 ms, 1 by 10: of 0.10 an hour, 30.4375 days."""
    write(workspace, datetime.now(UTC), "r1", Usage(seconds=1.0, peak_mb=512.0), packed(workspace, 1, 10.0, 0.8))
    packing = find(workspace.chain, "shop", "1")
    loaded = Loaded(tuple(Slice(50, 1.0, 1.0) for _ in range(8)), (0.02,), 0, "", 256.0)
    load = Load((9010,), ((10, 9000),), (60.0,), (1,), 0.01, 512.0, "shop:1")
    known = prices(machine("on_demand", "0.10"))
    found = confirm(workspace, packing, loaded, load, connections=4, busy=0.5, cpus=2.0, prices=known)
    assert found.way == "scaled to zero"
    assert float(found.monthly) == pytest.approx((65 / 3600 + 2) * 0.10 * 30.4375)
    assert float(found.planned_monthly) == pytest.approx((65 / 3600 + 1) * 0.10 * 30.4375)
    said = workspace.chain.last(LoadTested).payload
    assert (said.monthly.amount, said.planned_monthly.amount) == (found.monthly, found.planned_monthly)
    assert "a month scaled to zero, planned" in said.said()
    bare = confirm(workspace, packing, loaded, None, connections=4, busy=0.5, cpus=2.0, prices=known)
    assert bare.monthly is None and workspace.chain.last(LoadTested).payload.monthly is None


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(4.0, 5.0, "confirmed"), (5.0, 6.0, "not told apart"), (5.1, 6.0, "refuted"), (4.0, 5.1, "not told apart")],
)
def test_a_plan_of_5_ms_at_its_bounds(low: float, high: float, said: str):
    assert verdict_of(low, high, 5.0) == said
