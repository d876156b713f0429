"""What forests of scikit-learn have in common: trees that are grown alone, each on its own draw, and averaged.

A leaf tells the smoothed shares of the classes (or the smoothed mean) of its training rows; the margin is the logarithm
of their average over trees, so that what a forest says is a probability already.
"""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from typing import Any

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
    polite_threads,
    product,
)
from treadle.training.families.tree_sum import Tree, TreeSum

MOST_VALUES = 80_000
"""Numbers in all leaves of a forest together: so many fit 3 MB as it is kept."""
SMOOTHING = 1.0
"""Rows of the overall rate in each leaf: no leaf says never."""
FEW_CELLS = 200_000
"""Below this, waking a second thread takes longer than the work it would do."""


class ForestFamily(Family):
    """Search: leaves, rows in a leaf, columns that a split may choose from."""

    def defaults(self) -> Params:
        return {"trees": 100, "leaves": 400, "least_rows": 3, "columns": 0.4, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical(f"{self.name}.even_classes", [False, True]) if self.weight_option else False
        return {
            "trees": trial.suggest_int(f"{self.name}.trees", 50, 200, step=50),
            "leaves": trial.suggest_int(f"{self.name}.leaves", 16, 1000, log=True),
            "least_rows": trial.suggest_int(f"{self.name}.least_rows", 1, 100, log=True),
            "columns": trial.suggest_float(f"{self.name}.columns", 0.1, 1.0),
            "even_classes": even,
        }

    @property
    def columns(self) -> int:
        """Numbers in a leaf: of two classes both shares, so that neither is lost beside the other."""
        return 2 if self.task.decides else self.task.outputs

    def used(self, params: Params, rows: int) -> Params:
        most = max(2, MOST_VALUES // (int(params["trees"]) * self.columns))
        least = max(1, min(int(params["least_rows"]), rows // 50))
        return {**params, "leaves": min(int(params["leaves"]), most), "least_rows": least}

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        used = self.used(params, rows)
        return Footprint.of_trees(int(used["trees"]), min(int(used["leaves"]), 1 + rows // int(used["least_rows"])))

    @abstractmethod
    def forest(self, settings: Params, rows: int) -> Any:
        """The forest of scikit-learn, not grown."""

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        end = time.monotonic() + seconds
        polite_threads()
        params = self.used(params, len(rows))
        threads = 1 if rows.x.size < FEW_CELLS else CORES.free(self.threads)
        settings: Params = {
            "n_estimators": 0,
            "max_leaf_nodes": params["leaves"],
            "min_samples_leaf": params["least_rows"],
            "max_features": params["columns"],
            "random_state": self.seed,
            "n_jobs": threads,
            "warm_start": True,
        }
        if self.task.plain().kind == "exponential":
            settings["criterion"] = "poisson"
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        weight = None if weight is None else weight / weight.mean()
        model = self.forest(settings, len(rows))
        # scikit-learn gives the n-th tree the same seed, however many are grown at a time
        while not model.n_estimators or (model.n_estimators < params["trees"] and time.monotonic() < end):
            model.n_estimators = min(model.n_estimators + threads, int(params["trees"]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # many classes may be numbers, to scikit-learn
                model.fit(rows.x, rows.y, sample_weight=weight)
        return self._of(model, rows.y, weight)

    def _of(self, model: Any, y: Array, weight: Array | None) -> TreeSum:
        prior = self._prior(y, weight)
        grown = [each.tree_ for each in model.estimators_]
        trees = []
        for tree in grown:
            told = tree.value[:, 0, :]
            if self.task.stratifies:
                whole = np.zeros((len(told), self.columns))
                whole[:, model.classes_.astype(np.int64)] = told
                told = whole
            count = tree.weighted_n_node_samples[:, None]
            values = (told * count + prior * SMOOTHING) / (count + SMOOTHING) / len(grown)
            left = tree.children_left
            feature = np.where(left < 0, -1, tree.feature)
            missing = np.asarray(tree.missing_go_to_left, dtype=bool)
            trees.append(Tree(feature, tree.threshold, left, tree.children_right, missing, values))
        logs = self.task.stratifies or self.task.plain().kind == "exponential"
        return TreeSum.of(self.name, trees, np.zeros(self.columns), logs=logs)

    def _prior(self, y: Array, weight: Array | None) -> Array:
        if not self.task.stratifies:
            # a count of nothing at all has no logarithm
            return np.array([np.average(y, weights=weight) + (1e-9 if self.task.plain().kind == "exponential" else 0)])
        counts = np.bincount(y.astype(np.int64), weights=weight, minlength=self.columns) + 0.5
        share: Array = counts / counts.sum()
        return share

    def restore(self, kept: Kept) -> Estimator:
        return TreeSum.restore(kept)
