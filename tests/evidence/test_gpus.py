"""For how long a step held GPUs, by a driver that is written down here; and what is made of NVIDIA's answers."""

from __future__ import annotations

import builtins
import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.evidence import descendants, metering, nvml
from treadle.evidence.gpus import Gpu, GpuMeter, Held, held
from treadle.evidence.metering import Meter
from treadle.evidence.nvml import Nvml

MB = 2**20
ME, CHILD, OTHER = 100, 101, 900


@dataclass
class Fake:
    """`cuda`: which processes have CUDA open; a process that is not in it cannot be looked into, if `closed`."""

    gpus: list[Gpu] = field(default_factory=list)
    ours: bool = True
    most: int | None = None
    cuda: set[int] = field(default_factory=set)
    closed: bool = False
    looks: int = 0

    def look(self) -> list[Gpu]:
        self.looks += 1
        return self.gpus

    def computes(self, process: int) -> bool | None:
        return True if process in self.cuda else (None if self.closed else False)


def gpu(*holders: int, used: int | None = None, busy: float | None = 0.5) -> Gpu:
    return Gpu(dict.fromkeys(holders, 300 * MB), used if used is not None else 300 * MB * len(holders), busy)


@pytest.mark.parametrize(
    ("gpus", "found"),
    [
        ([gpu()], Held(0, 0.0, 0, "processes")),
        ([gpu(OTHER)], Held(0, 0.0, 0, "processes")),
        ([gpu(OTHER, CHILD), gpu(CHILD, ME, busy=0.25), gpu()], Held(2, 0.75, 900 * MB, "processes")),
        ([gpu(ME, busy=None), gpu(CHILD)], Held(2, None, 600 * MB, "processes")),
        ([Gpu({ME: None}, None, 1.0)], Held(1, 1.0, 0, "processes")),
    ],
)
def test_a_gpu_is_held_while_a_process_of_the_step_is_on_it(gpus: list[Gpu], found: Held) -> None:
    assert held([ME, CHILD], Fake(gpus)) == found


@pytest.mark.parametrize(
    ("driver", "found"),
    [
        (Fake([gpu(OTHER)]), Held(0, 0.0, 0, "devices")),  # on it before the step uses CUDA, so not the step's
        (Fake([gpu(OTHER), gpu()], cuda={CHILD}), Held(1, 0.5, 300 * MB, "devices")),
        (Fake([gpu(ME), gpu(ME)], cuda={CHILD}, most=1), Held(1, 0.5, 300 * MB, "devices")),
        (Fake([gpu(used=100 * MB), gpu(used=700 * MB)], cuda={ME}), Held(1, 0.5, 700 * MB, "devices")),
        (Fake([Gpu(None, None, None)], cuda={ME}), Held(1, None, 0, "devices")),
        (Fake([gpu(OTHER)], closed=True), Held(0, 0.0, 0, "unknown")),
        (Fake([gpu(OTHER)], closed=True, cuda={ME}), Held(1, 0.5, 300 * MB, "devices")),
    ],
)
def test_where_no_process_is_known_by_its_number_what_any_is_on_counts_from_when_cuda_is_used(
    driver: Fake, found: Held
) -> None:
    driver.ours = False
    assert held([ME, CHILD], driver) == found


def test_a_driver_that_lists_no_processes_is_asked_the_other_way() -> None:
    assert held([ME], Fake([gpu(ME), Gpu(None, 500 * MB, 0.1)], cuda={ME})) == Held(2, 0.6, 800 * MB, "devices")


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def metered(times: list[tuple[float, list[Gpu]]], **said: Any) -> GpuMeter:
    """Looks at these seconds of a step, the last of them at its end."""
    clock, driver = Clock(), Fake(**said)
    meter = GpuMeter(driver, clock, clock.now)
    for number, (at, driver.gpus) in enumerate(times, 1):
        clock.now = 50.0 + at
        meter.look([ME, CHILD], last=number == len(times))
    return meter


def test_what_is_taken_or_left_between_two_looks_counts_for_half_of_the_time() -> None:
    on, off = [gpu(CHILD, busy=1.0), gpu()], [gpu(), gpu()]
    both = [gpu(CHILD, busy=1.0), gpu(ME, busy=0.0)]
    meter = metered([(0, off), (1, off), (2, on), (3, both), (4, both), (6, off)])
    assert meter.seconds == 0.5 + 1.5 + 2.0 + 2.0
    assert meter.busy_seconds == 0.5 + 1.0 + 1.0 + 1.0
    assert (meter.peak, meter.by) == (600 * MB, "processes")


