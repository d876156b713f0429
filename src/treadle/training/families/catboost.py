"""Boosted symmetric trees (Prokhorenkova et al. 2018, "CatBoost"), where the extra is installed.

All nodes of one level ask the same question, which regularises; text has been made numbers before, as for all trees.
Every row starts from what is known without any feature, which is added here and not by CatBoost.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
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
MOST_ROUNDS = 1000
PATIENCE = 40


class CatBoostFamily(Family):
    """Search: depth, shrinkage, penalty, chance in the choice of splits; early stopping by the metric."""

    name = "catboost"
    extra = "catboost"
    class_by_class = True
    why = "symmetric trees; strong without search, above all on few rows"
    _METRICS: ClassVar[dict[str, str]] = {
        "average_precision": "PRAUC",
        "roc_auc": "AUC",
        "log_loss": "Logloss",
        "brier": "Logloss",
        "rmse": "RMSE",
        "mse": "RMSE",
        "mae": "MAE",
        "r2": "RMSE",
        "poisson_deviance": "Poisson",
    }
    _LOSSES: ClassVar[dict[str, tuple[str, str]]] = {
        "classification": ("Logloss", "AUC"),
        "multiclass": ("MultiClass", "MultiClass"),
        "regression": ("RMSE", "RMSE"),
        "counts": ("Poisson", "Poisson"),
    }
    """By kind of task: what is fitted, and what stops it where the metric is not one of CatBoost's."""

    def defaults(self) -> Params:
        return {"depth": 6, "rate": 0.08, "l2": 3.0, "columns": 0.8, "chance": 1.0, "even_classes": False}

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical("catboost.even_classes", [False, True]) if self.weight_option else False
        return {
            "depth": trial.suggest_int("catboost.depth", 3, 8),
            "rate": trial.suggest_float("catboost.rate", 0.03, 0.3, log=True),
            "l2": trial.suggest_float("catboost.l2", 0.3, 30.0, log=True),
            "columns": trial.suggest_float("catboost.columns", 0.3, 1.0),
            "chance": trial.suggest_float("catboost.chance", 0.1, 10.0, log=True),
            "even_classes": even,
        }

    def hastened(self, params: Params, times: float) -> Params:
        return in_bigger_steps(params, times)

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        return Footprint.of_trees(int(params.get("rounds", 300)), 2 ** int(params["depth"]))

    def settings(self, params: Params, metric: str) -> Params:
        """`params` in CatBoost's words."""
        loss, fallback = self._LOSSES[self.task.kind]
        return {
            "loss_function": loss,
            "eval_metric": fallback if self.task.outputs > 1 else self._METRICS.get(metric, fallback),
            "boosting_type": "Plain",
            "bootstrap_type": "MVS",
            "subsample": 0.8,
            "depth": params["depth"],
            "learning_rate": params["rate"],
            "l2_leaf_reg": params["l2"],
            "rsm": params["columns"],
            "random_strength": params["chance"],
            "boost_from_average": False,
            "random_seed": self.seed,
            "allow_writing_files": False,
            "logging_level": "Silent",
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
        present = np.unique(rows.y).astype(np.int64) if self.task.outputs > 1 else np.arange(1)
        if len(present) == len(base):
            model, rounds = self.grown(rows, params, valid, base, metric, seconds)
            trees, bias = _trees(model)
            return TreeSum.of(self.name, trees, base + bias, rounds=rounds)
        # CatBoost knows the classes of its rows alone: the others stay where they begin
        some = [each and _among(each, present) for each in (rows, valid)]
        assert some[0] is not None
        model, rounds = self.grown(some[0], params, some[1], base[present], metric, seconds)
        trees, bias = _trees(model)
        whole = [tree._replace(values=_spread(tree.values, present, len(base))) for tree in trees]
        return TreeSum.of(self.name, whole, base + _spread(bias, present, len(base)), rounds=rounds)

    def grown(
        self, rows: Sample, params: Params, valid: Sample | None, base: Array, metric: str, seconds: float
    ) -> tuple[Any, int]:
        """CatBoost's own model, and how many of its rounds to use."""
        polite_threads()
        import catboost

        threads = 1 if rows.x.size < FEW_CELLS else CORES.free(self.threads)
        weight = product(rows.weight, self.weights(rows.y, params, rows.weight))

        def data(sample: Sample, weight: Array | None) -> Any:
            start = np.repeat(base[None, :], len(sample), axis=0)
            start = start[:, 0] if start.shape[1] == 1 else start
            return catboost.Pool(sample.x, sample.y, weight=weight, baseline=start)

        end = time.monotonic() + seconds

        class Until:
            """Ends the growth when its seconds are over."""

            def after_iteration(self, info: Any) -> bool:
                return time.monotonic() <= end

        most = int(params.get("rounds", 300)) if valid is None else MOST_ROUNDS
        model = catboost.CatBoost(self.settings(params, metric) | {"iterations": most, "thread_count": threads})
        until = [Until()] if seconds < float("inf") else None
        if valid is None:
            model.fit(data(rows, weight), callbacks=until)
            return model, int(model.tree_count_)
        held = data(valid, valid.weight)
        model.fit(
            data(rows, weight), eval_set=held, early_stopping_rounds=PATIENCE, use_best_model=False, callbacks=until
        )
        return model, int(model.get_best_iteration()) + 1

    def restore(self, kept: Kept) -> Estimator:
        return TreeSum.restore(kept)


def _among(rows: Sample, present: Array) -> Sample | None:
    """Its rows of classes that are `present`, which are counted anew; None where there are none."""
    seen = np.isin(rows.y, present)
    weight = None if rows.weight is None else rows.weight[seen]
    return (
        Sample(rows.x[seen], np.searchsorted(present, rows.y[seen]).astype(np.float64), weight) if seen.any() else None
    )


def _spread(values: Array, present: Array, outputs: int) -> Array:
    """Of the classes that are `present`, with nothing for the others."""
    out = np.zeros((*values.shape[:-1], outputs))
    out[..., present] = values
    return out


def _trees(model: Any) -> tuple[list[Tree], Array]:
    """Each as a full tree: the n-th level asks the n-th question; an answer above the border is bit n of the leaf."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model.json"
        model.save_model(str(place), format="json")
        told = json.loads(place.read_bytes())
    scale, bias = told["scale_and_bias"]
    columns = told["features_info"]["float_features"]
    flat = {each["flat_feature_index"] for each in columns}
    number = {each["feature_index"]: each["flat_feature_index"] for each in columns}
    assert len(flat) == len(columns)
    as_greatest = {number[each["feature_index"]]: each.get("nan_value_treatment") == "AsTrue" for each in columns}
    return [_full(tree, scale, number, as_greatest) for tree in told["oblivious_trees"]], np.atleast_1d(bias)


def _full(tree: Any, scale: float, number: dict[int, int], as_greatest: dict[int, bool]) -> Tree:
    asked = tree["splits"] or []
    depth = len(asked)
    values = np.array(tree["leaf_values"], dtype=np.float64).reshape(2**depth, -1) * scale
    nodes = 2 ** (depth + 1) - 1
    place = np.arange(nodes)
    level = np.floor(np.log2(place + 1)).astype(np.int64)
    feature, threshold = np.full(nodes, -1), np.zeros(nodes)
    missing, leaves = np.zeros(nodes, dtype=bool), np.zeros((nodes, values.shape[1]))
    for n, split in enumerate(asked):
        here = number[split["float_feature_index"]]
        # it is float32, written with so many digits that the nearest is meant
        feature[level == n], threshold[level == n] = here, float(np.float32(split["border"]))
        missing[level == n] = not as_greatest[here]
    # the way to a node, first step first, stands in its place among those of its level
    way = place + 1 - 2**level
    turned = sum(((way >> (depth - 1 - n)) & 1) << n for n in range(depth)) if depth else way
    last = level == depth
    leaves[last] = values[np.broadcast_to(turned, nodes)[last]]
    return Tree(feature, threshold, 2 * place + 1, 2 * place + 2, missing, leaves)
