"""What a stretch of work used of the machine, child processes included, from the kernel's own books."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time

import psutil

from treadle.evidence.entry import Usage

_SAMPLE_SECONDS = 0.05  # memory has no running total to subtract, so it is sampled
_PR_SET_CHILD_SUBREAPER = 36


class Meter:
    """Start it, do the work, `stop()` for the `Usage`. Parallel meters in one process count the same CPU."""

    def __init__(self) -> None:
        _adopt()
        self._process = psutil.Process()
        self._done = threading.Event()
        self._peak = self._resident()
        self._start = (time.perf_counter(), self._cpu(), *self._bytes())
        self._thread = threading.Thread(target=self._watch, name="treadle-meter", daemon=True)
        self._thread.start()

    def stop(self) -> Usage:
        self._done.set()
        self._thread.join()
        self._peak = max(self._peak, self._resident())
        wall, cpu, read, written = self._start
        read_now, written_now = self._bytes()
        return Usage(
            seconds=round(time.perf_counter() - wall, 4),
            cpu_seconds=round(max(0.0, self._cpu() - cpu), 4),
            peak_mb=round(self._peak / 2**20, 1),
            read_bytes=max(0, read_now - read),
            written_bytes=max(0, written_now - written),
        )

    def _children(self) -> list[psutil.Process]:
        try:
            return list(self._process.children(recursive=True))
        except psutil.Error:
            return []

    def _resident(self) -> int:
        total = int(self._process.memory_info().rss)
        for child in self._children():
            with contextlib.suppress(psutil.Error):
                total += int(child.memory_info().rss)
        return total

    def _cpu(self) -> float:
        """CPU seconds of this process, of ended children, and of those still running."""
        used = os.times()
        total = used.user + used.system + used.children_user + used.children_system
        for child in self._children():
            with contextlib.suppress(psutil.Error):
                spent = child.cpu_times()
                total += spent.user + spent.system
        return total

    def _bytes(self) -> tuple[int, int]:
        """Bytes through read and write calls; Linux adds ended children to the parent's count."""
        read = written = 0
        for process in (self._process, *self._children()):
            with contextlib.suppress(psutil.Error, AttributeError):
                counters = process.io_counters()
                read += int(getattr(counters, "read_chars", counters.read_bytes))
                written += int(getattr(counters, "write_chars", counters.write_bytes))
        return read, written

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, self._resident())


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
