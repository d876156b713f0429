"""A plan rests on the newest load test of the version that is served, and says so."""

from __future__ import annotations

from datetime import UTC, datetime

from priced import machine, prices
from test_measured_workload import ask, packed, write

from treadle.evidence import Usage
from treadle.evidence.kinds.load_tested import LoadTested
from treadle.models.registry import find
from treadle.plans import measure
from treadle.plans.comparing import answered_by
from treadle.plans.found import Assumed
from treadle.plans.planning import _said
from treadle.plans.serving import plan_serving
from treadle.workspace import Workspace


def of_load(model: str, cpu_ms: float) -> LoadTested:
    return LoadTested(
        model=model, seconds=10.0, connections=8, answers=1000, refused=0, a_second=100.0, p50_ms=5.0, p99_ms=9.0,
        cpu_ms=cpu_ms, low=cpu_ms, high=cpu_ms, peak_mb=150.0, planned_ms=10.0, planned_mb=500.0, verdict="refuted",
    )  # fmt: skip


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