def test_before_the_first_look_it_is_what_that_one_saw() -> None:
    assert metered([(2, [gpu(ME)]), (3, [gpu(ME)])]).seconds == 3.0


def test_one_that_is_not_touched_is_none_used_and_that_is_known() -> None:
    meter = metered([(0, [gpu(OTHER)]), (3, [gpu(OTHER)])])
    assert (meter.seconds, meter.busy_seconds, meter.peak, meter.by) == (0.0, None, 0, "processes")


def test_how_busy_it_was_is_not_known_where_one_look_does_not_tell() -> None:
    told, untold = [gpu(ME)], [gpu(ME, busy=None)]
    for looks in ([told, untold, told], [untold, told, told], [told, told, untold]):
        meter = metered([(at, seen) for at, seen in enumerate(looks)])
        assert meter.seconds == 2.0 and meter.busy_seconds is None


def test_what_cannot_be_seen_is_said_and_counts_no_second() -> None:
    meter = metered([(0, [gpu(OTHER)]), (5, [gpu(OTHER)])], ours=False, closed=True)
    assert (meter.seconds, meter.by) == (0.0, "unknown")


def test_the_driver_is_not_asked_more_often_than_four_times_a_second() -> None:
    clock, driver = Clock(), Fake([gpu()])
    meter = GpuMeter(driver, clock, clock.now)
    for _ in range(100):
        meter.look([ME])
        clock.now += 0.01
    assert driver.looks <= 5
    before = driver.looks
    meter.look([ME], last=True)
    assert driver.looks == before + 1, "the last look is always made"


def test_an_answer_that_takes_long_is_asked_for_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, driver, cpu = Clock(), Fake([gpu()]), iter(range(1000))
    monkeypatch.setattr("treadle.evidence.gpus.time", SimpleNamespace(thread_time=lambda: next(cpu)))
    meter = GpuMeter(driver, clock, clock.now)
    asked = []
    for second in range(600):
        clock.now = 50.0 + second
        before = driver.looks
        meter.look([ME])
        asked += [second] if driver.looks > before else []
    assert asked == [0, 1, 251, 501], "a second of CPU each, the first of which does not count"


