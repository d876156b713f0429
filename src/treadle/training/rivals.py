"""Ways to answer the same question held against each other on the sealed rows: scores, and what their mistakes cost.

Whoever calls `compare` counts the call: it opens the sealed test rows. All are asked about the same rows, and judged on
the same draws of them, so that each difference has an interval of its own (see `scoring.paired`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from msgspec import Struct

from treadle.errors import DataError
from treadle.scoring import metrics
from treadle.scoring.bootstrap import REPLICATES, Draws, Interval, draws, interval, of_costs, of_score
from treadle.scoring.decisions import Rule
from treadle.scoring.metrics import Array
from treadle.scoring.paired import Replicated, gain_over, replicated
from treadle.scoring.tasks import Task
from treadle.spec import Mistakes
from treadle.training.mistakes import row_costs
from treadle.training.splits import Split
from treadle.training.table import TrainingTable

Sort = Literal["own", "library", "rule", "service", "nothing"]
TIMED = 50


@dataclass(frozen=True, eq=False)
class Rival:
    """What answers, and what it said of the sealed rows, in their order: [rows] or [rows, classes].

    `seconds`, `cpu_seconds`: of its fit; None where nothing was fitted here. `p99_ms`: of one answer, by `answer_ms`.
    """

    name: str
    sort: Sort
    p: Array
    rule: Rule
    said: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None
    p99_ms: float | None = None


class Scored(Struct, frozen=True):
    """A rival on the sealed rows. `cost`: of a decision by it, where mistakes have a price."""

    name: str
    sort: Sort
    said: str
    score: Interval
    cost: Interval | None
    seconds: float | None
    cpu_seconds: float | None
    p99_ms: float | None


class Pair(Struct, frozen=True):
    """Two of them on the same draws. `gain`: of the score, positive where the first is better; `saves`: what a decision
    by the first costs less."""

    one: str
    other: str
    gain: Interval
    saves: Interval | None


class Compared(Struct, frozen=True):
    """`scored`: our own first. `currency`: of the costs, "" where mistakes have no price. `pairs`: each two once."""

    metric: str
    rows: int
    drawn: str
    currency: str
    scored: tuple[Scored, ...]
    pairs: tuple[Pair, ...]

    def pair(self, one: str, other: str) -> Pair:
        """The two of them, in that order."""
        for each in self.pairs:
            if (each.one, each.other) == (one, other):
                return each
            if (each.one, each.other) == (other, one):
                return Pair(one, other, _turned(each.gain), None if each.saves is None else _turned(each.saves))
        raise KeyError((one, other))


def compare(
    metric: str,
    task: Task,
    table: TrainingTable,
    parts: Split,
    rivals: list[Rival],
    mistakes: Mistakes,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> Compared:
    """`table`: in the units of its training rows.

    Raises:
        DataError: the metric is not defined on these rows.
    """
    test = table.rows(parts.test)
    group = test.group if parts.by == "group" else None
    dealt = len(parts.train) + len(parts.test) if task.decides and parts.by == "stratified" else None
    draw = draws(test.label, test.at, group=group, dealt_from=dealt, seed=seed, weight=test.weight)
    values = [metrics.weighted(metric, test.label, each.p, each.rule) for each in rivals]
    found = replicated(values, draw, replicates)
    if not np.isfinite(found[0].whole):
        raise DataError(f"{metric} is not defined on the sealed rows", where="predict.metric", mend="name another")
    costs = [row_costs(each.p, test.label, each.rule, task, mistakes) for each in rivals]
    told = [None if each is None else _means(each, draw, replicates) for each in costs]
    return Compared(
        metric=metric,
        rows=len(test),
        drawn=draw.block.kind,
        currency=mistakes.currency if told[0] is not None else "",
        scored=tuple(
            _scored(metric, test.label, rival, score, cost, draw)
            for rival, score, cost in zip(rivals, found, told, strict=True)
        ),
        pairs=tuple(
            Pair(rivals[one].name, rivals[other].name, gain_over(metric, found[one], found[other], draw.block),
                 _saves(told[one], told[other], draw))
            for one in range(len(rivals)) for other in range(one + 1, len(rivals))
        ),
    )  # fmt: skip


def _means(costs: Array, draw: Draws, replicates: int) -> Replicated:
    def mean(weight: Array) -> float:
        return float((weight * costs).sum() / weight.sum())  # no `@`: threads of BLAS cost more than they save here

    (found,) = replicated([mean], draw, replicates)
    return found


def _scored(metric: str, y: Array, rival: Rival, score: Replicated, cost: Replicated | None, draw: Draws) -> Scored:
    return Scored(
        name=rival.name,
        sort=rival.sort,
        said=rival.said,
        score=of_score(metric, y, rival.p, rival.rule, score.whole, score.drawn, draw.block),
        cost=None if cost is None else of_costs(cost.whole, cost.drawn, draw.block),
        seconds=rival.seconds,
        cpu_seconds=rival.cpu_seconds,
        p99_ms=rival.p99_ms,
    )


def _saves(one: Replicated | None, other: Replicated | None, draw: Draws) -> Interval | None:
    if one is None or other is None:
        return None
    less = [theirs - ours for ours, theirs in zip(one.drawn, other.drawn, strict=True)]
    return interval(other.whole - one.whole, less, draw.block)


def _turned(found: Interval) -> Interval:
    low, high = (None if each is None else -each for each in (found.high, found.low))
    return Interval(-found.value, low, high, found.why)


def answer_ms(answer: Callable[[int], object], rows: int) -> float:
    """The time of one answer in this process, in milliseconds: that of the slowest but one of `TIMED` rows, since one
    of so few may be an accident. Of each row it is the shortest of three, since what else the machine did is not the
    answer's."""

    def took(row: int) -> float:
        start = time.perf_counter()
        answer(row)
        return time.perf_counter() - start

    several = sorted(min(took(number % rows) for _ in range(3)) for number in range(TIMED))
    return round(several[-2] * 1000, 4)
