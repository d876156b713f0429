"""What a meter makes of a machine that is written down here: the difference of two readings of the kernel's books."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import psutil
import pytest

from treadle.evidence import Usage, descendants, metering
from treadle.evidence.metering import Meter

MB = 2**20


@dataclass
class Process:
    """A process as psutil shows it. `gone`: it ended between the list and the look."""

    rss: int = 0
    user: float = 0
    system: float = 0
    counters: SimpleNamespace | None = None
    below: list[Process] = field(default_factory=list)
    gone: bool = False
    sampled: Callable[[], int] | None = None

    def children(self, recursive: bool) -> list[Process]:
        if self.gone:
            raise psutil.AccessDenied(1)
        return [each for child in self.below for each in (child, *(child.children(True) if recursive else []))]

    def memory_info(self) -> SimpleNamespace:
        if self.gone:
            raise psutil.NoSuchProcess(1)
        main = threading.current_thread() is threading.main_thread()
        return SimpleNamespace(rss=self.sampled() if self.sampled and not main else self.rss)

    def cpu_times(self) -> SimpleNamespace:
        if self.gone:
            raise psutil.NoSuchProcess(1)
        return SimpleNamespace(user=self.user, system=self.system)

    def io_counters(self) -> SimpleNamespace:
        if self.gone:
            raise psutil.NoSuchProcess(1)
        if self.counters is None:
            raise AttributeError("io_counters: not on this system")
        return self.counters


@dataclass
class Machine:
    """This process, its clock, and its CPU with that of ended children."""

    process: Process
    clock: float = 100.0
    cpu: tuple[float, float, float, float] = (0, 0, 0, 0)
    adopted: int = 0

    def times(self) -> SimpleNamespace:
        return SimpleNamespace(
            **dict(zip(("user", "system", "children_user", "children_system"), self.cpu, strict=True))
        )

    def adopt(self) -> None:
        self.adopted += 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(Process(rss=10 * MB, counters=io(1000, 2000)))
    clocks = dict.fromkeys(("perf_counter", "thread_time"), lambda: made.clock)
    monkeypatch.setattr(metering, "time", SimpleNamespace(**clocks))
    monkeypatch.setattr(metering, "os", SimpleNamespace(times=made.times))
    monkeypatch.setattr(metering, "psutil", SimpleNamespace(Process=lambda: made.process, Error=psutil.Error))
    monkeypatch.setattr(metering, "_adopt", made.adopt)
    monkeypatch.setattr(metering, "_has_children", lambda: True)
    monkeypatch.setattr(descendants, "_lists", lambda: False)
    monkeypatch.setattr(metering.nvml, "driver", lambda: None)
    monkeypatch.setattr(metering, "_SAMPLE_SECONDS", 60)  # the two readings alone
    return made


def io(read: int, written: int) -> SimpleNamespace:
    return SimpleNamespace(read_chars=read, write_chars=written, read_bytes=-1, write_bytes=-1)


def test_usage_is_the_difference_of_two_readings(machine: Machine) -> None:
    machine.cpu = (0.1, 0.2, 0.3, 0.4)
    meter = Meter()
    machine.clock += 1.23456
    machine.cpu = (1.1, 20.2, 300.3, 4000.4)
    grandchild = Process(rss=3 * MB, user=600_000, system=0.00006, counters=io(300, 7000))
    child = Process(rss=5 * MB + MB // 7, user=50_000, counters=io(50, 600), below=[grandchild])
    machine.process.below = [child]
    machine.process.counters = io(1001, 2080)
    assert meter.stop() == Usage(
        seconds=1.2346, cpu_seconds=654321.0001, peak_mb=18.1, read_bytes=351, written_bytes=7680
    )
    assert machine.adopted == 1


def test_children_that_end_while_they_are_read_are_left_out(machine: Machine) -> None:
    machine.process.below = [Process(gone=True)]
    machine.process.below[0].children = lambda recursive: []  # type: ignore[method-assign]
    meter = Meter()
    assert meter.stop() == Usage(seconds=0, cpu_seconds=0, peak_mb=10, read_bytes=0, written_bytes=0)


def test_what_the_kernel_does_not_let_us_list_has_no_children(machine: Machine) -> None:
    machine.process.children = lambda recursive: _denied()  # type: ignore[method-assign]
    assert Meter().stop().peak_mb == 10


def _denied() -> list[Process]:
    raise psutil.AccessDenied(1)


def test_a_count_that_falls_is_nothing_used(machine: Machine) -> None:
    """A child that ended elsewhere takes its count with it."""
    machine.process.below = [Process(user=5, system=5, counters=io(500, 500))]
    meter = Meter()
    machine.process.below = []
    assert meter.stop() == Usage(seconds=0, cpu_seconds=0, peak_mb=10, read_bytes=0, written_bytes=0)


@pytest.mark.parametrize(
    ("counters", "used"), [(SimpleNamespace(read_bytes=40, write_bytes=50), (40, 50)), (None, (0, 0))]
)
def test_a_system_that_counts_otherwise_is_read_as_it_counts(
    machine: Machine, counters: SimpleNamespace | None, used: tuple[int, int]
) -> None:
    machine.process.counters = SimpleNamespace(read_bytes=0, write_bytes=0)
    meter = Meter()
    machine.process.counters = counters
    usage = meter.stop()
    assert (usage.read_bytes, usage.written_bytes) == used


def test_memory_is_sampled_while_the_work_goes_on_and_the_last_sample_counts(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert metering._SAMPLE_SECONDS == 60
    monkeypatch.setattr(metering, "_SAMPLE_SECONDS", 0.001)
    sampling, released = threading.Event(), threading.Event()

    def sampled() -> int:
        sampling.set()
        released.wait(0.3)  # longer than `stop` takes if it does not wait
        return 99 * MB

    machine.process.sampled = sampled
    before = threading.enumerate()  # a step of an earlier test may still be going in this process
    meter = Meter()
    (thread,) = (t for t in threading.enumerate() if t.name == "treadle-meter" and t not in before)
    assert thread.daemon, "a step that dies ends with its process"
    assert sampling.wait(30)
    assert meter.stop().peak_mb == 99 and not thread.is_alive()


def test_children_are_looked_for_in_a_small_share_of_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "_SAMPLE_SECONDS", 0.001)
    looked, enough, second = [], threading.Event(), threading.Event()

    def children(recursive: bool) -> list[Process]:
        if threading.current_thread() is not threading.main_thread():
            looked.append(machine.clock)
            machine.clock += 0.5  # takes half a second, so the next is 250 seconds on
            second.set() if len(looked) > 1 else None
        return [Process(rss=7 * MB)]

    def sampled() -> int:
        samples.append(machine.clock)
        enough.set() if len(samples) > 5 else None
        return 1 * MB

    samples: list[float] = []
    machine.process.children = children  # type: ignore[method-assign]
    machine.process.sampled = sampled
    meter = Meter()
    assert enough.wait(30) and looked == [100.0], "sampled on, with the children that are known"
    machine.clock += 249.9
    assert second.wait(30) and looked[1] == pytest.approx(350.4)
    assert meter.stop().peak_mb == 17


def test_a_process_without_children_goes_through_no_others(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "_has_children", lambda: False)
    machine.process.children = lambda recursive: pytest.fail("looked for children")  # type: ignore[method-assign]
    machine.process.below = [Process(rss=5 * MB)]
    assert Meter().stop().peak_mb == 10


CHILD = """
import subprocess, sys
from treadle.evidence.metering import _has_children
said = [_has_children()]
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
said.append(_has_children())
child.stdin.close()
while open(f"/proc/{child.pid}/stat").read().rpartition(")")[2].split()[0] != "Z":
    pass
said.append(_has_children())  # it has ended, and is left to be waited for
ended = child.wait()
said.append(_has_children())
print(said, ended)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asked of Linux alone")
def test_the_kernel_says_whether_there_are_children_and_none_is_reaped() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[False, True, True, False] 1"


def test_a_step_of_a_second_is_sampled_often() -> None:
    assert 0 < metering._SAMPLE_SECONDS <= 0.1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asked of Linux alone")
def test_the_kernel_is_asked_for_children_that_outlive_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    adopt, asked = metering._adopt.__wrapped__, []
    assert adopt() is True
    for answer, done in ((0, True), (-1, False), (1, False)):
        said = SimpleNamespace(prctl=lambda *given, answer=answer: asked.append(given) or answer)
        monkeypatch.setattr(ctypes, "CDLL", lambda name, said=said: said)
        assert adopt() is done
    assert set(asked) == {(36, 1, 0, 0, 0)}, "PR_SET_CHILD_SUBREAPER, and zero where it takes nothing"
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert adopt() is False
    monkeypatch.setattr(metering, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("asked"))
    assert adopt() is False
