"""The families of models that compete, each with what it may vary, how it is fitted and how it scores.

Every fitted estimator gives a raw margin per row: log-odds, or the value for regression. Heavy libraries are imported
when a family is first fitted.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from treadle.errors import SpecError, nearest
from treadle.scoring.metrics import Kind
from treadle.spec.choices import FAMILY_ALIASES
from treadle.training.cores import CORES, MOST_THREADS

Array = np.ndarray[Any, Any]
Params = dict[str, Any]
FEW_ROWS = 10_000
FEW_CELLS = 200_000
"""Below this, waking a second thread takes longer than the work it would do: rows to predict, cells to fit."""
MOST_ROUNDS = 1500
PATIENCE = 40


def _polite_threads() -> None:
    """Let waiting OpenMP threads spin for microseconds, then sleep.

    By default they spin for milliseconds, and on a machine with other work the spinning thread keeps the one it waits
    for from running: fits of half a second took half a minute. Never spinning makes large fits three times slower.
    OpenMP reads this once, when the library that brings it is loaded; a setting of the user's stands.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


class Estimator(Protocol):
    """What a fitted model does. `x` is float32 [rows, width]."""

    def margin(self, x: Array) -> Array:
        """Raw margins, float64 [rows]."""


@dataclass(frozen=True, eq=False)
class Linear:
    """Margin = x @ coef + intercept."""

    coef: Array
    intercept: float

    def margin(self, x: Array) -> Array:
        out: Array = x.astype(np.float64) @ self.coef.astype(np.float64) + self.intercept
        return out


@dataclass(frozen=True, eq=False)
class Trees:
    """A LightGBM booster and how many of its rounds to use."""

    booster: Any
    rounds: int
    threads: int = MOST_THREADS

    def margin(self, x: Array) -> Array:
        # LightGBM answers float32 input by its own conversion; float64 of float32 values is exact.
        threads = 1 if len(x) < FEW_ROWS else CORES.free(self.threads)
        out = self.booster.predict(x.astype(np.float64), raw_score=True, num_iteration=self.rounds, num_threads=threads)
        return np.asarray(out, dtype=np.float64)


@dataclass(frozen=True)
class Constant:
    """The same margin for every row: what is known without any feature."""

    value: float

    def margin(self, x: Array) -> Array:
        return np.full(len(x), self.value)


class Family(ABC):
    """Contract: `fit` is deterministic for equal inputs and seed, and uses at most `threads` threads, fewer on a busy
    machine."""

    name: ClassVar[str]
    linear: ClassVar[bool]
    """Which encoding it takes: scaled and filled, or as is."""

    def __init__(self, kind: Kind, *, weight_option: bool = False, threads: int = MOST_THREADS, seed: int = 7) -> None:
        self.kind, self.weight_option, self.threads, self.seed = kind, weight_option, threads, seed

    @abstractmethod
    def defaults(self) -> Params:
        """Settings that are good without search; the first trial."""

    @abstractmethod
    def suggest(self, trial: Any) -> Params:
        """Settings drawn from an Optuna trial."""

    @abstractmethod
    def fit(
        self, x: Array, y: Array, params: Params, valid: tuple[Array, Array] | None = None, metric: str = ""
    ) -> Estimator:
        """Fit; with `valid`, stop early by it. Without, `params["rounds"]` says how long."""

    def used(self, params: Params, rows: int) -> Params:
        """`params` as a fit on so many rows goes by them."""
        return dict(params)

    def weights(self, y: Array, params: Params) -> Array | None:
        """Row weights that even out the classes by the square root of their odds, where `params` ask for it."""
        if not params.get("even_classes") or self.kind == "regression":
            return None
        share = float(y.mean())
        return np.where(y > 0.5, np.sqrt((1 - share) / share), 1.0)


