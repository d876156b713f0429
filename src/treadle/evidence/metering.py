"""What a stretch of work used of the machine, child processes included, from the kernel's own books."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time

import psutil

from treadle.evidence import nvml
from treadle.evidence.descendants import below
from treadle.evidence.entry import Usage
from treadle.evidence.gpus import GpuMeter

_SAMPLE_SECONDS = 0.1  # memory has no running total to subtract, so it is sampled
_SHARE = 0.002  # of the time, at the most, that children are looked for while the work goes on
_PR_SET_CHILD_SUBREAPER = 36


class Meter:
    """Start it, do the work, `stop()` for the `Usage`. Parallel meters in one process count the same CPU.

    Children are looked for as often as takes a five-hundredth of the time: the memory, and a GPU, of a child that lives
    shorter than from one look to the next may be missed, and not its CPU. Where there is none, which the kernel says at
    once, none is looked for. GPUs are asked for in the thread that samples: a driver can take seconds to begin.
    """

    def __init__(self) -> None:
        _adopt()
        self._process = psutil.Process()
        self._done = threading.Event()
        self._known: list[psutil.Process] = []
        self._look_again = 0.0
        self._gpus: GpuMeter | None = None
        children = self._known = self._children()
        self._peak = self._resident(children)
        self._start = (time.perf_counter(), self._cpu(children), *self._bytes(children))
        self._thread = threading.Thread(target=self._watch, name="treadle-meter", daemon=True)
        self._thread.start()

    def stop(self) -> Usage:
        self._done.set()
        self._thread.join()
        children = self._known = self._children()
        self._ask_gpus(last=True)
        self._peak = max(self._peak, self._resident(children))
        wall, cpu, read, written = self._start
        read_now, written_now = self._bytes(children)
        gpus = self._gpus
        return Usage(
            seconds=round(time.perf_counter() - wall, 4),
            cpu_seconds=round(max(0.0, self._cpu(children) - cpu), 4),
            peak_mb=round(self._peak / 2**20, 1),
            read_bytes=max(0, read_now - read),
            written_bytes=max(0, written_now - written),
            gpu_seconds=0.0 if gpus is None else round(gpus.seconds, 4),
            gpu_busy_seconds=None if gpus is None or gpus.busy_seconds is None else round(gpus.busy_seconds, 4),
            gpu_peak_mb=0.0 if gpus is None else round(gpus.peak / 2**20, 1),
            gpu_by="" if gpus is None else gpus.by,
        )

    def _children(self) -> list[psutil.Process]:
        return below(self._process, self._known) if _has_children() else []

    def _resident(self, children: list[psutil.Process]) -> int:
        total = int(self._process.memory_info().rss)
        for child in children:
            with contextlib.suppress(psutil.Error):
                total += int(child.memory_info().rss)
        return total

    def _cpu(self, children: list[psutil.Process]) -> float:
        """CPU seconds of this process, of ended children, and of those still running."""
        used = os.times()
        total = used.user + used.system + used.children_user + used.children_system
        for child in children:
            with contextlib.suppress(psutil.Error):
                spent = child.cpu_times()
                total += spent.user + spent.system
        return total

    def _bytes(self, children: list[psutil.Process]) -> tuple[int, int]:
        """Bytes through read and write calls; Linux adds ended children to the parent's count."""
        read = written = 0
        for process in (self._process, *children):
            with contextlib.suppress(psutil.Error, AttributeError):
                counters = process.io_counters()
                read += int(getattr(counters, "read_chars", counters.read_bytes))
                written += int(getattr(counters, "write_chars", counters.write_bytes))
        return read, written

    def _ask_gpus(self, *, last: bool = False) -> None:
        if self._gpus is not None:
            self._gpus.look([self._process.pid, *(child.pid for child in self._known)], last=last)

    def _watch(self) -> None:
        driver = nvml.driver()
        if driver is not None:
            self._gpus = GpuMeter(driver, time.perf_counter, self._start[0])
            self._ask_gpus()
        while not self._done.wait(_SAMPLE_SECONDS):
            now = time.perf_counter()
            if now >= self._look_again:
                begun = time.thread_time()  # of this thread alone: that others had the machine is no cost of it
                self._known = self._children()
                self._look_again = now + (time.thread_time() - begun) / _SHARE
            self._peak = max(self._peak, self._resident(self._known))
            self._ask_gpus()


def _has_children() -> bool:
    """Whether any process below this one may be there; True where the system cannot say.

    One that has ended is left to whoever waits for it.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except (AttributeError, OSError):
        return True
    return True


@functools.cache
def _adopt() -> bool:
    """On Linux, children of children that outlive their parent become ours, so that what they use is still counted.

    They would else be handed to the init process, and a detached worker would cost nothing. Whether it was done.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False
