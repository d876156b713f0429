"""The right size of runs: by their peaks, set and taken back in the record, and what the kernel then holds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from priced import machine, prices
from test_measured_workload import call, whole, write

from treadle.errors import DataError, GateError, SpecError
from treadle.evidence import Usage
from treadle.evidence.kinds.size_set import Size
from treadle.plans.sizing import advised, held_to, passed, set_size, standing_size, undo_size
from treadle.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone: the kernel holds what is set")


@pytest.fixture
def measured(workspace: Workspace) -> Workspace:
    """Two runs: at the peak 1,000 MiB, and 2.6 CPUs in a step that was long enough to tell."""
    write(workspace, NOW - timedelta(days=90), "old", Usage(seconds=60.0, cpu_seconds=600.0, peak_mb=9000.0))
    for day, peak, cpu in ((2, 800.0, 156.0), (1, 1000.0, 60.0)):
        write(workspace, NOW - timedelta(days=day), f"r{day}", Usage(seconds=60.0, cpu_seconds=cpu, peak_mb=peak))
        whole(workspace, NOW - timedelta(days=day), f"r{day}")
    write(workspace, NOW - timedelta(days=1), "r1", Usage(seconds=0.1, cpu_seconds=0.8, peak_mb=10.0))
    write(workspace, NOW, "cut", Usage(seconds=0.0, cpu_seconds=0.0, peak_mb=5000.0))
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))


def test_the_size_is_the_peak_with_its_margin_and_what_it_saves_by_hand(measured: Workspace):
    """2.6 CPUs are 3; 1,000 MiB and a quarter are 1,250 MiB, 1.31 GB. 120.1 s in 30 days are 0.0338 hours a month."""
    known = prices(machine("on_demand", "0.20", "m4", 4, 16), machine("on_demand", "9", "huge", 4096, 10**6))
    found = advised(measured, known, days=30, margin=0.25)
    assert (found.runs, found.peak_mb, found.cpus, found.size) == (2, 1000.0, 2.6, Size(3, 1250))
    assert found.holds == Size() and found.machine == "acme eu m4"
    assert found.hours == pytest.approx(120.1 / 3600 / 30 * 30.4375)
    assert float(found.right) == pytest.approx(found.hours * 0.20)
    assert float(found.saved) == pytest.approx(found.hours * 8.80)
    assert advised(measured, prices(), days=30, margin=0.25).saved is None
    for wrong in ({"days": 0, "margin": 0.25}, {"days": 30, "margin": -0.1}):
        with pytest.raises(SpecError):
            advised(measured, known, **wrong)
    later = replace(measured, chain=replace(measured.chain, clock=lambda: NOW + timedelta(days=400)))
    with pytest.raises(SpecError, match="no run of the whole loop was measured in the last 30 days"):
        advised(later, known, days=30, margin=0.25)


def test_the_hours_are_of_the_days_that_were_measured_and_not_of_those_before_the_record(workspace: Workspace):
    """An hour in the 5 days of the record: 6.0875 a month, at 0.20 1.2175."""
    write(workspace, NOW - timedelta(days=4), "r1", Usage(seconds=3600.0, cpu_seconds=3600.0, peak_mb=1000.0))
    whole(workspace, NOW - timedelta(days=4), "r1")
    young = replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))
    known = prices(machine("on_demand", "0.20", "m4", 4, 16))
    found = advised(young, known, days=30, margin=0.25)
    assert found.hours == pytest.approx(6.0875) and float(found.right) == pytest.approx(1.2175)
    assert advised(young, known, days=5, margin=0.25).hours == found.hours


def test_a_size_is_set_and_taken_back_in_the_record(measured: Workspace):
    with pytest.raises(SpecError, match="no size was set"):
        undo_size(measured.chain)
    sizes = []
    for act in (
        lambda: set_size(measured.chain, advised(measured, prices(), days=30, margin=0.25)),
        lambda: set_size(measured.chain, advised(measured, prices(), days=30, margin=1.0)),
        lambda: undo_size(measured.chain),
    ):
        done = act()
        with measured.chain.reading() as reader:
            assert standing_size(reader) == done
        sizes.append((done.payload.was, done.payload.size))
    assert sizes == [(Size(), Size(3, 1250)), (Size(3, 1250), Size(3, 2000)), (Size(3, 2000), Size(3, 1250))]
    assert done.payload.undoes is not None and done.said().endswith("where it was 3 CPUs and 2,000 MiB; undone")
    undone = undo_size(measured.chain).payload
    assert (undone.was, undone.size) == (Size(3, 1250), Size()), "and then the one before"
    with pytest.raises(SpecError, match="each size that was set was taken back already"):
        undo_size(measured.chain)
    set_size(measured.chain, advised(measured, prices(), days=30, margin=0.25))
    assert undo_size(measured.chain).payload.size == Size()


def test_a_run_that_passes_its_size_says_so(measured: Workspace):
    with measured.chain.reading() as reader:
        assert passed(reader, "r1", Size(1, 900)) == (
            "the run used 1,000 MiB at its peak, more than the 900 MiB that it is held to"
        )
        assert passed(reader, "r1", Size(1, 1000)) == passed(reader, "r1", Size(1, 0)) == ""


@on_linux
def test_the_process_is_held_to_it_and_let_go_again():
    before = os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA)
    with held_to(Size(1, 10**6)):
        assert len(os.sched_getaffinity(0)) == 1
        assert resource.getrlimit(resource.RLIMIT_DATA) == ((10**6 + 300) * 2**20, before[1][1])
    assert (os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA)) == before
    with held_to(Size()):
        assert (os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA)) == before


def test_what_needs_more_is_told_with_how_to_mend_it_and_other_errors_are_themselves():
    held = "more memory than the 1,000,000 MiB that it is held to: no room"
    with pytest.raises(DataError, match=held) as told, held_to(Size(0, 10**6)):
        raise MemoryError("no room")
    assert "costs size PROJECT --undo" in told.value.mend
    with pytest.raises(DataError, match="held to"), held_to(Size(0, 10**6)):
        raise GateError("the graph cannot be loaded: std::bad_alloc")
    with pytest.raises(GateError), held_to(Size(0, 10**6)):
        raise GateError("something else")
    with pytest.raises(MemoryError), held_to(Size(1, 0)):
        raise MemoryError


@on_linux
def test_a_process_that_holds_more_already_is_not_begun():
    """Libraries that are refused everything may wait for ever."""
    _ = bytearray(320 * 2**20)
    with pytest.raises(DataError, match="MiB already, and is held to 301"), held_to(Size(0, 1)):
        raise AssertionError("it was begun")


@on_linux
def test_the_kernel_refuses_what_is_beyond():
    code = (
        "from treadle.plans.sizing import held_to\nfrom treadle.evidence.kinds.size_set import Size\n"
        "import numpy as np\nwith held_to(Size(1, 100)):\n    np.ones(10**8)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "more memory than the 100 MiB that it is held to" in done.stderr


def test_the_command_advises_sets_and_takes_back(
    measured: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    root = str(Path(measured.project.root))
    write(measured, datetime.now(UTC), "now", Usage(seconds=60.0, cpu_seconds=60.0, peak_mb=400.0))
    whole(measured, datetime.now(UTC), "now")
    measured.chain.engine.dispose()
    said = call(monkeypatch, capsys, "costs", "size", root, "--days", "3")
    assert "1 CPU and 500 MiB" in said and "runs are held to all CPUs and all memory" in said and "no price" in said
    done = json.loads(call(monkeypatch, capsys, "costs", "size", root, "--days", "3", "--apply", "--json"))
    assert done["holds"] == "1 CPU and 500 MiB" and done["entry"] > 0
    assert "runs are held to 1 CPU and 500 MiB" in call(monkeypatch, capsys, "costs", "size", root, "--days", "3")
    command = [sys.executable, "-m", "treadle", "run", root]  # a process of its own, as it is meant
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "held to 1 CPU and 500 MiB, by entry" in run.stdout + run.stderr
    assert "orders.csv" in run.stderr, "and then it lacks its rows"
    assert "undone" in call(monkeypatch, capsys, "costs", "size", root, "--undo")
