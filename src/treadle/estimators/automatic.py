"""A search of families and settings, as a classifier and a regressor of scikit-learn."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from treadle.errors import TreadleError
from treadle.estimators.columns import features_of, frame_of, is_missing, table_of, typed
from treadle.scoring.tasks import task_of
from treadle.spec import Brief, People, Predict, ProjectSpec, Source, Split, Train
from treadle.training import (
    Fitted,
    SearchResult,
    TrainingTable,
    check,
    fit,
    fit_few,
    in_units,
    search,
    split,
    too_few,
)

Array = np.ndarray[Any, Any]
LEAST_SHARE = 0.001
"""Of the rows, that the search does not see, as `split` always cuts a test part: one row, or one a class, at least."""


@contextmanager
def _value_errors() -> Iterator[None]:
    """What Treadle refuses, as the error that callers of scikit-learn expect."""
    try:
        yield
    except (TreadleError, msgspec.ValidationError) as error:
        raise ValueError(str(error)) from error


def _known(y: Any) -> Array:
    """The labels as an array, none of them missing.

    Raises:
        ValueError: one is None or NaN, of numbers or of text.
    """
    told: Array = check_array(y, ensure_2d=False, dtype=None, input_name="y", ensure_all_finite=False)
    if told.dtype.kind == "O":
        missing = sum(map(is_missing, told.ravel()))
        if missing:
            values = "1 missing value" if missing == 1 else f"{missing:,} missing values"
            raise ValueError(f"y contains {values} (None or NaN): leave the rows out whose label is not known")
    elif told.dtype.kind == "f":
        told = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    return told


class _Automatic(BaseEstimator, ABC):  # type: ignore[misc]
    """What both have in common."""

    def __init__(
        self,
        *,
        minutes: float | None = 5.0,
        trials: int | None = None,
        metric: str | None = None,
        families: str | Sequence[str] = "auto",
        seed: int = 7,
    ) -> None:
        self.minutes = minutes
        self.trials = trials
        self.metric = metric
        self.families = families
        self.seed = seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:  # noqa: N803
        """Check what was given, drop rows of no weight, and train.

        1. Search on folds of all rows but `LEAST_SHARE`, with the time that is given.
        2. Fit what was chosen on all rows, those of the share too.
        """
        table = table_of(X)
        validate_data(self, table, **({"y": None} if y is None else {}), reset=True, skip_check_array=True)
        told = column_or_1d(_known(y), warn=True)
        check_consistent_length(table, told)
        frame, weight = frame_of(table), None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, told, dtype=np.float64, ensure_non_negative=True)
            counts = weight > 0
            frame, told, weight = frame.filter(counts), told[counts], weight[counts]
        kind, label, classes = self._labels(told)
        self._columns, self._features = tuple(frame.columns), features_of(frame)
        if not self._features:
            raise ValueError("every column is empty: there is nothing to learn from")
        rows = TrainingTable(
            typed(frame, self._features),
            label,
            None,
            None,
            range(len(label)),
            self._features,
            classes=classes,
            weight=weight,
        )
        with _value_errors():
            self.fitted_, self.search_ = _train(rows, self._spec(kind), self.minutes)
        return self

    @abstractmethod
    def _labels(self, y: Array) -> tuple[str, Array, tuple[str, ...]]:
        """The kind of prediction, labels as they are trained on, and the names of classes where there are several."""

    def _spec(self, kind: str) -> ProjectSpec:
        families = self.families if self.families == "auto" or not isinstance(self.families, str) else (self.families,)
        asked = {"families": families, "seed": int(self.seed), "trials": self.trials}
        cut = Split(by="stratified" if task_of(kind).stratifies else "random", test=LEAST_SHARE)
        return ProjectSpec(
            project="estimator",
            brief=Brief(people=People(owner="estimator")),
            sources={"rows": Source(read="memory")},
            predict=Predict(name="y", each="rows", label="y", kind=kind, metric=self.metric, split=cut),  # type: ignore[arg-type]
            train=msgspec.convert(asked, Train),
        )

    def _told(self, X: Any) -> Array:  # noqa: N803
        check_is_fitted(self)
        table = table_of(X)
        validate_data(self, table, reset=False, skip_check_array=True)
        texts = {feature.name for feature in self._features if feature.type == "str"}
        frame: pl.DataFrame = frame_of(table, [name in texts for name in self._columns])
        frame = frame.rename(dict(zip(frame.columns, self._columns, strict=True)))
        return self.fitted_.predict(typed(frame, self._features))


def _train(table: TrainingTable, spec: ProjectSpec, minutes: float | None) -> tuple[Fitted, SearchResult | None]:
    if minutes is not None and not minutes > 0:
        raise ValueError(f"minutes={minutes!r} is no time to train in: give more than 0, or None for no limit")
    task = task_of(spec.predict.kind, table.classes)
    task.metric(spec.predict.metric, table.label)
    table = in_units(table, np.arange(len(table)))
    if too_few(table, spec):
        return fit_few(table, spec), None
    start, limit = time.monotonic(), math.inf if minutes is None else 60.0 * minutes
    check(table, task)
    parts = split(table, spec.predict, seed=spec.train.seed)
    found = search(table, parts, spec, deadline_s=limit - (time.monotonic() - start))
    whole = replace(parts, train=np.arange(len(table)), test=parts.test[:0])
    return fit(table, whole, found, spec, seconds=limit - (time.monotonic() - start)), found


_PARAMETERS = """

    It compares families of models and their settings on folds of the rows, blends the best where that helps, and fits
    what it chose on all rows: none is kept back to judge it. So the score of a search is no estimate for new rows; use
    `cross_val_score`, rows of your own, or a Treadle project, which seals a test part and reports on it. The search
    itself leaves out a thousandth of the rows, at least one, or one of each class. Rows are taken in no order: where
    they have a time or groups, a project can split by these.

    Takes a Polars or pandas frame, an Arrow table, an array or lists. Text (categories too), true and false, numbers,
    dates and times are used as they are; missing values may stand anywhere. Columns without any value are left out,
    and what is neither of these is refused. Of fewer than 50 rows, or 10 of a class, nothing can be compared: the
    simplest family is fitted with its defaults, and `search_` is None. Weights of rows count where models are fitted,
    compared and calibrated, by their proportions; the folds are cut by rows. A row of weight zero is not there.

    Parameters
    ----------
    minutes : float or None, default=5.0
        Time for all of `fit`. None: no limit, and then the result depends on the rows, the seed and the trials alone.
    trials : int or None, default=None
        Settings tried, so many. None: until the time is over or nothing is gained any more; 40 without
        a limit of time.
    metric : str or None, default=None
        What is compared by. None: {metric}
    families : "auto", or names of families, default="auto"
        Which compete: `linear`, `lightgbm`, and those of installed packages. "auto" is all of them.
    seed : int, default=7

    Attributes
    ----------
    fitted_ : treadle.training.Fitted
    search_ : treadle.training.SearchResult or None
        Every trial, what was chosen, and in `notes` what was cut short.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn{attributes}
