"""One line of a benchmark, and the table of all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`ours` and `limit` in `unit`; `limit` is `against`, measured in the same run. `target` in words."""

    what: str
    unit: str
    ours: float
    limit: float | None
    against: str
    target: str
    holds: bool

    def cells(self) -> tuple[str, ...]:
        ratio = "" if not self.limit else f"{self.ours / self.limit:.2f}"
        limit = "" if self.limit is None else f"{self.limit:,.4g}"
        mark = "yes" if self.holds else "NO"
        return self.what, f"{self.ours:,.4g} {self.unit}", f"{limit} {self.against}".strip(), ratio, self.target, mark


HEAD = ("what", "ours", "beside it", "ratio", "target", "holds")


def table(rows: list[Row]) -> str:
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def median_seconds(call: Callable[[], object], times: int = 5) -> float:
    """The median of `times` runs, after one that is not counted."""
    call()
    return statistics.median(_seconds(call) for _ in range(times))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
