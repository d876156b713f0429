"""Metrics of predictions against labels, each written once over row weights, so that the bootstrap can reuse them.

Definitions are those of scikit-learn (Pedregosa et al. 2011), which the tests hold them to. Needs NumPy only:
monitoring computes realised metrics with the same code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from treadle.errors import SpecError, nearest
from treadle.scoring.class_metrics import of_classes
from treadle.scoring.decisions import Rule
from treadle.scoring.quantiles import Quantiles, of_quantiles
from treadle.spec.choices import CLASSIFICATION, LOWER_IS_BETTER, METRICS, MULTICLASS, QUANTILES

Array = np.ndarray[Any, Any]
Own = Callable[[Array, Array, float], float]
Weighted = Callable[[Array], float]
"""A metric whose labels and predictions are fixed: row weights in, value out."""

_EPS = 1e-15
_OF_AMOUNTS = LOWER_IS_BETTER - {*CLASSIFICATION, *MULTICLASS}
"""Losses in the label's own unit, or in its square."""
_EQUAL, _ROUNDED = 1e-12, 1e-14


def sign(metric: str) -> int:
    """1 where higher is better, -1 where lower is."""
    return -1 if metric in LOWER_IS_BETTER else 1


def best(metric: str) -> float:
    """What no model can better."""
    return 0.0 if metric in LOWER_IS_BETTER else 1.0


def perfect(metric: str, value: float, y: Array) -> bool:
    """Whether `value` on rows of labels `y` is the best there can be, but for rounding. Amounts may come in any unit:
    their losses are small beside the largest label, and not beside one.

    >>> metres = np.array([0.4, 1.0])
    >>> perfect("mse", 2.5e-13, metres), perfect("mse", 0.0, metres), perfect("roc_auc", 1 - 1e-16, metres > 0.5)
    (False, True, True)
    """
    if metric in _OF_AMOUNTS:
        error = _ROUNDED * float(np.abs(y).max(initial=0.0))
        return value <= (error**2 if metric == "mse" else error)
    return abs(value - best(metric)) <= (_ROUNDED if metric == "r2" else _EQUAL)


def within(metric: str) -> tuple[float, float]:
    """The least and the most that a metric can be."""
    if metric in LOWER_IS_BETTER:
        return 0.0, 1.0 if metric == "brier" else math.inf
    return -math.inf if metric == "r2" else 0.0, 1.0


def counted(name: str, y: Array, p: Array, rule: Rule) -> Array | None:
    """The rows of which a metric is the share told right; None for a metric that is no such share."""
    if name in ("accuracy", "coverage"):
        return np.ones(len(y), dtype=bool)
    if p.ndim > 1:
        return None
    assert not isinstance(rule, tuple)
    rows = {"recall": y > 0.5, "precision": p >= rule}
    return rows.get(name)


def scores(
    y: Array, p: Array, threshold: float = 0.5, kind: str = "classification", own: Mapping[str, Own] | None = None
) -> dict[str, float]:
    """All metrics of one kind by name. `p`: probabilities, or predicted values for regression.

    A metric that is not defined on these rows (roc_auc with one class) is NaN. `own` are the user's own metrics:
    functions of labels, predictions and threshold.

    >>> round(scores(np.array([0., 1., 1.]), np.array([.2, .4, .9]))["recall"], 2)
    0.5
    """
    ones = np.ones(len(y))
    values = {name: weighted(name, y, p, threshold)(ones) for name in METRICS[kind]}
    return values | {name: float(function(y, p, threshold)) for name, function in (own or {}).items()}


