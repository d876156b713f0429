"""The systems that can be compared: in which environment each runs, and the class that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.automl.task import System, Task


@dataclass(frozen=True)
class Entry:
    """`home`: its environment's folder below `venvs`, None for Treadle's own. `package`: whose version is told."""

    name: str
    home: str | None
    module: str
    maker: str
    package: str

    def build(self, task: Task, folder: Path) -> System:
        made: System = getattr(import_module(f"benchmarks.automl.{self.module}"), self.maker)(task, folder)
        return made


SYSTEMS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("ours", None, "ours", "Ours", "treadle"),
        Entry("ag_best", "ag", "searchers", "AutoGluonBest", "autogluon.tabular"),
        Entry("ag", "ag", "searchers", "AutoGluon", "autogluon.tabular"),
        Entry("flaml", "flaml", "searchers", "Flaml", "flaml"),
        Entry("catboost", "base", "peers", "CatBoost", "catboost"),
        Entry("lgbm", "base", "peers", "LightGBM", "lightgbm"),
        Entry("hgb", "base", "peers", "HistGradient", "scikit-learn"),
        Entry("linear", "base", "peers", "TunedLinear", "scikit-learn"),
    )
}
