"""For how long the processes of a step hold GPUs, by what a driver tells from time to time.

A GPU is held while a process of the step has a context on it, busy or not: what one holds can serve nobody else. It
asks no driver itself; see `nvml`.

Where the driver's process numbers are ours, each GPU is told by its own list of processes: "processes". In a container
they are the host's, and no process can be known by its number. Then each GPU that is visible here, and that any process
is on, counts from when a process of the step has opened CUDA: "devices", which is too much where others are on it too.
Where not even that can be seen, it is "unknown", and no second is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

_APART_SECONDS = 0.25
_SHARE = 0.004  # of the time, at the most, that the driver is asked for it
_CONTEXT = 128 * 2**20
"""Bytes: an idle GPU has fewer in use, and one with a context on it more."""


@dataclass(frozen=True)
class Gpu:
    """One GPU at one moment; None: the driver does not tell.

    holders: bytes of its memory that each process holds, by the number of the process. used: bytes that are in use,
    whoever holds them. busy: the share of the last moment (a second, or less) in which it computed, for whomever.
    """

    holders: Mapping[int, int | None] | None
    used: int | None
    busy: float | None


class Driver(Protocol):
    """Of the GPUs of a machine. Asked by several threads at once."""

    @property
    def ours(self) -> bool:
        """Whether its process numbers are those of our processes."""
        ...

    @property
    def most(self) -> int | None:
        """As many GPUs at the most can be used here, of those that it tells; None: all."""
        ...

    def look(self) -> Sequence[Gpu]:
        """All that it tells of, always in one order. It raises nothing."""
        ...

    def computes(self, process: int) -> bool | None:
        """Whether a process has opened the door to computing on a GPU, on whichever; None: that cannot be seen."""
        ...


@dataclass(frozen=True)
class Held:
    """What the processes of a step hold at one moment: GPUs; the shares of the moment in which these were busy, summed;
    bytes of their memory. `by`: how it is known."""

    gpus: int
    busy: float | None
    used: int
    by: str


def held(processes: Sequence[int], driver: Driver) -> Held:
    seen = driver.look()
    if driver.ours and all(each.holders is not None for each in seen):
        mine = set(processes)
        on = [(each, found) for each in seen if (found := mine & (each.holders or {}).keys())]
        used = sum((each.holders or {})[pid] or 0 for each, found in on for pid in found)
        return Held(len(on), _busy([each for each, _ in on]), used, "processes")
    computing = [driver.computes(each) for each in processes]
    if True not in computing:
        return Held(0, 0.0, 0, "unknown" if None in computing else "devices")
    several = sorted(filter(_in_use, seen), key=lambda each: each.used or 0, reverse=True)[: driver.most]
    return Held(len(several), _busy(several), sum(each.used or 0 for each in several), "devices")


def _in_use(gpu: Gpu) -> bool:
    """Whether any process is on it. In a container the list of processes may be empty though some are."""
    if gpu.holders is None and gpu.used is None:
        return True
    return bool(gpu.holders) or (gpu.used or 0) >= _CONTEXT


def _busy(gpus: Sequence[Gpu]) -> float | None:
    shares = [each.busy for each in gpus if each.busy is not None]
    return sum(shares) if len(shares) == len(gpus) else None


class GpuMeter:
    """Tell it from time to time what the processes of a step are; `seconds` are those of GPUs that they held.

    Between two looks, what holds is the mean of both: what was taken or left between them counts for half of that time.
    Before the first look it is what that one saw.
    """

    def __init__(self, driver: Driver, clock: Callable[[], float], begun: float) -> None:
        self._driver, self._clock = driver, clock
        self._at, self._again = begun, begun
        self._last: Held | None = None
        self.seconds, self.peak, self.by = 0.0, 0, ""
        self.busy_seconds: float | None = None
        """None: no GPU was held, or the driver did not tell of each how busy it was."""

    def look(self, processes: Sequence[int], *, last: bool = False) -> None:
        """Asks the driver, unless it was asked a moment ago and this is not the last time."""
        now = self._clock()
        if now < self._again and not last:
            return
        begun = time.thread_time()
        found = held(processes, self._driver)
        took = time.thread_time() - begun if self._last is not None else 0.0  # the first time it is slow, and once
        self._add(self._last or found, found, now - self._at)
        self._at, self._last = now, found
        self._again = now + max(_APART_SECONDS, took / _SHARE)

    def _add(self, before: Held, now: Held, span: float) -> None:
        if before.gpus or now.gpus:
            busy = None if before.busy is None or now.busy is None else (before.busy + now.busy) / 2 * span
            known = self.busy_seconds if self.seconds else 0.0
            self.busy_seconds = None if busy is None or known is None else known + busy
        self.seconds += (before.gpus + now.gpus) / 2 * span
        self.peak = max(self.peak, now.used)
        if now.gpus or not self.by or (now.by == "unknown" and not self.seconds):
            self.by = now.by
