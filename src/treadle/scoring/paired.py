"""Models on the same rows, by the same draws of them: what is common to two cancels out of their difference.

Of two models with scores that vary alike from draw to draw, the difference varies far less than either score does. So
the interval of a gain is that of the differences, draw by draw (the paired bootstrap; Efron and Tibshirani 1993, "An
Introduction to the Bootstrap", ch. 8), and never the distance of two intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from treadle.scoring import metrics
from treadle.scoring.bootstrap import REPLICATES, Blocks, Draws, Interval, interval, of_score
from treadle.scoring.decisions import Rule
from treadle.scoring.metrics import Array, Weighted


class Replicated(Struct, frozen=True):
    """A metric on all rows, and on each draw of them."""

    whole: float
    drawn: tuple[float, ...]


class Answers(Struct, frozen=True):
    """What a model says of some rows, [rows] or [rows, classes], and how it decides on that."""

    p: Array
    rule: Rule


class Paired(Struct, frozen=True):
    """A metric of two models on the same rows. `gain` is positive where the first is better, whatever the metric."""

    ours: Interval
    theirs: Interval
    gain: Interval


def replicated(values: Sequence[Weighted], draw: Draws, replicates: int) -> list[Replicated]:
    """Each of these on all rows, and on the same `replicates` draws of them."""
    drawn: list[list[float]] = [[] for _ in values]
    for number in range(replicates):
        weight = draw(number)
        for found, value in zip(drawn, values, strict=True):
            found.append(value(weight))
    return [Replicated(value(draw.whole), tuple(found)) for value, found in zip(values, drawn, strict=True)]


def gain_over(metric: str, ours: Replicated, theirs: Replicated, block: Blocks) -> Interval:
    """How much better the first is, with its interval: positive where it is better, also where lower is better."""
    sign = metrics.sign(metric)
    gains = [(one - other) * sign for one, other in zip(ours.drawn, theirs.drawn, strict=True)]
    return interval((ours.whole - theirs.whole) * sign, gains, block)


def paired(metric: str, y: Array, ours: Answers, theirs: Answers, draw: Draws, replicates: int = REPLICATES) -> Paired:
    """`ours` beside `theirs` on rows of labels `y`, float64 [rows], each deciding by its own rule.

    >>> import numpy as np
    >>> from treadle.scoring.bootstrap import draws
    >>> y, half, sure = np.array([0.0, 1.0] * 50), np.full(100, 0.5), np.array([0.1, 0.9] * 50)
    >>> found = paired("brier", y, Answers(sure, 0.5), Answers(half, 0.5), draws(y, None), 50)
    >>> round(found.gain.value, 2), found.gain.low > 0
    (0.24, True)
    """
    values = [metrics.weighted(metric, y, told.p, told.rule) for told in (ours, theirs)]
    first, second = replicated(values, draw, replicates)

    def scored(told: Answers, found: Replicated) -> Interval:
        return of_score(metric, y, told.p, told.rule, found.whole, found.drawn, draw.block)

    return Paired(scored(ours, first), scored(theirs, second), gain_over(metric, first, second, draw.block))
