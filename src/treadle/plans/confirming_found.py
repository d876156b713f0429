"""What a load test says of a plan, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Slice(Struct, frozen=True):
    """A second or so of the test: how many were answered in it, and the CPU-seconds of the server."""

    answers: int
    seconds: float
    cpu_seconds: float


class Loaded(Struct, frozen=True):
    """`took`: seconds of each answer, in order of size; `refused`: answers other than 200, `first` what one said."""

    slices: tuple[Slice, ...]
    took: tuple[float, ...]
    refused: int
    first: str
    peak_mb: float

    @property
    def answers(self) -> int:
        return sum(each.answers for each in self.slices)

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.slices)

    def quantile(self, share: float) -> float:
        return self.took[min(int(len(self.took) * share), len(self.took) - 1)] if self.took else 0.0


class Confirmed(Struct, frozen=True):
    """`cpu_ms`: of a CPU an answer, with 95 % `low` and `high`; `planned_ms`: what plans took it to be. `planned_rate`,
    `rate`: answers a second of one CPU that may be `busy` so much, by either. `planned_servers`, `servers`: of
    `server_cpus` each for the busiest minute that was measured, None where nobody asked. `monthly`, `planned_monthly`:
    a month of the measured load by either, served the same `way`; None where no price is known, or nobody asked.
    `verdict`: confirmed, needs less, refuted or not told apart; `entry`: of the record."""

    model: str
    seconds: float
    connections: int
    answers: int
    refused: int
    a_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    low: float | None
    high: float | None
    planned_ms: float
    busy: float
    rate: float
    planned_rate: float
    peak_mb: float
    planned_mb: float
    server_cpus: float
    servers: int | None
    planned_servers: int | None
    verdict: str
    said: str
    entry: int
    next: str
    currency: str = ""
    way: str = ""
    monthly: Decimal | None = None
    planned_monthly: Decimal | None = None
