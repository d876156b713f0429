"""What chance alone reaches: the metric with the labels dealt out anew (a permutation test; Fisher 1935, ch. III).

A rival that knows nothing has the value that is expected of chance, and chance itself scatters around it, above it too:
on 400 rows with 20 positives, the average precision of random scores lies over the share of positives more often than
not. An interval around the model's own value says nothing of that. So a gain is called real only if besides its
interval being above zero the value is better than what 39 in 40 of such deals reach.
"""

from __future__ import annotations

import numpy as np

from treadle.training import metrics
from treadle.training.metrics import Array

PASSES = 0.025
"""How often a model of pure chance may pass: what a 95 % interval leaves on one side."""
_DEALS, _FEW, _MANY_ROWS = 199, 39, 100_000
"""Deals, and how many above `_MANY_ROWS`: one in 40 is told exactly by either, by the fifth best or by the best."""


def reached(metric: str, y: Array, p: Array, threshold: float, *, seed: int = 7) -> float:
    """The value that predictions `p` must be better than; worse values are more than `PASSES` of all deals of `y`."""
    deals = _DEALS if len(y) <= _MANY_ROWS else _FEW
    order = np.argsort(-p, kind="stable")  # once: each deal finds the rows sorted
    random, ones, sign = np.random.default_rng((seed, 1)), np.ones(len(y)), metrics.sign(metric)
    p = np.asarray(p, dtype=np.float64)[order]
    values = [metrics.weighted(metric, random.permutation(y), p, threshold)(ones) * sign for _ in range(deals)]
    place = round((deals + 1) * PASSES)
    return float(np.sort(values)[-place] * sign)