@given(
    looks=st.lists(
        st.tuples(st.integers(1, 40), st.lists(st.sets(st.sampled_from([ME, CHILD, OTHER])), min_size=3, max_size=3)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_several_gpus_are_the_sum_of_each_and_never_more_than_all_for_all_of_the_time(
    looks: list[tuple[int, list[set[int]]]],
) -> None:
    at, times = 0.0, []
    for step, holders in looks:
        at += step / 4  # sums of quarters are exact
        times.append((at, [gpu(*sorted(each)) for each in holders]))
    whole = metered(times)
    alone = [metered([(when, [seen[number]]) for when, seen in times]) for number in range(3)]
    assert whole.seconds == sum(each.seconds for each in alone) <= 3 * at
    assert (whole.busy_seconds or 0.0) == sum(each.busy_seconds or 0.0 for each in alone) <= whole.seconds


def test_a_meter_says_what_its_step_held(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Fake([gpu(os.getpid(), busy=1.0)])
    monkeypatch.setattr(metering.nvml, "driver", lambda: driver)
    usage = Meter().stop()
    assert 0 < usage.gpu_seconds == usage.gpu_busy_seconds <= usage.seconds + 1e-3
    assert (usage.gpu_peak_mb, usage.gpu_by) == (300.0, "processes") and driver.looks == 2


def test_a_meter_says_nothing_where_there_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering.nvml, "driver", lambda: None)
    usage = Meter().stop()
    assert (usage.gpu_seconds, usage.gpu_busy_seconds, usage.gpu_peak_mb, usage.gpu_by) == (0.0, None, 0.0, "")


class Refused(Exception):
    """As `pynvml.NVMLError`."""


def library(**said: Any) -> SimpleNamespace:
    """As the module `pynvml` answers of one GPU, on which a process computes; what is None is refused."""

    def ask(name: str, found: Any) -> Any:
        def answer(*_: Any, **__: Any) -> Any:
            if found is None:
                raise Refused(name)
            return found

        return answer

    answers: dict[str, Any] = {
        "nvmlInit": 0,
        "nvmlDeviceGetCount": 1,
        "nvmlDeviceGetHandleByIndex": "handle",
        "nvmlDeviceGetComputeRunningProcesses": [SimpleNamespace(pid=ME, usedGpuMemory=5 * MB)],
        "nvmlDeviceGetMPSComputeRunningProcesses": [SimpleNamespace(pid=CHILD, usedGpuMemory=None)],
        "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=7 * MB),
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=37),
    }
    made = {name: ask(name, said.get(name, found)) for name, found in answers.items()}
    return SimpleNamespace(NVMLError=Refused, nvmlMemory_v2=2, **made)


def test_what_nvml_answers_is_read() -> None:
    assert Nvml(library(), ["a", "b"]).look() == [Gpu({ME: 5 * MB, CHILD: None}, 7 * MB, 0.37)] * 2


def test_what_nvml_refuses_is_not_told() -> None:
    names = ("ComputeRunningProcesses", "MemoryInfo", "UtilizationRates")
    refusing = library(**{f"nvmlDeviceGet{name}": None for name in names})
    assert Nvml(refusing, ["a"]).look() == [Gpu(None, None, None)]
    assert Nvml(library(nvmlDeviceGetMPSComputeRunningProcesses=None), ["a"]).look()[0].holders == {ME: 5 * MB}


def test_an_older_library_that_has_not_got_a_question_spoils_no_step() -> None:
    older = library()
    del older.nvmlMemory_v2, older.nvmlDeviceGetMPSComputeRunningProcesses
    assert Nvml(older, ["a"]).look() == [Gpu({ME: 5 * MB}, 7 * MB, 0.37)]


@pytest.mark.parametrize(
    ("said", "most"), [(None, None), ("", None), ("0", 1), ("1, 3", 2), ("-1", None), ("GPU-8f,GPU-9a,", 2)]
)
def test_as_many_can_be_used_as_cuda_is_let_see(
    monkeypatch: pytest.MonkeyPatch, said: str | None, most: int | None
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if said is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", said)
    assert Nvml(library(), ["a"]).most == most


@pytest.fixture
def machine_with_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    control = tmp_path / "nvidiactl"
    control.touch()
    monkeypatch.setattr(nvml, "_CONTROL", control)
    nvml._opened.cache_clear()
    yield
    nvml._opened.cache_clear()


@pytest.mark.parametrize("module", [None, library(nvmlInit=None), library(nvmlDeviceGetCount=0)])
def test_without_the_extra_a_driver_or_a_gpu_there_is_nothing_to_ask(
    monkeypatch: pytest.MonkeyPatch, machine_with_driver: None, module: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", module)  # None: as if it were not installed
    assert nvml.driver() is None


def test_with_them_it_is_opened_once(monkeypatch: pytest.MonkeyPatch, machine_with_driver: None) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library())
    assert isinstance(nvml.driver(), Nvml) and nvml.driver() is nvml.driver()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asked of Linux alone")
def test_on_a_machine_without_a_driver_the_extra_is_not_even_imported(
    monkeypatch: pytest.MonkeyPatch, machine_with_driver: None, tmp_path: Path
) -> None:
    imported, real = [], builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: imported.append(name) or real(name, *rest))
    monkeypatch.setattr(nvml, "_CONTROL", tmp_path / "none")
    assert nvml.driver() is None and "pynvml" not in imported


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asked of Linux alone")
def test_who_computes_by_cuda_is_seen_by_what_it_has_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    door, asked = tmp_path / "nvidia-uvm", Nvml(library(), ["a"])
    monkeypatch.setattr(nvml, "_CUDA", str(door))
    assert asked.computes(os.getpid()) is None, "there is no such door on this machine"
    door.touch()
    assert asked.computes(os.getpid()) is False
    with door.open():
        assert asked.computes(os.getpid()) is True
    assert asked.computes(2**30) is False, "it has ended"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asked of Linux alone")
@pytest.mark.parametrize("lists", [True, False])
def test_children_of_children_are_found_by_the_kernels_lists_and_without(
    monkeypatch: pytest.MonkeyPatch, lists: bool
) -> None:
    monkeypatch.setattr(descendants, "_lists", lambda: lists)
    with subprocess.Popen(["sh", "-c", "sleep 60 & cat; kill $!"], stdin=subprocess.PIPE) as child:
        me = psutil.Process()
        while len(_names(known := descendants.below(me)) & {"sleep", "cat"}) < 2:
            pass
        again = descendants.below(me, known)
        assert child.pid in {each.pid for each in again} and set(again) == set(known)
        if lists:
            assert all(any(each is one for one in known) for each in again), "not opened again"
        assert child.stdin is not None
        child.stdin.close()


def _names(processes: list[psutil.Process]) -> set[str]:
    found = set()
    for each in processes:
        with contextlib.suppress(psutil.Error):
            found.add(each.name())
    return found


def test_one_that_has_ended_has_no_children() -> None:
    assert descendants._numbers(2**30) == []
