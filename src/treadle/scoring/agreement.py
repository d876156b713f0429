"""How far persons who labelled the same things agree, beyond what chance gives: Cohen's kappa and Krippendorff's alpha.

Labels are codes in a matrix, int [labellers, items], -1 where one said nothing. Intervals are by the bootstrap over
items, since it is other items that the figure is to hold for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from treadle.scoring.bootstrap import Blocks, Interval, draws, interval

Codes = np.ndarray[Any, np.dtype[np.int64]]
Array = np.ndarray[Any, Any]
Scale = Literal["nominal", "ordinal", "interval"]
NOTHING = -1
REPLICATES = 1000
SEED = 7


class Agreed(Struct, frozen=True):
    """`items` that two or more have labelled; `alike`: the share of pairs of labels that are equal, chance included."""

    items: int
    alike: float
    value: Interval


def kappa(one: Codes, other: Codes, values: int, *, replicates: int = REPLICATES) -> Agreed:
    """Cohen's kappa of two labellers on the items that both have labelled (Cohen 1960, "A coefficient of agreement for
    nominal scales"). NaN where both say one and the same thing of all: then chance alone would agree as well.

    >>> both = np.array([0] * 20 + [0] * 5 + [1] * 10 + [1] * 15), np.array([0] * 20 + [1] * 5 + [0] * 10 + [1] * 15)
    >>> round(kappa(*both, 2).value.value, 3)
    0.4
    """
    there = (one != NOTHING) & (other != NOTHING)
    first, second = one[there], other[there]
    cell = first * values + second

    def weighted(weights: Array) -> float:
        table = np.bincount(cell, weights, values * values).reshape(values, values)
        whole = float(table.sum())
        if whole == 0:
            return float("nan")
        chance = float(table.sum(0) @ table.sum(1)) / whole**2
        return (float(np.trace(table)) / whole - chance) / (1 - chance) if chance < 1 else float("nan")

    alike = float(np.mean(first == second)) if len(first) else float("nan")
    return Agreed(len(first), alike, _interval(weighted, len(first), replicates))


def alpha(codes: Codes, numbers: Sequence[float], scale: Scale = "nominal", *, replicates: int = REPLICATES) -> Agreed:
    """Krippendorff's alpha of any number of labellers, some of whom may have said nothing of an item (Krippendorff
    2011, "Computing Krippendorff's Alpha-Reliability").

    numbers: what each code stands for, in their order; it counts for the scale `interval` alone. NaN where all labels
    are one and the same.
    """
    if scale == "interval":
        return _alpha_of_numbers(codes, np.asarray(numbers, dtype=float), replicates)
    values = len(numbers)
    counts = np.stack([np.bincount(item[item != NOTHING], minlength=values) for item in codes.T]).astype(float)
    counts = counts[counts.sum(1) >= 2]
    alike_items, member = np.unique(counts, axis=0, return_inverse=True)
    member = member.reshape(-1)

    def weighted(weights: Array) -> float:
        seen = _pairs(alike_items, np.bincount(member, weights=weights, minlength=len(alike_items)))
        of_each, whole = seen.sum(1), float(seen.sum())
        if whole <= 1:
            return float("nan")
        apart = _apart(of_each, scale)
        expected = float((np.outer(of_each, of_each) * apart).sum()) / (whole - 1)
        return 1 - float((seen * apart).sum()) / expected if expected > 0 else float("nan")

    whole = _pairs(counts, np.ones(len(counts)))
    alike = float(np.trace(whole) / whole.sum()) if whole.sum() else float("nan")
    return Agreed(len(counts), alike, _interval(weighted, len(counts), replicates))


def _pairs(counts: Array, weights: Array) -> Array:
    """The pairs of labels of all items, [values, values], so weighted that a label counts once in its item. `weights`:
    how often each item counts."""
    part = counts * (weights / (counts.sum(1) - 1))[:, None]
    made: Array = part.T @ counts - np.diag(part.sum(0))
    return made


def _apart(of_each: Array, scale: Scale) -> Array:
    """How far two labels are from each other, squared, [values, values]."""
    middle = np.cumsum(of_each) - of_each / 2
    apart: Array = (middle[:, None] - middle) ** 2 if scale == "ordinal" else 1.0 - np.eye(len(of_each))
    return apart


def _alpha_of_numbers(codes: Codes, numbers: Array, replicates: int) -> Agreed:
    """Of squared distances, which come out of a sum, a mean and a spread of each item: amounts have nearly as many
    values as there are labels, and a table of all pairs of values would have no end."""
    there = codes != NOTHING
    twice = there.sum(0) >= 2
    codes, there = codes[:, twice], there[:, twice]
    said = np.where(there, (numbers / (np.abs(numbers).max(initial=0.0) or 1.0))[codes], 0.0)  # it minds no unit
    many = there.sum(0).astype(float)
    mean = said.sum(0) / many
    spread = (np.where(there, said - mean, 0.0) ** 2).sum(0)
    low, high = np.where(there, said, np.inf).min(0), np.where(there, said, -np.inf).max(0)

    def weighted(weights: Array) -> float:
        drawn, labels = weights > 0, float(weights @ many)
        if not drawn.any() or low[drawn].min() == high[drawn].max():
            return float("nan")
        centre = float(weights @ (many * mean)) / labels
        whole = float(weights @ (spread + many * (mean - centre) ** 2))
        within = float(weights @ (spread * many / (many - 1)))
        return 1 - within * (labels - 1) / (labels * whole) if whole > 0 else float("nan")

    equal = sum((((one == codes[place:]) & there[place - 1]).sum(0) for place, one in enumerate(codes, 1)), 0 * many)
    alike = float((2 * equal / (many - 1)).sum() / many.sum()) if len(many) else float("nan")
    return Agreed(len(many), alike, _interval(weighted, len(many), replicates))


def _interval(weighted: Callable[[Array], float], items: int, replicates: int) -> Interval:
    if not items:
        return Interval(float("nan"), None, None, "no item was labelled twice")
    whole = weighted(np.ones(items))
    if not np.isfinite(whole):
        return Interval(whole, None, None, "all labels are one and the same")
    drawn = draws(np.full(items, 2.0), None, seed=SEED)  # no two classes, so that items count and not their labels
    block: Blocks = drawn.block
    return interval(whole, [weighted(drawn(number)) for number in range(replicates)], block, within=(-1.0, 1.0))
