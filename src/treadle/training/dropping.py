"""In which order a linear model would give its features up, were it made to use fewer.

The lasso (Tibshirani 1996) sets coefficients to zero one after the other as its penalty grows. Its path is taken on a
quadratic approximation of the loss around the fitted coefficients (Wang and Leng 2007, "Unified LASSO estimation by
least squares approximation"), so that one method serves every kind of label, and rows are passed over once.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from msgspec import Struct

from treadle.scoring.encoder import Encoder
from treadle.scoring.tasks import Task
from treadle.training.families import Array, Blend, Centred, Estimator, Exposed, Linear

MOST_COLUMNS = 1000
"""Of a wider model the path is not taken: it would need minutes."""
MOST_OUTPUTS = 20
PENALTIES = 100
LEAST = 1e-3
"""The smallest penalty of the path, as a share of the one that silences all columns."""


class Dropped(Struct, frozen=True):
    """A feature, and the penalty at which the last of its columns is given up, as a share of the one that silences the
    last feature: 0 is given up at once, 1 is the last to go."""

    feature: str
    penalty: float


def dropped(
    estimator: Estimator,
    encoder: Encoder,
    x: Array,
    task: Task,
    strength: float,
    rows: int,
    weight: Array | None = None,
) -> tuple[Dropped, ...]:
    """The features of a linear model, those that are given up first at the head; none of another model, or a wide one.

    `x`: training rows as the encoder gives them, some of all `rows`; `strength`: `c` of the fit, the inverse of its
    penalty; `weight`: how much each of `x` counts, one in the mean.
    """
    linear, columns = _linear(estimator, np.arange(encoder.width))
    if linear is None or len(columns) > MOST_COLUMNS or linear.coef.shape[1] > MOST_OUTPUTS:
        return ()
    x = x[:, columns].astype(np.float64)
    counts = (np.ones(len(x)) if weight is None else weight) * rows / len(x)
    steep, coef = _steepness(task, linear.margin(x)), linear.coef.astype(np.float64)
    last = np.zeros(encoder.width)
    for output in range(coef.shape[1]):
        bend = _bend(x, steep[:, output] * counts) + np.eye(len(columns)) / strength
        last[columns] = np.maximum(last[columns], _given_up(bend, coef[:, output]))
    whole = last.max()
    if whole <= 0:
        return ()
    read = {name: float(last[places].max() / whole) for name, places in encoder.groups().items()}
    mine = {name for name, places in encoder.groups().items() if np.isin(places, columns).any()}
    found = [Dropped(name, penalty) for name, penalty in read.items() if name in mine]
    return tuple(sorted(found, key=lambda each: (each.penalty, each.feature)))


def _linear(estimator: Estimator, columns: Array) -> tuple[Linear | None, Array]:
    """The model itself, or the linear member of a blend that weighs most; and which of `columns` are its own."""
    if isinstance(estimator, Centred | Exposed):
        return _linear(estimator.estimator, columns)
    if isinstance(estimator, Linear):
        return estimator, columns
    if isinstance(estimator, Blend):
        for member in sorted(estimator.members, key=lambda member: -member.weight):
            found, own = _linear(member.estimator, columns[member.columns])
            if found is not None:
                return found, own
    return None, np.empty(0, dtype=np.int64)


def _steepness(task: Task, margin: Array) -> Array:
    """The second derivative of each row's loss by its margins, [rows, outputs]."""
    told = task.link(margin)
    told = told[:, None] if told.ndim == 1 else told
    if task.stratifies:
        return told * (1 - told)
    return told if task.plain().kind == "exponential" else np.ones_like(told)


def _bend(x: Array, weight: Array) -> Array:
    """x' W x, of columns less their weighted mean: the intercept is not given up."""
    centred = x - np.average(x, axis=0, weights=np.maximum(weight, 1e-12))
    bend: Array = (centred * weight[:, None]).T @ centred
    return bend


def _given_up(bend: Array, coef: Array) -> Array:
    """For each column the greatest penalty of the path under which it still has a coefficient."""
    from sklearn.linear_model import lasso_path

    # scikit-learn's penalty is for the mean over rows, and the root has as many as there are columns
    most = float(np.abs(bend @ coef).max()) / len(coef)
    if most <= 0:
        return np.zeros(len(coef))
    root = np.linalg.cholesky(bend).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a path that is near enough is told the same
        steps = np.geomspace(most, most * LEAST, PENALTIES)
        found: Any = lasso_path(root, root @ coef, alphas=steps, tol=1e-7, max_iter=5000)
    penalties, path = found[0], found[1]
    kept: Array = np.where(path != 0, penalties[None, :], 0.0).max(axis=1)
    return kept * len(coef)
