"""Linear models: logistic, multinomial, Poisson and ridge regression (scikit-learn), and quantile regression."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

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
from treadle.training.families.pinball import fit_quantile

_ABSENT = -30.0
"""The margin of a class that no training row has."""
MOST_STEPS, LOOK_STEPS = 200, 5
MANY_PRODUCTS = 5_000_000
"""Below so many products of a number and a class in a step, all steps take less than a look at them is worth."""


@dataclass(frozen=True, eq=False)
class Linear(Fixed):
    """Margin = x @ coef + intercept. `coef`: float32 [width, outputs]."""

    coef: Array
    intercept: Array

    def margin(self, x: Array) -> Array:
        out: Array = x.astype(np.float64) @ self.coef.astype(np.float64) + self.intercept.astype(np.float64)
        return out

    def kept(self) -> Kept:
        numbers = {"coef": tuple(map(float, self.coef.ravel())), "intercept": tuple(map(float, self.intercept))}
        return Kept(LinearFamily.name, numbers=numbers, shapes={"coef": self.coef.shape})

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        coef = graph.constant("coef", (self.coef.astype(np.float64) * weight).astype(np.float32))
        offset = graph.constant("offset", (self.intercept.astype(np.float64) * weight).astype(np.float32))
        return graph.add("Gemm", [graph.columns(columns), coef, offset], "linear")


class LinearFamily(Family):
    """Search: the strength of the penalty."""

    name = "linear"
    encoding = "linear"
    quantiles = True
    why = "sums of effects; hard to beat on few rows and on many columns"

    def defaults(self) -> Params:
        return {"c": 0.1, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("linear.even_classes", [False, True]) if self.weight_option else False
        return {"c": trial.suggest_float("linear.c", 1e-4, 100.0, log=True), "even_classes": even}

    def fit(
        self,
        rows: Sample,
        params: Params,
        valid: Sample | None = None,
        *,
        metric: str = "",
        seconds: float = float("inf"),
    ) -> Estimator:
        if self.task.levels:
            return self._quantiles(rows, float(params["c"]), seconds)
        polite_threads()
        from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

        c, y = float(params["c"]), rows.y
        wide = rows.x.astype(np.float64)
        weight = product(rows.weight, self.weights(y, params, rows.weight))
        with warnings.catch_warnings():
            # steps that end short of the optimum still rank: the score of the trial says how well.
            warnings.simplefilter("ignore")
            if not self.task.stratifies:
                model: Any = Ridge(alpha=1.0 / c)
                if self.task.plain().kind == "exponential":
                    model = PoissonRegressor(alpha=1.0 / (c * len(y)), max_iter=200)
                model.fit(wide, y, sample_weight=weight)
                return _of(model.coef_.reshape(1, -1), np.atleast_1d(model.intercept_))
            steps = _steps_in(seconds, wide, y, weight, c)
            model = LogisticRegression(C=c, max_iter=steps, tol=1e-4).fit(wide, y, sample_weight=weight)
        if self.task.outputs == 1:
            return _of(model.coef_, model.intercept_)
        coef, intercept = np.zeros((self.task.outputs, wide.shape[1])), np.full(self.task.outputs, _ABSENT)
        present = model.classes_.astype(np.int64)
        if len(present) == 2:  # scikit-learn tells one of two by a single row
            coef[present[1]], intercept[present] = model.coef_[0], (0.0, float(model.intercept_[0]))
        else:
            coef[present], intercept[present] = model.coef_, model.intercept_
        return _of(coef, intercept)

    def _quantiles(self, rows: Sample, c: float, seconds: float) -> Linear:
        wide, levels, began = rows.x.astype(np.float64), self.task.levels, time.monotonic()
        # time that one leaves, those after it have
        ends = [began + seconds * place / len(levels) for place in range(1, len(levels) + 1)]
        found = [
            fit_quantile(wide, rows.y, rows.weight, level, c, end) for level, end in zip(levels, ends, strict=True)
        ]
        return _of(np.array([coef for coef, _ in found]), np.array([intercept for _, intercept in found]))

    def restore(self, kept: Kept) -> Estimator:
        coef = np.array(kept.numbers["coef"], dtype=np.float32).reshape(kept.shapes["coef"])
        return Linear(coef, np.array(kept.numbers["intercept"], dtype=np.float32))


def _steps_in(seconds: float, wide: Array, y: Array, weight: Array | None, c: float) -> int:
    """How many steps there is time for, by a few of them; all, where that asks for no look at the clock."""
    from sklearn.linear_model import LogisticRegression

    if wide.size * len(np.unique(y)) < MANY_PRODUCTS or seconds == float("inf"):
        return MOST_STEPS
    began = time.monotonic()
    LogisticRegression(C=c, max_iter=LOOK_STEPS, tol=1e-4).fit(wide, y, sample_weight=weight)
    took = time.monotonic() - began
    return int(np.clip(LOOK_STEPS * (seconds - took) / took, LOOK_STEPS, MOST_STEPS))


def _of(coef: Array, intercept: Array) -> Linear:
    return Linear(np.ascontiguousarray(coef.T, dtype=np.float32), np.asarray(intercept, dtype=np.float32))