"""


class Classifier(ClassifierMixin, _Automatic):  # type: ignore[misc]
    __doc__ = "One of two to 1,000 classes, with calibrated probabilities." + _PARAMETERS.format(
        metric="roc_auc, or average_precision where one class is rare; log_loss of several classes.",
        attributes="\n    classes_ : array of the classes, in the order of `predict_proba`",
    )

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train on rows `X` with classes `y`. `sample_weight`: how much each row counts."""
        return self._fit(X, y, sample_weight)

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """The probability of each class: float64 [rows, classes]."""
        told = self._told(X)
        return np.column_stack([1.0 - told, told]) if told.ndim == 1 else told

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The most probable class of each row."""
        told: Array = self.predict_proba(X).argmax(axis=1)
        found: Array = self.classes_[told]
        return found

    def _labels(self, y: Array) -> tuple[str, Array, tuple[str, ...]]:
        try:
            check_classification_targets(y)
            self.classes_, number = np.unique(y, return_inverse=True)
        except TypeError as error:  # values of several types have no order
            kinds = ", ".join(sorted({type(label).__name__ for label in y}))
            raise ValueError(f"y holds classes of several types ({kinds}): give all of them as one") from error
        if len(self.classes_) < 2:
            raise ValueError("there is one class only: nothing can be told apart")
        names = tuple(map(str, range(len(self.classes_)))) if len(self.classes_) > 2 else ()
        return "multiclass" if names else "classification", number.astype(np.float64), names


class Regressor(RegressorMixin, _Automatic):  # type: ignore[misc]
    __doc__ = "A number, told as it is expected." + _PARAMETERS.format(metric="rmse.", attributes="")

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train on rows `X` with numbers `y`. `sample_weight`: how much each row counts."""
        return self._fit(X, y, sample_weight)

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The value of each row: float64 [rows]."""
        return self._told(X)

    def _labels(self, y: Array) -> tuple[str, Array, tuple[str, ...]]:
        return "regression", np.asarray(check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")), ()
