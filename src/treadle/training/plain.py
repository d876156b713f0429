"""Models as a library gives them: its defaults, on the columns as they are, fitted on the training rows.

Nothing of what `search` and `fit` do is done here: no settings are tried, text is not encoded by rates, nothing is
calibrated. It is what somebody would have who took the library and no more, so it says what the rest is worth.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.errors import SpecError, nearest
from treadle.scoring.metrics import Array
from treadle.training.table import TrainingTable

if TYPE_CHECKING:
    import polars as pl

    from treadle.scoring.tasks import Task

LIBRARIES = {
    "lightgbm": "LightGBM by its defaults; text as categories",
    "linear": "scikit-learn's logistic or ridge regression by its defaults; text one-hot, gaps by the median",
}


@dataclass(frozen=True, eq=False)
class Plain:
    """A library's model, fitted. `encode`: rows of features as its columns; `answer`: from these to probabilities or
    values, [rows] or [rows, classes]."""

    encode: Callable[[pl.DataFrame], Array]
    answer: Callable[[Array], Array]
    seconds: float
    cpu_seconds: float
    said: str

    def predict(self, frame: pl.DataFrame) -> Array:
        return self.answer(self.encode(frame))


def fit_plain(library: str, table: TrainingTable, train: Array, task: Task, *, seed: int, threads: int) -> Plain:
    """Fitted on the rows `train` of the table, by the defaults of `library`.

    Raises:
        SpecError: no such library is known, or it tells no quantiles.
    """
    if library not in LIBRARIES:
        raise SpecError(
            f'no defaults are known of a library "{library}"', where="--library", mend=nearest(library, LIBRARIES)
        )
    if task.levels:
        raise SpecError(f"{library} tells no quantiles by its defaults", where="--library", mend="leave it out")
    rows = table.rows(train)
    began, used = time.monotonic(), time.process_time()
    columns = _Columns.of(rows)
    label, weight = rows.taught
    label = label.astype(np.int64) if task.decides or task.classes else label
    model = _MADE[library](columns, bool(task.decides or task.classes), seed, threads)
    said = _fitted(model, columns.matrix(rows.frame), label, weight, library)
    took = time.monotonic() - began, time.process_time() - used
    if hasattr(model, "n_jobs"):
        model.set_params(n_jobs=1)  # one row is told sooner by one thread

    def answer(found: Array) -> Array:
        with warnings.catch_warnings():  # columns are told by their places, as they were when it was fitted
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            return told_of(found)

    def told_of(found: Array) -> Array:
        if task.decides:
            return np.asarray(model.predict_proba(found)[:, 1], dtype=np.float64)
        if task.classes:
            told = np.zeros((len(found), len(task.classes)))
            told[:, np.asarray(model.classes_, dtype=np.int64)] = model.predict_proba(found)
            return told
        return np.asarray(model.predict(found), dtype=np.float64)

    return Plain(columns.matrix, answer, *took, said)


@dataclass(frozen=True)
class _Columns:
    """How features become a matrix: numbers as they are, times in seconds, text by its place among the levels."""

    names: tuple[str, ...]
    levels: dict[str, dict[str, int]]

    @classmethod
    def of(cls, rows: TrainingTable) -> _Columns:
        texts = [each.name for each in rows.learned if each.type == "str"]
        levels = {
            name: {level: n for n, level in enumerate(sorted(rows.frame.get_column(name).drop_nulls().unique()))}
            for name in texts
        }
        return cls(tuple(each.name for each in rows.learned), levels)

    @property
    def texts(self) -> list[int]:
        return [place for place, name in enumerate(self.names) if name in self.levels]

    @property
    def numbers(self) -> list[int]:
        return [place for place, name in enumerate(self.names) if name not in self.levels]

    def matrix(self, frame: pl.DataFrame) -> Array:
        import polars as pl

        made = []
        for name in self.names:
            column = frame.get_column(name)
            if name in self.levels:
                column = column.replace_strict(self.levels[name], default=None, return_dtype=pl.Float64)
            elif column.dtype.is_temporal():
                column = column.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 1e6
            made.append(column.cast(pl.Float64).fill_null(float("nan")).to_numpy())
        return np.column_stack(made) if made else np.zeros((frame.height, 0))


def _lightgbm(columns: _Columns, classes: bool, seed: int, threads: int) -> Any:
    import lightgbm

    made = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    return made(random_state=seed, n_jobs=threads, verbosity=-1, categorical_feature=columns.texts)


def _linear(columns: _Columns, classes: bool, seed: int, threads: int) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    gaps = SimpleImputer(strategy="median", keep_empty_features=True)
    parts = [("numbers", make_pipeline(gaps, StandardScaler()), columns.numbers)] if columns.numbers else []
    parts += [("text", OneHotEncoder(handle_unknown="ignore"), columns.texts)] if columns.texts else []
    return make_pipeline(ColumnTransformer(parts), LogisticRegression() if classes else Ridge())


_MADE: dict[str, Callable[[_Columns, bool, int, int], Any]] = {"lightgbm": _lightgbm, "linear": _linear}


def _fitted(model: Any, x: Array, label: Array, weight: Array | None, library: str) -> str:
    """Fit it; what is to be known of it, in words."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if weight is None:
            model.fit(x, label)
        else:
            last = model.steps[-1][0] + "__" if hasattr(model, "steps") else ""
            model.fit(x, label, **{f"{last}sample_weight": weight})
    early = any("ConvergenceWarning" in each.category.__name__ for each in told)
    return LIBRARIES[library] + ("; it did not converge in its rounds" if early else "")
