"""What training is given: features, labels and times of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, Fault, nearest
from treadle.features.plan import FeatureColumn as FeatureColumn
from treadle.features.plan import Origin
from treadle.training.exposure import problems as exposures
from treadle.training.weights import PLACE, problems

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.scoring.tasks import Task

_LABEL = "correct the label's expression, or give rows of every kind"
LEAST_ROWS = 50
"""Fewer training rows than this give folds in which no metric means anything."""


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """Rows with a label. Row i of `frame`, `label`, `at`, `known`, `ids` and `group` is the same example.

    `label` holds 0.0 and 1.0 for classification, any finite number for regression, and for several classes the number
    of the class in `classes`. `weight`: how much each row counts, above zero, where not all count alike. `at` is when
    the prediction is made and `known` when its label became known, both UTC; None for tables without time.
    `exposure`: of counts, what each is in proportion to, above zero; `frame` has it too, as the feature of that origin;
    rates are fitted per `unit` of it.
    `group` is the column a split by group keeps together, where there is one.
    """

    frame: pl.DataFrame
    label: np.ndarray[Any, Any]
    at: np.ndarray[Any, Any] | None
    known: np.ndarray[Any, Any] | None
    ids: Sequence[Any]
    features: tuple[FeatureColumn, ...]
    group: Sequence[Any] | None = None
    classes: tuple[str, ...] = ()
    weight: np.ndarray[Any, Any] | None = None
    exposure: np.ndarray[Any, Any] | None = None
    unit: float = 1.0

    def __len__(self) -> int:
        return len(self.label)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def rows(self, index: np.ndarray[Any, Any]) -> TrainingTable:
        """The rows at the positions `index`, in that order."""
        return replace(
            self,
            frame=self.frame[index],
            label=self.label[index],
            at=None if self.at is None else self.at[index],
            known=None if self.known is None else self.known[index],
            ids=_take(self.ids, index),
            group=None if self.group is None else _take(self.group, index),
            weight=None if self.weight is None else self.weight[index],
            exposure=None if self.exposure is None else self.exposure[index],
        )

    def counted(self, counts: np.ndarray[Any, Any] | None) -> TrainingTable:
        """It with each row counting so many times as much; itself for None."""
        if counts is None:
            return self
        return replace(self, weight=counts if self.weight is None else self.weight * counts)

    def grouped(self, by: str) -> TrainingTable:
        """It as it is learned from: with groups only where the split is `by` them. Elsewhere they come back, and what
        is known of one by then tells of its next rows."""
        return self if by == "group" or self.group is None else replace(self, group=None)

    @property
    def learned(self) -> tuple[FeatureColumn, ...]:
        """The features that a model learns from: all but an exposure, which it is asked with besides."""
        return tuple(feature for feature in self.features if feature.origin != "exposure")

    @property
    def per(self) -> str | None:
        """The column that counts are in proportion to, where there is one."""
        return next((feature.name for feature in self.features if feature.origin == "exposure"), None)

    @property
    def taught(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
        """Labels and weights that are fitted: of counts over an exposure, rates that weigh by it, by one on average."""
        if self.exposure is None:
            return self.label, self.weight
        mass = self.exposure if self.weight is None else self.exposure * self.weight
        return self.label / (self.exposure / self.unit), mass / mass.mean()

    def counts(self, rates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """What these rates, which are fitted, say of the rows; itself where there is no exposure."""
        return rates if self.exposure is None else rates * (self.exposure / self.unit)

    def only(self, origins: tuple[Origin, ...]) -> tuple[FeatureColumn, ...]:
        """The features that come from one of `origins`."""
        return tuple(feature for feature in self.features if feature.origin in origins)


def _take(values: Sequence[Any], index: np.ndarray[Any, Any]) -> Sequence[Any]:
    """The values at the positions `index`; at once where they are a Series or an array."""
    if hasattr(values, "dtype"):
        taken: Sequence[Any] = values[index]  # type: ignore[call-overload]
        return taken
    return [values[place] for place in index.tolist()]


def check(table: TrainingTable, task: Task) -> None:
    """Refuse a table that nothing can be learned from, all reasons at once.

    Raises:
        DataError: no rows or too few, features and frame that disagree, a label that is missing, infinite,
            constant, or not of the task, times that are missing, an empty feature, rows that cannot be weighted.
    """
    import numpy as np

    wrong: list[Fault] = []
    if len(table) < LEAST_ROWS:
        found = f"there are only {len(table)} rows with a label" if len(table) else "there are no rows with a label"
        raise DataError(
            f"{found}; at least {LEAST_ROWS} are needed",
            where="training table",
            mend="give more rows, or check `predict.label` and the filters before it",
        )
    wrong += _shape(table)
    label = np.asarray(table.label, dtype=np.float64)
    if not np.isfinite(label).all():
        row = int(np.flatnonzero(~np.isfinite(label))[0])
        said = f"the label of row {row} is {label[row]}: labels must be finite numbers"
        wrong.append(Fault(said, "predict.label", "leave such rows out, or write a label that is finite"))
    else:
        wrong += [Fault(said, "predict.label", _LABEL) for said in task.problems(label)]
    if table.exposure is not None:
        wrong += exposures(np.asarray(table.exposure, dtype=np.float64))
    if table.weight is not None:
        wrong += _weighed(np.asarray(table.weight, dtype=np.float64))
    for name, times in (("at", table.at), ("known", table.known)):
        if times is not None and np.isnat(times).any():
            place = "predict.at" if name == "at" else "predict.label_known"
            said = f"`{name}` is missing in {int(np.isnat(times).sum())} rows"
            wrong.append(Fault(said, place, "leave these rows out, or write an expression that is never NULL"))
    if wrong:
        mend = "correct the project file or the source rows"
        if len(wrong) == 1:
            raise DataError(wrong[0].what, where="training table", mend=wrong[0].mend or mend)
        said = f"nothing can be learned, for {len(wrong)} reasons"
        raise DataError(said, where="training table", mend=mend, faults=wrong)


def _weighed(weight: np.ndarray[Any, Any]) -> list[Fault]:
    """Positions of rows must stay what they are, so that rows of no weight are for the caller to leave out."""
    wrong, none = problems(weight), int((weight == 0).sum())
    if wrong or not none:
        return wrong
    return [Fault(f"the weight is zero in {none:,} of {len(weight):,} rows", PLACE, "leave these rows out")]


def _shape(table: TrainingTable) -> list[Fault]:
    wrong = []
    if not table.learned:
        wrong.append(Fault("there are no features", "features", "name at least one"))
    columns = table.frame.columns
    for name in table.names:
        if name not in columns:
            wrong.append(Fault(f'the frame has no column "{name}"', "features", nearest(name, columns)))
        elif table.frame.get_column(name).null_count() == len(table):
            said = f'the feature "{name}" is empty in all {len(table)} rows'
            wrong.append(Fault(said, "features", "remove it, or mend what fills it"))
    lengths = {"frame": table.frame.height, "ids": len(table.ids)}
    others: tuple[tuple[str, Sequence[Any] | np.ndarray[Any, Any] | None], ...] = (
        ("at", table.at),
        ("known", table.known),
        ("group", table.group),
        ("weight", table.weight),
        ("exposure", table.exposure),
    )
    lengths |= {name: len(values) for name, values in others if values is not None}
    unlike = [f"`{n}` has {size} rows and the label {len(table)}" for n, size in lengths.items() if size != len(table)]
    return [*wrong, *map(Fault, unlike)]
