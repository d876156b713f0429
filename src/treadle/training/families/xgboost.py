"""Gradient-boosted trees (Chen and Guestrin 2016, "XGBoost"), where the extra is installed.

Every row starts from what is known without any feature, which is added here and not by XGBoost: so nothing hangs on
what a version of it takes for the base of a task.
"""

from __future__ import annotations

import json
import time
from typing import Any, ClassVar

import numpy as np

from treadle.training.cores import CORES
from treadle.training.families.family import (
    UNKNOWN,
    Array,
    Estimator,
    Family,
    Footprint,
    Inputs,
    Kept,
    Params,
    Sample,
    in_bigger_steps,
    polite_threads,
    product,
)
from treadle.training.families.tree_sum import Tree, TreeSum

FEW_CELLS = 200_000
"""Below this, waking a second thread takes longer than the work it would do."""
MOST_ROUNDS = 1500
PATIENCE = 40


class XGBoostFamily(Family):
    """Search: size, shrinkage, sampling, penalties; early stopping by the metric."""

    name = "xgboost"
    extra = "xgboost"
    class_by_class = True
    why = "boosted trees once more: its errors differ enough from LightGBM's to help a blend"
    _METRICS: ClassVar[dict[str, str]] = {
        "average_precision": "aucpr",
        "roc_auc": "auc",
        "log_loss": "logloss",
        "brier": "logloss",
        "rmse": "rmse",
        "mse": "rmse",
        "mae": "mae",
        "r2": "rmse",
        "poisson_deviance": "poisson-nloglik",
    }
    _OBJECTIVES: ClassVar[dict[str, tuple[str, str]]] = {
        "classification": ("binary:logistic", "auc"),
        "multiclass": ("multi:softprob", "mlogloss"),
        "regression": ("reg:squarederror", "rmse"),
        "counts": ("count:poisson", "poisson-nloglik"),
    }
    """By kind of task: what is fitted, and what stops it where the metric is not one of XGBoost's."""

    def defaults(self) -> Params:
        return {
            "leaves": 31,
            "rate": 0.05,
            "least_weight": 5.0,
            "columns": 0.6,
            "rows": 0.8,
            "l1": 0.001,
            "l2": 3.0,
            "even_classes": False,
        }

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("xgboost.even_classes", [False, True]) if self.weight_option else False
        return {
            "leaves": trial.suggest_int("xgboost.leaves", 4, 256, log=True),
            "rate": trial.suggest_float("xgboost.rate", 0.02, 0.15, log=True),
            "least_weight": trial.suggest_float("xgboost.least_weight", 0.1, 100.0, log=True),
            "columns": trial.suggest_float("xgboost.columns", 0.25, 1.0),
            "rows": trial.suggest_float("xgboost.rows", 0.4, 1.0),
            "l1": trial.suggest_float("xgboost.l1", 1e-3, 10.0, log=True),
            "l2": trial.suggest_float("xgboost.l2", 0.01, 100.0, log=True),
            "even_classes": even,
        }

    def hastened(self, params: Params, times: float) -> Params:
        return in_bigger_steps(params, times)

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        trees = int(params.get("rounds", 300)) * max(self.task.outputs, 1)
        return Footprint.of_trees(trees, min(int(params["leaves"]), rows))

    def settings(self, params: Params, metric: str) -> Params:
        """`params` in XGBoost's words."""
        objective, fallback = self._OBJECTIVES[self.task.kind]
        classes = {"num_class": self.task.outputs} if self.task.outputs > 1 else {}
        return {
            "objective": objective,
            **classes,
            "eval_metric": fallback if self.task.outputs > 1 else self._METRICS.get(metric, fallback),
            "verbosity": 0,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": params["leaves"],
            "eta": params["rate"],
            "min_child_weight": params["least_weight"],
            "colsample_bynode": params["columns"],
            "subsample": params["rows"],
            "alpha": params["l1"],
            "lambda": params["l2"],
            "seed": self.seed,
        }

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        base = self.base(rows.y, product(rows.weight, self.weights(rows.y, params, rows.weight)))
        booster, rounds = self.grown(rows, params, valid, base, metric, seconds)
        return TreeSum.of(self.name, _trees(booster), base, rounds=rounds)

    def grown(
        self, rows: Sample, params: Params, valid: Sample | None, base: Array, metric: str, seconds: float
    ) -> tuple[Any, int]:
        """XGBoost's own model, and how many of its rounds to use."""
        polite_threads()
        import xgboost

        threads = 1 if rows.x.size < FEW_CELLS else CORES.free(self.threads)
        settings = self.settings(params, metric) | {"nthread": threads}
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))

        def data(sample: Sample, weight: Array | None) -> Any:
            start = np.repeat(base[None, :], len(sample), axis=0)
            return xgboost.DMatrix(sample.x, sample.y, weight=weight, base_margin=start, nthread=threads)

        end = time.monotonic() + seconds

        class Until(xgboost.callback.TrainingCallback):  # type: ignore[misc]
            """Ends the growth when its seconds are over."""

            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                return time.monotonic() > end

        train = data(rows, weight)
        if valid is None:
            booster = xgboost.train(settings, train, int(params.get("rounds", 300)), callbacks=[Until()])
            return booster, int(booster.num_boosted_rounds())
        stop = xgboost.callback.EarlyStopping(rounds=PATIENCE)
        booster = xgboost.train(
            settings,
            train,
            MOST_ROUNDS,
            evals=[(data(valid, valid.weight), "held")],
            callbacks=[stop, Until()],
            verbose_eval=False,
        )
        return booster, int(booster.best_iteration) + 1

    def restore(self, kept: Kept) -> Estimator:
        return TreeSum.restore(kept)


def _trees(booster: Any) -> list[Tree]:
    """XGBoost asks `x < threshold` in float32: that is `x <= ` the next number below."""
    told = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    trees = []
    for tree in told["trees"]:
        left, condition = np.array(tree["left_children"]), np.array(tree["split_conditions"], dtype=np.float32)
        leaf = left < 0
        trees.append(
            Tree(
                np.where(leaf, -1, np.array(tree["split_indices"])),
                np.nextafter(condition, np.float32(-np.inf)).astype(np.float64),
                left,
                np.array(tree["right_children"]),
                np.array(tree["default_left"]).astype(bool),
                np.where(leaf, condition, 0.0)[:, None],
            )
        )
    return trees
