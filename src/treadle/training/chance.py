"""What chance alone reaches: the metric with the labels dealt out anew (a permutation test; Fisher 1935, ch. III).

A rival that knows nothing has the value that is expected of chance, and chance itself scatters around it, above it too:
on 400 rows with 20 positives, the average precision of random scores lies over the share of positives more often than
not. An interval around the model's own value says nothing of that. So a gain is called real only if besides its
interval being above zero the value is better than what 39 in 40 of such deals reach.

Where rows have a time, labels stay together by whole days, and after a split by group by whole groups, as in the
bootstrap, and are mixed within them: two things that know nothing of one another, and both go by the day (or by the
patient, or by the shop), agree now and then by more than single rows would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from treadle.scoring import metrics
from treadle.scoring.bootstrap import LEAST_BLOCKS, Blocks, blocks
from treadle.scoring.decisions import Rule
from treadle.scoring.metrics import Array

PASSES = 0.025
"""How often a model of pure chance may pass: what a 95 % interval leaves on one side."""
_DEALS, _FEW, _MANY_ROWS = 199, 39, 50_000
"""Deals, and how many above `_MANY_ROWS`: one in 40 is told exactly by either, by the fifth best or by the best."""


def reached(
    metric: str,
    y: Array,
    p: Array,
    rule: Rule,
    *,
    at: Array | None = None,
    group: Sequence[Any] | None = None,
    seed: int = 7,
    weight: Array | None = None,
    exposure: Array | None = None,
) -> float:
    """The value that predictions `p` must be better than; worse values are more than `PASSES` of all deals of `y`.

    `group`: of each row, where the split keeps groups together. `weight`: how much each counts; it goes with the label,
    so that classes keep the share that they have. `exposure`: that counts are in proportion to; it goes with
    them too, and only the rates that are predicted are dealt out anew.
    """
    deals = _DEALS if len(y) <= _MANY_ROWS else _FEW
    # once: each deal finds the rows sorted
    order = np.argsort(-p, kind="stable") if p.ndim == 1 else np.arange(len(p))
    weight = np.ones(len(y)) if weight is None else weight
    sign, deal = metrics.sign(metric), _deal(blocks(y, at, group))
    over = np.ones(len(y)) if exposure is None else exposure
    p = np.asanyarray(p, dtype=np.float64)  # quantiles keep their levels
    rate = (p if exposure is None else p / over)[order]
    random = np.random.default_rng((seed, 1))

    def value(given: Array) -> float:
        told = rate if exposure is None else rate * over[given]
        return metrics.weighted(metric, y[given], told, rule)(weight[given]) * sign

    values = [value(deal(random)[order]) for _ in range(deals)]
    told = np.nan_to_num(values, nan=-np.inf)  # groups of one class each may leave a deal without the other
    return float(np.sort(told)[-round((deals + 1) * PASSES)] * sign)


def _deal(block: Blocks) -> Callable[[np.random.Generator], Array]:
    """Makes deals: for each row the row whose label it gets."""
    rows, number = len(block.member), block.number
    if block.kind == "rows" or number < LEAST_BLOCKS:
        return lambda random: random.permutation(rows)
    member, place = block.member, np.empty(rows, dtype=np.int64)
    place[np.argsort(member, kind="stable")] = np.arange(rows)
    if block.kind == "days":
        return lambda random: np.argsort(random.permutation(number)[member] + random.random(rows))[place]
    size = np.bincount(member)
    start = np.cumsum(size) - size
    within = place - start[member]

    def deal(random: np.random.Generator) -> Array:
        """Each group gets the labels of another, repeated where that one is smaller, some of them where it is larger:
        laid end to end, as those of days are, groups of many sizes would be cut in two, and 5 % of chance would pass.
        """
        giver, mixed = random.permutation(number)[member], np.argsort(member + random.random(rows))
        dealt: Array = mixed[start[giver] + within % size[giver]]
        return dealt

    return deal
