"""Metrics of several classes: labels are class numbers, predictions a probability for each class.

Definitions are those of scikit-learn (Pedregosa et al. 2011), macro averages and one against the rest; `weighted` in
`treadle.scoring.metrics` is the door to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from treadle.scoring.decisions import Costs, chosen

Array = np.ndarray[Any, Any]
_EPS = 1e-15


def of_classes(
    name: str, y: Array, p: Array, costs: Costs, ranking: Callable[[Array, Array], Callable[[Array], float]]
) -> Any:
    """The metric as a function of row weights; None if it is no metric of classes. `costs`: by which it is decided;
    `ranking`: of one against the rest."""
    truth = np.asarray(y, dtype=np.float64).astype(np.int64)
    if name == "log_loss":
        told = p[np.arange(len(truth)), truth] / np.maximum(p.sum(axis=1), _EPS)
        loss = -np.log(np.clip(told, _EPS, 1.0))
        return lambda w: float(np.dot(w, loss) / w.sum()) if w.sum() > 0 else math.nan
    if name == "roc_auc":
        present = [k for k in range(p.shape[1]) if 0 < (truth == k).sum() < len(truth)]
        each = [ranking((truth == k).astype(np.float64), p[:, k]) for k in present]
        return lambda w: _mean_of_defined([area(w) for area in each])
    decided, classes = chosen(p, costs), p.shape[1]
    if name == "accuracy":
        right = (decided == truth).astype(np.float64)
        return lambda w: float(np.dot(w, right) / w.sum()) if w.sum() > 0 else math.nan
    if name in ("balanced_accuracy", "f1"):
        return _of_counts(name, truth, decided, classes)
    return None


def _mean_of_defined(areas: list[float]) -> float:
    """Over the classes that rows with a weight have: a draw of rows may well have none of a rare one."""
    defined = [area for area in areas if not math.isnan(area)]
    return float(np.mean(defined)) if defined else math.nan


def _of_counts(name: str, truth: Array, decided: Array, classes: int) -> Callable[[Array], float]:
    hit = decided == truth

    def value(w: Array) -> float:
        right = np.bincount(truth[hit], weights=w[hit], minlength=classes)
        came = np.bincount(truth, weights=w, minlength=classes)
        said = np.bincount(decided, weights=w, minlength=classes)
        if name == "balanced_accuracy":
            there = came > 0
            return float(np.mean(right[there] / came[there])) if there.any() else math.nan
        seen = came + said > 0
        return float(np.mean(2 * right[seen] / (came + said)[seen])) if seen.any() else math.nan

    return value
