"""Linear quantile regression with a ridge penalty, by Newton steps on a smoothed pinball loss.

The kink of the loss is rounded off over a width that shrinks from step to step (Fernandes, Guerre and Horta 2021,
"Smoothing quantile regressions", with a uniform kernel), so that plain linear algebra finds what a linear program
would, in passes over the rows near the quantile alone.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from treadle.scoring.quantiles import weighted_quantiles

Array = np.ndarray[Any, Any]
WIDTHS = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Over which the kink is rounded off, in standard deviations of the label, one after the other."""
_STEPS, _HALVINGS, _ENOUGH = 30, 20, 1e-9


def fit_quantile(
    x: Array, y: Array, weight: Array | None, level: float, c: float, end: float = float("inf")
) -> tuple[Array, float]:
    """Coefficients [width] and intercept of the `level` quantile of `y`.

    `x`: float64, finite, of about unit size; `c`: the inverse of the penalty, as that of the other linear models, with
    labels in their standard deviations. `end`: by `time.monotonic`; once it is over, what was found until then is told,
    after one step at the least.
    """
    weight = np.ones(len(y)) if weight is None else weight
    middle, scale = float(np.average(y, weights=weight)), float(np.sqrt(np.cov(y, aweights=weight, ddof=0))) or 1.0
    truth, wide = (y - middle) / scale, np.column_stack([x, np.ones(len(y))])
    penalty = np.append(np.full(x.shape[1], 1.0 / c), 0.0)
    beta = np.append(np.zeros(x.shape[1]), weighted_quantiles(truth, level, weight))
    with threadpool_limits(1):  # the order of sums, and so the last bits, must not hang on the machine
        for width in WIDTHS:
            beta = _newton(wide, truth, weight, level, width, penalty, beta, end)
            if time.monotonic() >= end:
                break
    return beta[:-1] * scale, float(beta[-1]) * scale + middle


def _newton(
    x: Array, y: Array, weight: Array, level: float, width: float, penalty: Array, beta: Array, end: float
) -> Array:
    """To the least of the smoothed loss, from `beta`, or near it by `end`."""
    loss = _loss(y - x @ beta, weight, level, width) + 0.5 * float(penalty @ beta**2)
    for _ in range(_STEPS):
        gap = y - x @ beta
        slope = penalty * beta - x.T @ (weight * (level - _below(gap, width)))
        near = np.abs(gap) < width
        some = x[near]
        bend = (some * (weight[near] / (2 * width))[:, None]).T @ some
        # where few rows are near, the rest of the curvature is a guess that keeps the step short
        bend += np.diag(penalty + 1e-6 * weight.sum() + 1e-3 * np.diag(bend))
        step = np.linalg.solve(bend, slope)
        for halving in range(_HALVINGS):
            tried = beta - step * 0.5**halving
            found = _loss(y - x @ tried, weight, level, width) + 0.5 * float(penalty @ tried**2)
            if found < loss:
                break
        else:
            return beta
        gained, beta, loss = loss - found, tried, found
        if gained < _ENOUGH * max(abs(loss), 1e-12) or time.monotonic() >= end:
            break
    return beta


def _below(gap: Array, width: float) -> Array:
    """How far each row counts as one whose label is below the quantile: from 1 to 0 over twice the width."""
    below: Array = np.clip((width - gap) / (2 * width), 0.0, 1.0)
    return below


def _loss(gap: Array, weight: Array, level: float, width: float) -> float:
    """The pinball loss, whose kink is a parabola of twice the width."""
    within = np.abs(gap) < width
    bent = np.where(within, (width - gap) ** 2 / (4 * width), np.maximum(-gap, 0.0))
    return float(weight @ (level * gap + bent))
