"""Intervals by the bootstrap (Efron 1979), drawn by blocks of days where rows have a time.

Flights of one stormy day are late together. Drawing rows one by one would treat them as so many independent facts and
give intervals several times too narrow; drawing whole days keeps what belongs together (Künsch 1989).
Replicates are row weights, so nothing is copied or sorted again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

Array = np.ndarray[Any, Any]
REPLICATES = 400
LEVEL = 0.95
LEAST_BLOCKS = 10
"""With fewer days than this, days are too coarse to draw from, and rows are drawn instead."""


class Interval(Struct, frozen=True):
    """A value with its 95 % interval: percentiles of the replicates, NaN as None where undefined."""

    value: float
    low: float | None
    high: float | None


def draws(
    y: Array, at: Array | None, *, stratify: bool, seed: int = 7, replicates: int = REPLICATES
) -> Callable[[int], Array]:
    """A function from the number of a replicate to row weights; the same number gives the same weights.

    Whole UTC days when `at` is given and covers enough of them; else rows, within each class if `stratify`.
    """
    n = len(y)
    if at is not None:
        days, member = np.unique(at.astype("datetime64[D]"), return_inverse=True)
        if len(days) >= LEAST_BLOCKS:

            def by_day(number: int) -> Array:
                random = np.random.default_rng((seed, number))
                weights: Array = random.multinomial(len(days), np.full(len(days), 1 / len(days)))[member].astype(float)
                return weights

            return by_day
    parts = [np.flatnonzero(y == value) for value in (0.0, 1.0)] if stratify else [np.arange(n)]

    def by_row(number: int) -> Array:
        random = np.random.default_rng((seed, number))
        weights = np.zeros(n)
        for rows in parts:
            if len(rows):
                weights[rows] = np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows))
        return weights

    return by_row


def interval(value: float, replicates: Sequence[float]) -> Interval:
    """The percentile interval around `value`; without bounds when under half of the replicates are defined."""
    defined = np.array([r for r in replicates if math.isfinite(r)])
    if len(defined) < max(10, len(replicates) / 2):
        return Interval(value, None, None)
    low, high = np.quantile(defined, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(value, float(low), float(high))