def weighted(name: str, y: Array, p: Array, rule: Rule = 0.5) -> Weighted:
    """One metric as a function of row weights. What does not depend on weights, such as the order, is done once.

    `y`: labels, [rows]; `p`: predictions, [rows], or [rows, classes] where labels are the numbers of classes. `rule`:
    how they are decided on.
    """
    y = np.asarray(y, dtype=np.float64)
    if isinstance(p, Quantiles):
        told = of_quantiles(name, y, np.asarray(p, dtype=np.float64), p.levels)
        if told is None:
            raise SpecError(f'there is no metric of quantiles "{name}"', mend=nearest(name, QUANTILES))
        return told
    p = np.asarray(p, dtype=np.float64)
    if p.ndim > 1:
        found = of_classes(name, y, p, rule if isinstance(rule, tuple) else (), lambda y, p: _ranking("roc_auc", y, p))
        if found is None:
            raise SpecError(f'there is no metric of several classes "{name}"', mend=nearest(name, MULTICLASS))
        of_these: Weighted = found
        return of_these
    if name in ("average_precision", "roc_auc"):
        return _ranking(name, y, p)
    if name in ("log_loss", "brier", "mse", "rmse", "mae", "poisson_deviance"):
        return _mean_loss(name, y, p)
    if name == "r2":
        return lambda w: _r2(y, p, w)
    if name in CLASSIFICATION:
        assert not isinstance(rule, tuple)
        return _decisions(name, y, p >= rule)
    raise SpecError(f'there is no metric "{name}"', mend=nearest(name, {m for of in METRICS.values() for m in of}))


def of_spread(name: str) -> bool:
    """Whether it says something only of labels that differ."""
    return name == "r2"


def _ranking(name: str, y: Array, p: Array) -> Weighted:
    order = np.argsort(-p, kind="stable")
    hits, ordered = y[order], p[order]
    # Rows of equal prediction cannot be told apart: curves have points only where the prediction changes.
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))

    def value(w: Array) -> float:
        weight = w[order]
        true = np.cumsum(weight * hits)[ends]
        called = np.cumsum(weight)[ends]
        positives, negatives = true[-1], called[-1] - true[-1]
        if positives <= 0 or (name == "roc_auc" and negatives <= 0):
            return math.nan
        if name == "average_precision":
            gained = np.diff(true, prepend=0.0)
            return float(np.sum(gained * true / np.maximum(called, _EPS)) / positives)
        false = called - true
        steps = np.diff(false, prepend=0.0)
        middle = (true + np.concatenate([[0.0], true[:-1]])) / 2
        return float(np.sum(steps * middle) / (positives * negatives))

    return value


def _mean_loss(name: str, y: Array, p: Array) -> Weighted:
    if name == "log_loss":
        q = np.clip(p, _EPS, 1 - _EPS)
        loss = -np.where(y > 0.5, np.log(q), np.log1p(-q))
    elif name == "poisson_deviance":
        told = np.maximum(p, _EPS)
        loss = 2 * (np.where(y > 0, y * np.log(np.maximum(y, _EPS) / told), 0.0) - y + told)
    else:
        loss = np.abs(y - p) if name == "mae" else (y - p) ** 2

    def value(w: Array) -> float:
        total = w.sum()
        mean = float(np.dot(w, loss) / total) if total > 0 else math.nan
        return math.sqrt(mean) if name == "rmse" else mean

    return value


def _r2(y: Array, p: Array, w: Array) -> float:
    total = w.sum()
    if total <= 0:
        return math.nan
    spread = float(np.dot(w, (y - np.dot(w, y) / total) ** 2))
    return 1 - float(np.dot(w, (y - p) ** 2)) / spread if spread > 0 else math.nan


def _decisions(name: str, y: Array, act: Array) -> Weighted:
    true, false = act & (y > 0.5), act & (y <= 0.5)
    missed, quiet = ~act & (y > 0.5), ~act & (y <= 0.5)

    def value(w: Array) -> float:
        tp, fp, fn, tn = (float(w[rows].sum()) for rows in (true, false, missed, quiet))
        return _of_counts(name, tp, fp, fn, tn)

    return value


def _of_counts(name: str, tp: float, fp: float, fn: float, tn: float) -> float:
    recall = tp / (tp + fn) if tp + fn else math.nan
    if name == "recall":
        return recall
    if name == "precision":
        return tp / (tp + fp) if tp + fp else 0.0
    if name == "f1":
        return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    if name == "balanced_accuracy":
        return (recall + tn / (tn + fp)) / 2 if tn + fp else math.nan
    total = tp + fp + fn + tn
    return (tp + tn) / total if total else math.nan
