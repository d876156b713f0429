"""Gradient-boosted trees (Ke et al. 2017, "LightGBM")."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from treadle.scoring.tasks import LabelQuantiles
from treadle.training import memory
from treadle.training.cores import CORES, MOST_THREADS
from treadle.training.families.beside import Beside
from treadle.training.families.family import (
    FASTEST,
    UNKNOWN,
    Array,
    Estimator,
    Family,
    Footprint,
    Graph,
    Inputs,
    Kept,
    Params,
    Sample,
    in_bigger_steps,
    polite_threads,
    product,
)
from treadle.training.families.trees import Node, tree_ensemble

FEW_ROWS = 10_000
FEW_CELLS = 200_000
"""Below this, waking a second thread takes longer than the work it would do: rows to predict, cells to fit."""
LEARNED = 12.0
"""Rounds times rate after which most is learned."""
PATIENCE = 40
_THREADS = re.compile(r"\[num_threads: \d+\]")


@dataclass(frozen=True, eq=False)
class Trees:
    """A LightGBM booster and how many of its rounds to use."""

    booster: Any
    rounds: int
    threads: int = MOST_THREADS

    @property
    def most_rounds(self) -> int:
        return int(self.booster.current_iteration())

    def cut(self, rounds: int) -> Trees:
        return replace(self, rounds=rounds)

    def margin(self, x: Array) -> Array:
        # LightGBM answers float32 input by its own conversion; float64 of float32 values is exact.
        # where threads cannot be begun any more, OpenMP ends the whole process
        threads = 1 if len(x) < FEW_ROWS or memory.is_tight() else CORES.free(self.threads)
        out = self.booster.predict(x.astype(np.float64), raw_score=True, num_iteration=self.rounds, num_threads=threads)
        margins: Array = np.asarray(out, dtype=np.float64)
        return margins if margins.ndim > 1 else margins[:, None]

    def kept(self) -> Kept:
        # the trees are the same with any number of threads, so what is kept has to be
        text = _THREADS.sub("[num_threads: 0]", self.booster.model_to_string(num_iteration=-1))
        return Kept(LightGBMFamily.name, text=text, rounds=int(self.rounds))

    def graph(self, graph: Graph, columns: Array, weight: float) -> str:
        told = self.booster.dump_model(num_iteration=self.rounds)
        outputs = int(told["num_tree_per_iteration"])
        trees = [nodes_of(tree["tree_structure"]) for tree in told["tree_info"]]
        return tree_ensemble(graph, trees, columns, outputs, weight)


def nodes_of(root: dict[str, Any]) -> list[Node]:
    """One tree of LightGBM's own from its root, first left then right."""
    waiting, places = [root], {id(root): 0}
    for node in waiting:  # grows as it is walked
        for side in ("left_child", "right_child"):
            if side in node:
                places[id(node[side])] = len(waiting)
                waiting.append(node[side])
    return [
        Node(
            int(node["split_feature"]),
            0.0 if (members := _members(node)) else float(node["threshold"]),
            places[id(node["left_child"])],
            places[id(node["right_child"])],
            _missing_left(node),
            members=members,
        )
        if "left_child" in node
        else Node(value=float(node["leaf_value"]))
        for node in waiting
    ]


def _members(node: dict[str, Any]) -> tuple[int, ...]:
    """The codes that go left, of a split by category."""
    return tuple(map(int, node["threshold"].split("||"))) if node["decision_type"] == "==" else ()


def _missing_left(node: dict[str, Any]) -> bool:
    """Which way LightGBM sends NaN: by its default side, or, where it saw no missing value in training, as zero."""
    if node["decision_type"] == "==":
        return False  # what is not known is in no set
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return bool(node["threshold"] >= 0.0)


