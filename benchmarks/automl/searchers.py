"""Peers that search by themselves within a budget: FLAML and AutoGluon. Each needs an environment of its own.

Where rows have a time order they are told so, for a search by shuffled folds would choose what does not last.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from benchmarks.automl.frames import days_column
from benchmarks.automl.peers import Peer
from benchmarks.automl.task import LABEL

_METRICS = {"binary": "roc_auc", "multiclass": "log_loss"}


class Flaml(Peer):
    library = "flaml"

    def fit(self) -> None:
        from flaml import AutoML

        task = self.task
        self.model = AutoML()
        self.model.fit(
            self.frames.train,
            self.frames.label,
            task="classification" if self.classifies else "regression",
            metric=_METRICS.get(task.kind, "rmse"),
            time_budget=task.budget_s,
            n_jobs=task.threads,
            seed=task.seed,
            verbose=0,
            log_file_name="",
            **({"split_type": "time"} if task.time_column else {}),
        )

    def size(self, folder: Path) -> int:
        content = pickle.dumps(self.model)
        (folder / "model").write_bytes(content)
        return len(content)

    def note(self) -> str:
        return f"{self.model.best_estimator}, {len(self.model.config_history or {})} settings bettered"


class AutoGluon(Peer):
    """As it comes, without a preset."""

    library = "autogluon.tabular"
    presets: ClassVar[dict[str, Any]] = {}

    def __init__(self, task: Any, folder: Path) -> None:
        super().__init__(task, folder)
        self.folder = folder / "autogluon"

    def fit(self) -> None:
        from autogluon.tabular import TabularPredictor

        task = self.task
        rows = pd.concat([self.frames.train, self.frames.label], axis=1)
        metric = _METRICS.get(task.kind, "root_mean_squared_error")
        predictor = TabularPredictor(
            LABEL, problem_type=task.kind, eval_metric=metric, path=str(self.folder), verbosity=0
        )
        self.model = predictor.fit(
            rows, time_limit=task.budget_s, num_cpus=task.threads, num_gpus=0, **self.presets, **self._time()
        )

    def _time(self) -> dict[str, Any]:
        column = self.task.time_column
        if column is None:
            return {}
        if column not in self.frames.train:
            column = days_column(column)
        return {"validation_structure": {"time_on": column, "temporal_forward_only": True}}

    def predict(self, frame: pd.DataFrame) -> Any:
        found = self.model.predict_proba(frame) if self.classifies else self.model.predict(frame)
        return found.to_numpy()

    def singles(self, places: list[int]) -> list[Callable[[], object]]:
        self.model.persist()
        return super().singles(places)

    def size(self, folder: Path) -> int:
        self.model.clone_for_deployment(str(folder / "deployed"))
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    def note(self) -> str:
        return f"{self.model.model_best}, {len(self.model.model_names())} models"


class AutoGluonBest(AutoGluon):
    """Its preset for the best quality; forward in time it cannot stack.

    Dynamic stacking is off: its rehearsal takes a quarter of the budget, and without Ray some fits end with "Learner is
    already fit" (1.6.3).
    """

    presets: ClassVar[dict[str, Any]] = {"presets": "best_quality", "dynamic_stacking": False}

    def _time(self) -> dict[str, Any]:
        told = super()._time()
        return {**told, "num_stack_levels": 0} if told else told
