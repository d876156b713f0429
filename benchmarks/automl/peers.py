"""Learners with their defaults, and a linear model whose penalty is searched for. Needs the environment `base`."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
import pandas as pd

from benchmarks.automl.frames import Frames
from benchmarks.automl.task import Task

Array = np.ndarray[Any, Any]
MOST_CATEGORIES = 255
"""More than this scikit-learn's trees do not take: such a text column becomes a number a level."""
PENALTIES = (1.0, 0.1, 10.0, 0.01)
MOST_SEARCH_ROWS = 50_000
"""Rows, evenly spread, that penalties of the classifier are compared on; the last fit sees all."""
SEARCH_SHARE = 0.6
"""The share of the budget in which penalties of the classifier are compared; the last fit needs the rest."""


class Peer:
    """What all have in common: rows as frames, a model with scikit-learn's methods, its size as joblib writes it."""

    library: ClassVar[str]
    """The module that does the work, imported before the budget begins."""
    model: Any

    def __init__(self, task: Task, folder: Path) -> None:
        import_module(self.library)
        self.task, self.frames = task, Frames.read(folder)
        self.classifies = task.kind != "regression"
        self.began = 0.0

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    def made(self) -> Any:
        raise NotImplementedError

    def fit(self) -> None:
        self.began = time.perf_counter()
        self.model = self.made().fit(self.prepared(self.frames.train), self.frames.label)

    def predict(self, frame: pd.DataFrame) -> Any:
        x = self.prepared(frame)
        return self.model.predict_proba(x) if self.classifies else self.model.predict(x)

    def predictions(self) -> Array:
        return np.asarray(self.predict(self.frames.held_out))

    def singles(self, places: list[int]) -> list[Callable[[], object]]:
        rows = [self.frames.held_out.iloc[[place]].reset_index(drop=True) for place in places]
        return [lambda row=row: self.predict(row) for row in rows]  # type: ignore[misc]

    def size(self, folder: Path) -> int:
        joblib.dump(self.model, folder / "model")
        return (folder / "model").stat().st_size

    def note(self) -> str:
        return ""

    def seconds_left(self) -> float:
        return self.task.budget_s - (time.perf_counter() - self.began)


class _Categories(Peer):
    """Text as pandas categories, of the levels that the training rows have."""

    def __init__(self, task: Task, folder: Path) -> None:
        super().__init__(task, folder)
        train = self.frames.train
        self.levels = {name: sorted(train[name].dropna().unique(), key=str) for name in self.frames.text}

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        columns = {name: pd.Categorical(frame[name], categories=levels) for name, levels in self.levels.items()}
        return frame.assign(**columns)


class LightGBM(_Categories):
    library = "lightgbm"

    def made(self) -> Any:
        import lightgbm

        kind = lightgbm.LGBMClassifier if self.classifies else lightgbm.LGBMRegressor
        return kind(n_jobs=self.task.threads, random_state=self.task.seed, verbose=-1)


class HistGradient(_Categories):
    library = "sklearn.ensemble"

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame = super().prepared(frame)
        for name, levels in self.levels.items():
            if len(levels) > MOST_CATEGORIES:
                codes = frame[name].cat.codes.astype(float)
                frame[name] = codes.where(codes >= 0)
        return frame

    def made(self) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if self.classifies else HistGradientBoostingRegressor
        return kind(random_state=self.task.seed, categorical_features="from_dtype")


class CatBoost(Peer):
    """Its default thousand trees, or as many as the budget has time for."""

    library = "catboost"
    stopped = False

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        columns = {name: frame[name].fillna("missing").astype(str).astype(object) for name in self.frames.text}
        return frame.assign(**columns)

    def made(self) -> Any:
        import catboost

        kind = catboost.CatBoostClassifier if self.classifies else catboost.CatBoostRegressor
        return kind(
            thread_count=self.task.threads,
            random_seed=self.task.seed,
            verbose=0,
            allow_writing_files=False,
            cat_features=list(self.frames.text),
        )

    def fit(self) -> None:
        self.began = time.perf_counter()
        x = self.prepared(self.frames.train)
        self.model = self.made().fit(x, self.frames.label, callbacks=[self])

    def after_iteration(self, _info: Any) -> bool:
        """CatBoost calls this after each tree, and ends where it says False."""
        self.stopped = self.seconds_left() < 0.03 * self.task.budget_s
        return not self.stopped

    def note(self) -> str:
        return f"{self.model.tree_count_} trees" + (", ended by the budget" if self.stopped else "")


class TunedLinear(Peer):
    """Logistic regression or ridge on scaled numbers and one-hot levels; its penalty by three folds."""

    library = "sklearn.linear_model"
    chosen = ""

    def fit(self) -> None:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline

        self.began = time.perf_counter()
        x, y = self.frames.train, self.frames.label
        if self.classifies:
            self.model = self._logistic(self._penalty(x, y)).fit(x, y)
            return
        self.model = make_pipeline(self._columns(), RidgeCV(alphas=np.logspace(-3, 4, 15))).fit(x, y)
        self.chosen = f"alpha {self.model[-1].alpha_:g}"

    def _penalty(self, x: pd.DataFrame, y: Any) -> float:
        """The best of the penalties that there was time to try, the usual one first."""
        from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit, cross_val_score

        some = np.linspace(0, len(x) - 1, min(len(x), MOST_SEARCH_ROWS)).astype(int)
        x, y = x.iloc[some], y.iloc[some]
        metric = "roc_auc" if self.task.kind == "binary" else "neg_log_loss"
        folds = TimeSeriesSplit(3) if self.task.time_column else StratifiedKFold(3)
        found: dict[float, float] = {}
        for penalty in PENALTIES:
            before = time.perf_counter()
            found[penalty] = float(cross_val_score(self._logistic(penalty), x, y, cv=folds, scoring=metric).mean())
            usual = time.perf_counter() - before
            if self.seconds_left() - usual < (1 - SEARCH_SHARE) * self.task.budget_s:
                break
        best = max(found, key=lambda penalty: (np.nan_to_num(found[penalty], nan=-np.inf), -penalty))
        self.chosen = f"C {best:g} of {len(found)} tried"
        return best

    def _logistic(self, penalty: float) -> Any:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        return make_pipeline(self._columns(), LogisticRegression(C=penalty, max_iter=300))

    def _columns(self) -> Any:
        from sklearn.compose import make_column_transformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        text = list(self.frames.text)
        numbers = [name for name in self.frames.train if name not in text]
        scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
        levels = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10)
        return make_column_transformer((scaled, numbers), (levels, text))

    def note(self) -> str:
        return self.chosen
