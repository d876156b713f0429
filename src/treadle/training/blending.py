"""Which of the tried settings are worth blending: greedy selection on margins of rows that were not fitted on.

Caruana et al. (2004), "Ensemble selection from libraries of models": start with the best, add again and again the one
that helps the blend most. A blend costs time and room with every request, so it has few members, no more than fit
`MOST`, and is taken only where it is better than the best single one beyond the noise of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from treadle.scoring import metrics
from treadle.training.families import Array, Footprint
from treadle.training.folds import Folds

MOST_MEMBERS = 4
MOST = Footprint(row_us=100.0, mb=5.0)
"""Of all members of a blend together."""
CANDIDATES = 12
"""The best so many trials can be members, and the best of each family besides."""
_STEPS = 16
_LEAST_WEIGHT = 0.1
_DRAWS, _SURE = 40, 0.9
"""Draws of the held rows, and the share of them in which the blend must be the better one."""


def blend(
    folds: Folds,
    margins: Sequence[Array],
    values: Sequence[float],
    footprints: Sequence[Footprint],
    refits: Sequence[float] = (),
    seconds: float = math.inf,
) -> dict[int, float]:
    """Weights, which sum to one, of the chosen few. `values`: of each, signed so that more is better. `refits`: about
    what each would take to be fitted on all rows; a blend is one that can be, in so many `seconds`."""
    ranked = sorted(range(len(margins)), key=lambda i: -values[i])
    best = ranked[0]
    picked, total = [best], margins[best].astype(np.float64)
    score, footprint, left = folds.objective(total), footprints[best], seconds - (refits[best] if refits else 0.0)
    for _ in range(_STEPS):
        full = len(set(picked)) >= MOST_MEMBERS
        quick = {i for i in ranked if not refits or refits[i] <= left}
        light = {i for i in quick if not full and footprint.beside(footprints[i]).within(MOST)}
        tried = [i for i in ranked if i in picked or i in light]
        found = [folds.objective((total + margins[i]) / (len(picked) + 1)) for i in tried]
        place = int(np.argmax(found))
        if found[place] <= score + 1e-12:
            break
        score = found[place]
        if tried[place] not in picked:
            footprint = footprint.beside(footprints[tried[place]])
            left -= refits[tried[place]] if refits else 0.0
        picked.append(tried[place])
        total = total + margins[tried[place]]
    counts = {i: picked.count(i) / len(picked) for i in dict.fromkeys(picked)}
    kept = {i: w for i, w in counts.items() if w >= _LEAST_WEIGHT}
    weights = {i: w / sum(kept.values()) for i, w in kept.items()}
    if len(weights) < 2 or not _surely_better(folds, blended(margins, weights), margins[best]):
        return {best: 1.0}
    return weights


def blended(margins: Sequence[Array], weights: dict[int, float]) -> Array:
    total: Array = sum(weight * margins[i].astype(np.float64) for i, weight in weights.items())  # type: ignore[assignment]
    return total


def _surely_better(folds: Folds, one: Array, other: Array) -> bool:
    """Whether a gain is more than the noise of the held rows, which are drawn as those of a test are: whole days in
    runs, or whole groups. Rows of one day are right or wrong together; drawn one by one they make a gain of some lucky
    days look sure."""
    sign, gains = metrics.sign(folds.metric), list[list[float]]()
    for fold in range(len(folds.folds)):
        here, draw = folds.number == fold, folds.drawn(fold)
        y = folds.truth[here]
        ours, theirs = (metrics.weighted(folds.metric, y, folds.told(m[here], here), folds.rule) for m in (one, other))
        found = [(ours(weight) - theirs(weight)) * sign for weight in map(draw, range(_DRAWS))]
        gains.append([gain if math.isfinite(gain) else 0.0 for gain in found])
    return sum(folds.mean(each) > 0 for each in zip(*gains, strict=True)) >= _SURE * _DRAWS
