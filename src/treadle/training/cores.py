"""How many cores other work leaves free, so that a fit wakes no more threads than can run."""

from __future__ import annotations

import os
import time

import psutil

MOST_THREADS = 8
"""Boosting gains little from more."""
_SAMPLE_SECONDS = 0.05


class Cores:
    """The cores of this process less what others kept busy since the last question.

    Threads that wait for one another run at the pace of the slowest: on two cores of which one is taken, two threads
    fit five to fifty times slower than one.
    """

    def __init__(self) -> None:
        self._before: tuple[float, float, float] | None = None
        self._found = 1

    def free(self, most: int = MOST_THREADS) -> int:
        """At least 1, at most `most`."""
        if self._before is None:
            self._before = self._now()
            time.sleep(_SAMPLE_SECONDS)
        wall, busy, own = (after - before for after, before in zip(self._now(), self._before, strict=True))
        if wall >= _SAMPLE_SECONDS * 0.9:
            # a core that others use for less than a third is still worth a thread
            others = max(0.0, busy - own) / wall
            self._found, self._before = max(1, int(_cores() - others + 0.35)), self._now()
        return min(self._found, most)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        machine, own = psutil.cpu_times(), psutil.Process().cpu_times()
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        # guest time is counted in user time as well
        busy = sum(machine) - idle - getattr(machine, "guest", 0.0) - getattr(machine, "guest_nice", 0.0)
        return time.monotonic(), busy, own.user + own.system


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


CORES = Cores()
