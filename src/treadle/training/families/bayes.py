"""Naive Bayes with normal distributions (e.g. Hastie, Tibshirani and Friedman 2009, ch. 6.6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from treadle.errors import SpecError
from treadle.training.families.family import Array, Estimator, Family, Fixed, Graph, Kept, Params, Sample, product


@dataclass(frozen=True, eq=False)
class Bayes(Fixed):
    """Margin = x² @ square + x @ linear + constant: what log-odds of normal distributions come to."""

    square: Array
    linear: Array
    constant: Array

    def margin(self, x: Array) -> Array:
        wide = x.astype(np.float64)
        out: Array = (wide * wide) @ self.square + wide @ self.linear + self.constant
        return out

    def kept(self) -> Kept:
        parts = {"square": self.square, "linear": self.linear, "constant": self.constant}
        numbers = {name: tuple(map(float, values.ravel())) for name, values in parts.items()}
        return Kept(BayesFamily.name, numbers=numbers, shapes={"linear": self.linear.shape})

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        # large terms of both signs meet here, of which float32 would leave little
        from onnx import TensorProto

        x = graph.add("Cast", [graph.columns(columns)], "wide", to=TensorProto.DOUBLE)
        terms = graph.add("Concat", [graph.add("Mul", [x, x], "squares"), x], "terms", axis=1)
        both = graph.constant("both", np.concatenate([self.square, self.linear]) * weight)
        sums = graph.add("MatMul", [terms, both], "sums")
        odds = graph.add("Add", [sums, graph.constant("constant", self.constant * weight)], "odds")
        return graph.add("Cast", [odds], "bayes", to=TensorProto.FLOAT)


class BayesFamily(Family):
    """Each column alone is normal within a class. Search: what is added to each variance, of which all rows have 1."""

    name = "bayes"
    encoding = "linear"
    why = "each column's word for itself; needs few rows, and is too sure of itself where columns repeat each other"

    def takes(self, rows: int, width: int) -> bool:
        return self.task.stratifies

    def defaults(self) -> Params:
        return {"smoothing": 0.1, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("bayes.even_classes", [False, True]) if self.weight_option else False
        return {"smoothing": trial.suggest_float("bayes.smoothing", 1e-3, 10.0, log=True), "even_classes": even}

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        if not self.task.stratifies:
            raise SpecError(
                f"naive Bayes tells classes, and this is {self.task.kind}",
                where="train.families",
                mend='take "bayes" out of the list',
            )
        x, y, classes = rows.x.astype(np.float64), rows.y.astype(np.int64), max(2, self.task.outputs)
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        weight = np.ones(len(y)) if weight is None else weight
        all_mean, all_variance = _moments(x, weight)
        counts = np.bincount(y, weights=weight, minlength=classes)
        square, linear = np.empty((2, x.shape[1], classes))
        constant = np.log((counts + 0.5) / (counts + 0.5).sum())
        for k in range(classes):
            mean, variance = _moments(x[y == k], weight[y == k]) if counts[k] > 0 else (all_mean, all_variance)
            # a class of few rows knows little of its own: it is drawn to all rows by the count of one
            mean = (counts[k] * mean + all_mean) / (counts[k] + 1)
            variance = (counts[k] * variance + all_variance) / (counts[k] + 1) + float(params["smoothing"])
            square[:, k], linear[:, k] = -0.5 / variance, mean / variance
            constant[k] -= 0.5 * float((mean**2 / variance + np.log(variance)).sum())
        if self.task.outputs == 1:
            square, linear, constant = (np.diff(part) for part in (square, linear, constant))
        return Bayes(square, linear, constant)

    def restore(self, kept: Kept) -> Estimator:
        shape = kept.shapes["linear"]
        square, linear = (np.array(kept.numbers[name]).reshape(shape) for name in ("square", "linear"))
        return Bayes(square, linear, np.array(kept.numbers["constant"]))


def _moments(x: Array, weight: Array) -> tuple[Array, Array]:
    """Mean and variance of each column."""
    mean: Array = np.average(x, axis=0, weights=weight)
    variance: Array = np.average((x - mean) ** 2, axis=0, weights=weight)
    return mean, variance
