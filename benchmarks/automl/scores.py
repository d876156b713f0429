"""How good predictions are on the held-out rows: ROC AUC, log loss or RMSE, computed here for all systems alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.automl.task import Kind

Array = np.ndarray[Any, Any]
METRICS: dict[Kind, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
LEAST = 1e-7


def score(kind: Kind, truth: Array, predictions: Array, classes: int) -> float:
    """In the metric of `kind`.

    Raises:
        ValueError: predictions of another shape than asked for, or that are no numbers.
    """
    if kind == "binary" and predictions.ndim == 2:
        predictions = predictions[:, -1]
    wanted = (len(truth), classes) if kind == "multiclass" else (len(truth),)
    if predictions.shape != wanted:
        raise ValueError(f"predictions have the shape {predictions.shape}, asked for were {wanted}")
    if not np.isfinite(predictions).all():
        raise ValueError(f"{int((~np.isfinite(predictions)).sum())} predictions are no finite numbers")
    if kind == "regression":
        return float(np.sqrt(np.mean((truth - predictions) ** 2)))
    if kind == "binary":
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(truth, predictions))
    chances = np.clip(predictions, LEAST, 1)
    chances /= chances.sum(axis=1, keepdims=True)
    return float(-np.log(chances[np.arange(len(truth)), truth]).mean())


def error(metric: str, value: float) -> float:
    """What is the lower the better, and never below zero."""
    return 1 - value if metric == "roc_auc" else value
