"""The kind `load.tested`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload
from treadle.money import Money

Verdict = Literal["confirmed", "needs less", "refuted", "not told apart"]


class LoadTested(Payload, frozen=True, kw_only=True):
    """A server of a version was asked as much as it could answer, beside what plans took it to need.

    cpu_ms: of a CPU an answer, with 95 % `low` and `high`; planned_ms: what plans took it to be. a_second: as many as
    were answered at `connections` at once. peak_mb, planned_mb: memory of the server. verdict: it needs less where an
    answer surely takes under half of what was planned, so that the plan is far too high. monthly, planned_monthly:
    a month of the load that was measured, by what was measured and by what was planned, served the same `way`; None
    where nobody asked, or no price is known.
    """

    KIND: ClassVar[str] = "load.tested"
    FACT: ClassVar[bool] = True

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
    peak_mb: float
    planned_ms: float
    planned_mb: float
    verdict: Verdict
    way: str = ""
    monthly: Money | None = None
    planned_monthly: Money | None = None

    def said(self) -> str:
        span = "" if self.low is None or self.high is None else f" ({self.low:.3g} to {self.high:.3g})"
        paid = "" if self.monthly is None else f"; {self.monthly} a month {self.way}, planned {self.planned_monthly}"
        return (
            f"{self.model}: {self.cpu_ms:.3g}{span} ms of a CPU an answer, planned {self.planned_ms:.3g}: "
            f"{self.verdict}; {self.a_second:,.0f} a second, {self.p99_ms:.3g} ms at p99, {self.connections} at once; "
            f"{self.peak_mb:,.0f} MiB, planned {self.planned_mb:,.0f}{paid}"
        )
