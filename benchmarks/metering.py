"""What metering itself costs: of a step that is measured, and of a prediction that is counted for its share of cost.

Of a step: the CPU time of the thread that samples memory, and of beginning and ending, by the kernel's clock of each
thread, as a share of the step's seconds; with no child process, and with one that works. Of a prediction: its counters
and its latency as they are kept, and what the name of who asked adds to its line in the journal. Beside it the bare
limit: a call that does nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Struct

from benchmarks.rows import Row
from treadle.evidence.metering import Meter
from treadle.serving.messages import Answered
from treadle.serving.metrics import Metrics

_STEP_S, _TIMES, _CALLS = 1.5, 5, 100_000
_SHARE, _EACH_US = 0.01, 2.0


class _Timed(Meter):
    """As it is, with the CPU time of its own thread."""

    own = 0.0

    def _watch(self) -> None:
        begun = time.thread_time()
        super()._watch()
        self.own = time.thread_time() - begun


class _Record(Struct):
    customer: str
    amount: float


def measure() -> list[Row]:
    alone, beside = _share(None), _share([sys.executable, "-c", "while True: pass"])
    target = f"under {_SHARE:.0%}"
    counted, named, bare = _counted(), _named(), _each(lambda: None)
    return [
        Row("metering a step", "%", alone * 100, None, "", target, alone < _SHARE),
        Row("metering a step with a child process", "%", beside * 100, None, "", target, beside < _SHARE),
        Row("metering a prediction: its counters", "us", counted, bare, "a bare call", "", True),
        Row("metering a prediction: who asked", "us", named, bare, "a bare call", "", True),
        Row("metering a prediction, in all", "us", counted + named, bare, "a bare call", f"under {_EACH_US:g} us",
            counted + named < _EACH_US),
    ]  # fmt: skip


def _share(child: list[str] | None) -> float:
    """The median of several steps."""
    return statistics.median(_of_one(child) for _ in range(_TIMES))


def _of_one(child: list[str] | None) -> float:
    process = subprocess.Popen(child) if child is not None else None
    try:
        begun, wall = time.thread_time(), time.perf_counter()
        meter = _Timed()
        around = time.thread_time() - begun
        time.sleep(_STEP_S)
        begun = time.thread_time()
        meter.stop()
        around += time.thread_time() - begun
        return (meter.own + around) / (time.perf_counter() - wall)
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _counted() -> float:
    metrics = Metrics("shop")

    def count() -> None:
        begun = time.perf_counter()
        metrics.predictions.inc()
        metrics.latency.observe(time.perf_counter() - begun)
        metrics.request("/predict", 200)

    return _each(count)


def _named() -> float:
    """What a line takes to write with a name less what it takes without."""
    encode = msgspec.json.Encoder(enc_hook=str).encode
    at, record = datetime(2026, 11, 20, tzinfo=UTC), _Record("Zoë", 12.5)

    def line(client: str) -> Callable[[], object]:
        return lambda: encode(
            Answered("a" * 24, 1.5, at, "shop:1", True, 0.5, 0.4, record, (1.0, "x"), client=client or UNSET)
        )

    return max(_each(line("service:tests")) - _each(line("")), 0.0)


def _each(call: Callable[[], object]) -> float:
    """Microseconds of a call, the median of several rounds."""
    rounds = []
    for _ in range(_TIMES):
        begun = time.thread_time()
        for _ in range(_CALLS):
            call()
        rounds.append((time.thread_time() - begun) / _CALLS * 1e6)
    return statistics.median(rounds)
