"""Requests that were refused before anything of them was asked: no HTTP, too large, too many."""

from __future__ import annotations

import time
from collections.abc import Callable

from treadle.serving.metrics import Metrics

_SAID_SECONDS = 60.0  # between two lines of the log: who is outside must not fill it


class Unread:
    """Counts them, with the path "unread", and says how many there were, once a minute at most."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics, self._clock = metrics, clock
        self._since, self._next = 0, clock()

    def __call__(self, status: int) -> None:
        self._metrics.request("unread", status)
        self._since += 1
        if self._clock() >= self._next:
            many = "1 request was" if self._since == 1 else f"{self._since:,} requests were"
            print(f"treadle: {many} refused unread, the last with {status}; /metrics has them by status", flush=True)
            self._since, self._next = 0, self._clock() + _SAID_SECONDS