class LightGBMFamily(Family):
    """Search: size, shrinkage, sampling, penalties; early stopping by the metric."""

    name = "lightgbm"
    native = True
    class_by_class = True
    quantiles = True
    why = "thresholds and interactions; takes missing values as they are"
    MOST_ROUNDS: ClassVar[int] = 1500
    _METRICS: ClassVar[dict[str, str]] = {
        "average_precision": "average_precision",
        "roc_auc": "auc",
        "log_loss": "binary_logloss",
        "brier": "binary_logloss",
        "rmse": "l2",
        "mse": "l2",
        "mae": "l1",
        "r2": "l2",
        "poisson_deviance": "poisson",
    }
    _OBJECTIVES: ClassVar[dict[str, tuple[str, str]]] = {
        "classification": ("binary", "auc"),
        "multiclass": ("multiclass", "multi_logloss"),
        "regression": ("regression", "l2"),
        "counts": ("poisson", "poisson"),
        "quantiles": ("quantile", "quantile"),
    }
    """By kind of task: what is fitted, and what stops it where the metric is not one of LightGBM's."""

    def defaults(self) -> Params:
        return {
            "leaves": 31,
            "rate": 0.05,
            "least_rows": 20,
            "columns": 0.5,
            "rows": 0.7,
            "l1": 0.001,
            "l2": 1.0,
            "extra_trees": False,
            "even_classes": False,
        }

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("lightgbm.even_classes", [False, True]) if self.weight_option else False
        return {
            "leaves": trial.suggest_int("lightgbm.leaves", 4, 256, log=True),
            "rate": trial.suggest_float("lightgbm.rate", 0.02, 0.15, log=True),
            "least_rows": trial.suggest_int("lightgbm.least_rows", 1, 1000, log=True),
            "columns": trial.suggest_float("lightgbm.columns", 0.25, 1.0),
            "rows": trial.suggest_float("lightgbm.rows", 0.4, 1.0),
            "l1": trial.suggest_float("lightgbm.l1", 1e-3, 10.0, log=True),
            "l2": trial.suggest_float("lightgbm.l2", 0.01, 100.0, log=True),
            "extra_trees": trial.suggest_categorical("lightgbm.extra_trees", [False, True]),
            "even_classes": even,
        }

    def used(self, params: Params, rows: int) -> Params:
        # A leaf's floor was chosen for large tables: a small one must still be able to split.
        return {**params, "least_rows": max(1, min(params["least_rows"], rows // 50))}

    def paced(self, params: Params, per_round: float, seconds: float) -> Params:
        # what a rate of 0.05 learns in some 400 rounds, twice the rate learns nearly as well in half of them
        possible = max(seconds * 0.8 / max(per_round, 1e-6), 1.0)
        rate = min(max(params["rate"], LEARNED / possible), FASTEST)
        return params if rate <= params["rate"] else {**params, "rate": rate}

    def hastened(self, params: Params, times: float) -> Params:
        return in_bigger_steps(params, times)

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        trees = int(params.get("rounds", 300)) * max(self.task.outputs, len(self.task.levels), 1)
        leaves = min(int(params["leaves"]), 1 + rows // int(self.used(params, rows)["least_rows"]))
        return Footprint.of_trees(trees, leaves, sets=params.get("text") == "native")

    def settings(self, params: Params, rows: int, metric: str) -> Params:
        """`params` in LightGBM's words."""
        objective, fallback = self._OBJECTIVES[self.task.kind]
        stop = fallback if self.task.outputs > 1 else self._METRICS.get(metric, fallback)
        classes = {"num_class": self.task.outputs} if self.task.outputs > 1 else {}
        return {
            "objective": objective,
            **classes,
            **({"alpha": self.task.levels[0]} if self.task.levels else {}),
            "metric": stop,
            "verbose": -1,
            "num_leaves": params["leaves"],
            "learning_rate": params["rate"],
            "min_data_in_leaf": self.used(params, rows)["least_rows"],
            "feature_fraction": params["columns"],
            "bagging_fraction": params["rows"],
            "bagging_freq": 1,
            "lambda_l2": params["l2"],
            "lambda_l1": params.get("l1", 0.0),
            "extra_trees": bool(params.get("extra_trees", False)),
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "min_data_per_group": max(5, min(100, rows // 100)),
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
        if len(self.task.levels) > 1:
            each = seconds / len(self.task.levels)
            return Beside.of(
                [one.fit(rows, params, valid, metric=metric, seconds=each) for one in self.each_quantile()]
            )
        booster, rounds = self.grown(rows, params, valid, metric, seconds)
        return Trees(booster, rounds, self.threads)

    def each_quantile(self) -> list[Self]:
        """It for each quantile alone: LightGBM grows them one by one."""
        more: Params = {"weight_option": self.weight_option, "threads": self.threads, "seed": self.seed}
        return [type(self)(LabelQuantiles((level,)), **more) for level in self.task.levels]

    def grown(self, rows: Sample, params: Params, valid: Sample | None, metric: str, seconds: float) -> tuple[Any, int]:
        """LightGBM's own model, and how many of its rounds to use."""
        polite_threads()
        import lightgbm

        threads = 1 if rows.x.size < FEW_CELLS else CORES.free(self.threads)
        settings = self.settings(params, len(rows), metric) | {"num_threads": threads}
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))
        data = lightgbm.Dataset(
            rows.x, rows.y, weight=weight, params=settings, categorical_feature=list(rows.categories)
        )
        until = [_Until(seconds)] if seconds < float("inf") else []
        if valid is None:
            rounds = int(params.get("rounds", 300))
            booster = _grown(settings, data, rounds, callbacks=until)
            return booster, min(rounds, max(booster.current_iteration(), 1))
        held = lightgbm.Dataset(valid.x, valid.y, weight=valid.weight, reference=data, params=settings)
        stop = lightgbm.early_stopping(PATIENCE, first_metric_only=True, verbose=False)
        booster = _grown(settings, data, self.MOST_ROUNDS, valid_sets=[held], callbacks=[*until, stop])
        return booster, int(booster.best_iteration or booster.current_iteration())

    def restore(self, kept: Kept) -> Estimator:
        if kept.family == Beside.name:
            return Beside.restore(kept, self.restore)
        from lightgbm import Booster

        return Trees(Booster(model_str=kept.text), kept.rounds, self.threads)


def _grown(settings: Params, data: Any, rounds: int, **more: Any) -> Any:
    import lightgbm

    try:
        return lightgbm.train(settings, data, num_boost_round=rounds, **more)
    except lightgbm.basic.LightGBMError as error:
        if "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise


class _Until:
    """Ends the growth of a booster after so many seconds, with the trees that it has by then."""

    before_iteration = False
    order = 40  # after the metrics of the round are known, and after early stopping has seen them

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def __call__(self, env: Any) -> None:
        if time.monotonic() > self.end:
            from lightgbm.callback import EarlyStopException

            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])
