"""What a load test says of a plan, as types. Light: the command line names them first."""

from __future__ import annotations

from msgspec import Struct


class Confirmed(Struct, frozen=True):
    """`cpu_ms`: of a CPU an answer, with 95 % `low` and `high`; `planned_ms`: what plans took it to be. `planned_rate`,
    `rate`: answers a second of one CPU that may be `busy` so much, by either. `planned_servers`, `servers`: of
    `server_cpus` each for the busiest minute that was measured, None where nobody asked. `verdict`: confirmed, refuted
    or not told apart; `entry`: of the record."""

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
