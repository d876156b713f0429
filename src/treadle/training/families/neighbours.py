"""The nearest training rows (Cover and Hart 1967), to compare with: it keeps them, so it is never released."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from treadle.errors import ModelError
from treadle.scoring.tasks import Task
from treadle.training.families.family import (
    Array,
    Estimator,
    Family,
    Fixed,
    Graph,
    Kept,
    Params,
    Sample,
    polite_threads,
    product,
)

MOST_ROWS = 20_000
"""Rows that are kept, of a rare class as many as there are: to ask more of them takes long."""


@dataclass(frozen=True, eq=False)
class Neighbours(Fixed):
    """The weighted mean of the `count` nearest rows' labels, with one row of the overall mean in it."""

    task: Task
    x: Array
    y: Array
    weight: Array
    count: int

    @cached_property
    def _index(self) -> Any:
        polite_threads()
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(n_neighbors=self.count, algorithm="brute").fit(self.x.astype(np.float64))

    @cached_property
    def _told(self) -> Array:
        """[rows, columns]: the label, or 1 for the class that it is."""
        if not self.task.stratifies:
            return self.y[:, None]
        told: Array = np.eye(max(2, self.task.outputs))[self.y.astype(np.int64)]
        return told

    def margin(self, x: Array) -> Array:
        near = self._index.kneighbors(x.astype(np.float64), return_distance=False)
        weight = self.weight[near]
        prior = np.average(self._told, axis=0, weights=self.weight)
        if self.task.stratifies:
            prior = (prior * len(self.y) + 0.5) / (len(self.y) + 0.5 * len(prior))
        sums = (self._told[near] * weight[:, :, None]).sum(axis=1)
        mean: Array = (sums + prior) / (weight.sum(axis=1, keepdims=True) + 1.0)
        if self.task.plain().kind == "identity":
            return mean
        logs: Array = np.log(np.maximum(mean, 1e-9))
        return logs[:, 1:] - logs[:, :1] if self.task.decides else logs

    def kept(self) -> Kept:
        packed = {
            "x": self.x.astype("<f4").tobytes(),
            "y": self.y.astype("<f8").tobytes(),
            "weight": self.weight.astype("<f8").tobytes(),
        }
        return Kept(NeighboursFamily.name, packed=packed, shapes={"x": self.x.shape, "count": (self.count,)})

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        raise ModelError(
            "nearest neighbours keep training rows, and are not exported",
            where="export",
            mend="name another family in train.families: this one is there to compare with",
        )


class NeighboursFamily(Family):
    """Search: how many are asked."""

    name = "neighbours"
    encoding = "linear"
    releasable = False
    why = "to compare with: what the nearest rows alone tell"

    def takes(self, rows: int, width: int) -> bool:
        return width <= 200

    def defaults(self) -> Params:
        return {"count": 30, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("neighbours.even_classes", [False, True]) if self.weight_option else False
        return {"count": trial.suggest_int("neighbours.count", 3, 300, log=True), "even_classes": even}

    def used(self, params: Params, rows: int) -> Params:
        return {**params, "count": max(1, min(int(params["count"]), rows // 4))}

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        from treadle.training.thinning import Picked

        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        weight = np.ones(len(rows)) if weight is None else weight / weight.mean()
        kept = Picked(np.arange(len(rows)), self.task.strata(rows.y)).at_most(MOST_ROWS)
        some, count = kept.rows, self.used(params, len(kept))["count"]
        weight = weight[some] if kept.counts is None else weight[some] * kept.counts
        return Neighbours(self.task, np.ascontiguousarray(rows.x[some]), rows.y[some], weight, count)

    def restore(self, kept: Kept) -> Estimator:
        x = np.frombuffer(kept.packed["x"], dtype="<f4").astype(np.float32).reshape(kept.shapes["x"])
        y, weight = (np.frombuffer(kept.packed[name], dtype="<f8").astype(np.float64) for name in ("y", "weight"))
        return Neighbours(self.task, x, y, weight, kept.shapes["count"][0])