class LinearFamily(Family):
    """Logistic regression or ridge, by kind (scikit-learn). Search: the strength of the penalty."""

    name = "linear"
    linear = True

    def defaults(self) -> Params:
        return {"c": 0.1, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("linear.even_classes", [False, True]) if self.weight_option else False
        return {"c": trial.suggest_float("linear.c", 1e-4, 100.0, log=True), "even_classes": even}

    def fit(
        self, x: Array, y: Array, params: Params, valid: tuple[Array, Array] | None = None, metric: str = ""
    ) -> Estimator:
        _polite_threads()
        from sklearn.linear_model import LogisticRegression, Ridge

        c = float(params["c"])
        wide = x.astype(np.float64)
        if self.kind == "regression":
            ridge = Ridge(alpha=1.0 / c).fit(wide, y)
            return Linear(np.asarray(ridge.coef_, dtype=np.float32), float(np.float32(ridge.intercept_)))
        import warnings

        model = LogisticRegression(C=c, max_iter=200, tol=1e-4)
        with warnings.catch_warnings():
            # 200 steps short of the optimum still rank: the score of the trial says how well.
            warnings.simplefilter("ignore")
            model.fit(wide, y, sample_weight=self.weights(y, params))
        return Linear(np.asarray(model.coef_[0], dtype=np.float32), float(np.float32(model.intercept_[0])))


class LightGBMFamily(Family):
    """Gradient-boosted trees (Ke et al. 2017). Search: size, shrinkage, sampling, penalties; early stopping."""

    name = "lightgbm"
    linear = False
    _METRICS: ClassVar[dict[str, str]] = {
        "average_precision": "average_precision",
        "roc_auc": "auc",
        "log_loss": "binary_logloss",
        "brier": "binary_logloss",
        "rmse": "l2",
        "mse": "l2",
        "mae": "l1",
        "r2": "l2",
    }

    def defaults(self) -> Params:
        return {
            "leaves": 31,
            "rate": 0.05,
            "least_rows": 300,
            "columns": 0.5,
            "rows": 0.7,
            "l2": 5.0,
            "even_classes": False,
        }

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("lightgbm.even_classes", [False, True]) if self.weight_option else False
        return {
            "leaves": trial.suggest_int("lightgbm.leaves", 4, 96, log=True),
            "rate": trial.suggest_float("lightgbm.rate", 0.03, 0.15, log=True),
            "least_rows": trial.suggest_int("lightgbm.least_rows", 10, 1000, log=True),
            "columns": trial.suggest_float("lightgbm.columns", 0.25, 1.0),
            "rows": trial.suggest_float("lightgbm.rows", 0.4, 1.0),
            "l2": trial.suggest_float("lightgbm.l2", 0.01, 100.0, log=True),
            "even_classes": even,
        }

    def used(self, params: Params, rows: int) -> Params:
        # A leaf's floor was chosen for large tables: a small one must still be able to split.
        return {**params, "least_rows": max(1, min(params["least_rows"], rows // 50))}

    def settings(self, params: Params, rows: int, metric: str) -> Params:
        """`params` in LightGBM's words."""
        objective = "binary" if self.kind == "classification" else "regression"
        fallback = "auc" if self.kind == "classification" else "l2"
        return {
            "objective": objective,
            "metric": self._METRICS.get(metric, fallback),
            "verbose": -1,
            "num_leaves": params["leaves"],
            "learning_rate": params["rate"],
            "min_data_in_leaf": self.used(params, rows)["least_rows"],
            "feature_fraction": params["columns"],
            "bagging_fraction": params["rows"],
            "bagging_freq": 1,
            "lambda_l2": params["l2"],
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
        }

    def fit(
        self, x: Array, y: Array, params: Params, valid: tuple[Array, Array] | None = None, metric: str = ""
    ) -> Estimator:
        _polite_threads()
        import lightgbm

        threads = 1 if x.size < FEW_CELLS else CORES.free(self.threads)
        settings = self.settings(params, len(y), metric) | {"num_threads": threads}
        data = lightgbm.Dataset(x, y, weight=self.weights(y, params), params=settings, free_raw_data=True)
        if valid is None:
            rounds = int(params.get("rounds", 300))
            return Trees(lightgbm.train(settings, data, num_boost_round=rounds), rounds, self.threads)
        held = lightgbm.Dataset(valid[0], valid[1], reference=data, params=settings)
        stop = lightgbm.early_stopping(PATIENCE, first_metric_only=True, verbose=False)
        booster = lightgbm.train(settings, data, num_boost_round=MOST_ROUNDS, valid_sets=[held], callbacks=[stop])
        return Trees(booster, int(booster.best_iteration or booster.current_iteration()), self.threads)


FAMILIES: dict[str, type[Family]] = {family.name: family for family in (LinearFamily, LightGBMFamily)}


def families(wanted: str | tuple[str, ...], kind: Kind, **options: Any) -> list[Family]:
    """The families named in `train.families`; `auto` is all of them.

    Raises:
        SpecError: a family that does not exist.
    """
    names = tuple(FAMILIES) if wanted == "auto" else (wanted,) if isinstance(wanted, str) else wanted
    chosen = []
    for name in names:
        real = FAMILY_ALIASES.get(name, name)
        if real not in FAMILIES:
            raise SpecError(
                f'there is no family of models "{name}"',
                where="train.families",
                mend=nearest(name, [*FAMILIES, *FAMILY_ALIASES]),
            )
        chosen.append(FAMILIES[real](kind, **options))
    return list({family.name: family for family in chosen}.values())


def constant(y: Array, kind: Kind) -> Constant:
    """The trivial baseline: the share of positives as log-odds, or the mean."""
    mean = float(y.mean())
    return Constant(mean if kind == "regression" else float(np.log(mean / (1 - mean))))
