"""Intervals by the bootstrap (Efron 1979), drawn by blocks of days where rows have a time.

Flights of one stormy day are late together. Drawing rows one by one would treat them as so many independent facts and
give intervals several times too narrow; drawing whole days keeps what belongs together (Künsch 1989).
Replicates are row weights, so nothing is copied or sorted again.

A split that deals the classes out evenly gives the test rows the share of positives of all rows, so it varies as little
as that of all rows does, but it does vary: with it held still, 95 % intervals of the Brier score hold the truth in 87 %
of stratified splits. So for these the share is drawn first, as that of so many rows, and then rows within each class.

Every resample of rows without a mistake is without a mistake: there the bootstrap knows nothing of the error, and an
interval of no width would claim to know all. A share (accuracy, recall, precision) then has its exact one-sided bound
(Clopper and Pearson 1934; about 1 - 3/n, Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all
right?"), with n the days or rows that are drawn as one. Other metrics have no interval, and say why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from treadle.figures import Figure, figure
from treadle.scoring import metrics

Array = np.ndarray[Any, Any]
REPLICATES = 400
LEVEL = 0.95
LEAST_BLOCKS = 10
"""With fewer days than this, days are too coarse to draw from, and rows are drawn instead."""
_EQUAL = 1e-12


class Interval(Struct, frozen=True):
    """A value with its 95 % interval: percentiles of the replicates, NaN as None where undefined."""

    value: float
    low: float | None
    high: float | None
    why: str = ""
    """Why there are no bounds."""

    def shown(self, *, signed: bool = False) -> Figure:
        """As text: rounded by the width of the interval."""
        return figure(self.value, self.low, self.high, signed=signed, why=self.why)


def blocks(rows: int, at: Array | None) -> Array:
    """For each row the number of what it is drawn with: its day, where there are enough of them, else itself."""
    if at is not None:
        days, member = np.unique(at.astype("datetime64[D]"), return_inverse=True)
        if len(days) >= LEAST_BLOCKS:
            return member
    return np.arange(rows)


def draws(y: Array, at: Array | None, *, dealt_from: int | None = None, seed: int = 7) -> Callable[[int], Array]:
    """A function from the number of a replicate to row weights; the same number gives the same weights.

    Whole UTC days when `at` is given and covers enough of them; else rows. `dealt_from`: of how many rows the classes
    were dealt out evenly, these rows among them; None for any other split.
    """
    n, member = len(y), blocks(len(y), at)
    days = int(member.max()) + 1 if n else 0
    if days < n:

        def by_day(number: int) -> Array:
            random = np.random.default_rng((seed, number))
            weights: Array = random.multinomial(days, np.full(days, 1 / days))[member].astype(float)
            return weights

        return by_day

    def by_row(number: int) -> Array:
        random = np.random.default_rng((seed, number))
        weights: Array = np.bincount(random.integers(0, n, n), minlength=n).astype(float)
        return weights

    return by_row if dealt_from is None else _by_class(y, dealt_from, seed)


def _by_class(y: Array, dealt_from: int, seed: int) -> Callable[[int], Array]:
    share = float(y.mean())
    classes = [np.flatnonzero(y > 0.5), np.flatnonzero(y <= 0.5)]

    def within(number: int) -> Array:
        random = np.random.default_rng((seed, number))
        positives = random.binomial(dealt_from, share) / dealt_from
        weights = np.zeros(len(y))
        for rows, part in zip(classes, (positives, 1 - positives), strict=True):
            if len(rows):
                drawn = np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows))
                weights[rows] = drawn * (part * len(y) / len(rows))
        return weights

    return within


def interval(value: float, replicates: Sequence[float]) -> Interval:
    """The percentile interval around `value`; without bounds when under half of the replicates are defined."""
    defined = np.array([r for r in replicates if math.isfinite(r)])
    if len(defined) < max(10, len(replicates) / 2):
        return Interval(value, None, None, "too few rows")
    low, high = np.quantile(defined, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(value, float(low), float(high))


def of_score(
    metric: str, y: Array, p: Array, threshold: float, value: float, replicates: Sequence[float], block: Array
) -> Interval:
    """The interval of a model's score on these rows, of which `value` is the whole: by `interval`, but where all are
    told right (or, for a share, all wrong) by what is known there. `block`: of each row, as `blocks` gives them.
    """
    worst = metrics.counted(metric, y, p, threshold) is not None and value <= 0
    if abs(value - metrics.best(metric)) > _EQUAL and not worst:
        return interval(value, replicates)
    rows = metrics.counted(metric, y, p, threshold)
    units = len(np.unique(block if rows is None else block[rows]))
    if rows is None or not units:
        said = "days" if len(np.unique(block)) < len(block) else "rows"
        why = f"every resample is perfect, {units:,} {said}" if units else "no row counts in it"
        return Interval(value, None, None, why)
    bound = float((1 - LEVEL) ** (1 / units))
    return Interval(value, 0.0, 1 - bound) if worst else Interval(value, bound, 1.0)
