"""Predicted quantiles that know their levels, and how good they are.

Measures are proper: the pinball loss is least in the mean for the true quantile (Koenker and Bassett 1978). Needs NumPy
only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
HOLDS = 1e-9
"""What a quantile may fall short of a label, as a share of it, and still hold it: the rounding of float32 and text."""


class Quantiles(np.ndarray[Any, Any]):
    """float64 [rows, levels], rising in each row. What is measured of them depends on the levels, so these stay with
    the numbers, in parts of the rows too."""

    levels: tuple[float, ...]

    def __array_finalize__(self, made_from: Any) -> None:
        self.levels = getattr(made_from, "levels", ())


def of_levels(values: Array, levels: Sequence[float]) -> Quantiles:
    """`values` [rows, levels] as predictions of these levels."""
    told = np.asarray(values, dtype=np.float64).view(Quantiles)
    told.levels = tuple(levels)
    return told


def of_quantiles(name: str, y: Array, p: Array, levels: tuple[float, ...]) -> Callable[[Array], float] | None:
    """The metric as a function of row weights; None if it is no metric of quantiles.

    `pinball`: the mean over levels of the loss (as `sklearn.metrics.mean_pinball_loss`), in the label's unit;
    `coverage`: how often the label lies from the lowest to the highest; `width`: how far these are apart, in the mean.
    """
    if name == "pinball":
        each = pinball(y, p, levels).mean(axis=1)
    elif name == "coverage":
        each = inside(y, p).astype(np.float64)
    elif name == "width":
        each = p[:, -1] - p[:, 0]
    else:
        return None
    return lambda w: float(np.dot(w, each) / w.sum()) if w.sum() > 0 else math.nan


def weighted_quantiles(values: Array, shares: float | Sequence[float], weight: Array) -> Array:
    """The least of `values` that rows of so large a share of all `weight` do not exceed: a row of weight two is two
    rows (the inverse of the distribution function, type 1 of Hyndman and Fan 1996)."""
    found: Array = np.quantile(values, shares, weights=weight, method="inverted_cdf")
    return found


def pinball(y: Array, p: Array, levels: Sequence[float]) -> Array:
    """The loss of each row and level: what is missing times the level, or what is too much times the rest."""
    gap = y[:, None] - p
    level = np.asarray(levels)
    loss: Array = np.maximum(level * gap, (level - 1) * gap)
    return loss


def inside(y: Array, p: Array) -> Array:
    """Whether each label lies from the lowest quantile of its row to the highest."""
    slack = HOLDS * np.abs(y)
    held: Array = (y >= p[:, 0] - slack) & (y <= p[:, -1] + slack)
    return held


def name_of(level: float) -> str:
    """As answers call it.

    >>> name_of(0.1), name_of(0.975), name_of(0.5)
    ('p10', 'p97.5', 'p50')
    """
    return f"p{round(100 * level, 10):g}"
