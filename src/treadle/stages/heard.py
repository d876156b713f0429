"""The experts' word in the training table: which labels it gives, and how a split learns from it.

The split is that of the source's labels, whatever was said: no row changes sides by it, and the sealed rows keep the
label that they have in the source, since who corrects the yardstick by the answers that it is to measure measures
nothing. Training rows learn the experts' label, and those that cannot be are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.errors import DataError
from treadle.features import LABEL
from treadle.labelling import NO_YES, SettledRow
from treadle.training import Split, TrainingTable

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
SAID, DOUBTED = "__said__", "__implausible__"
"""Columns of a training table to which what experts said was added: a label, in the type of the source's, and whether
the row cannot be."""
LEAST_TRAIN, LEAST_VALID = 20, 5


@dataclass(frozen=True, eq=False)
class Heard:
    """Of each row that can teach: the label that experts say, NaN for none, and whether they say that it cannot be."""

    label: Array
    doubted: Array

    @property
    def spoken(self) -> Array:
        """Which rows something is said of."""
        return np.isfinite(self.label) | self.doubted


@dataclass(frozen=True)
class Stood:
    """A table to which what was said is added, and how it stands to the source's labels."""

    frame: pl.DataFrame
    changed: int
    confirmed: int
    doubted: int
    absent: int


def stand_beside(frame: pl.DataFrame, keys: Sequence[str], settled: Sequence[SettledRow]) -> Stood:
    """The table with the columns `SAID` and `DOUBTED`; nothing that stood there is another. `keys`: of its rows."""
    import polars as pl

    told = {each.key: each for each in settled}
    mine = [told.get(key) for key in keys]
    source = frame.get_column(LABEL)
    values = [_value(each, source.dtype) for each in mine]
    said = pl.Series(SAID, values, dtype=source.dtype)
    doubted = pl.Series(DOUBTED, [each is not None and not each.label for each in mine], dtype=pl.Boolean)
    both = said.is_not_null() & source.is_not_null()
    same = int((both & (said == source).fill_null(False)).sum())
    there = source.is_not_null()
    return Stood(
        frame=frame.with_columns(said, doubted),
        changed=int(both.sum()) - same,
        confirmed=same,
        doubted=int((doubted & there).sum()),
        absent=len(told) - len({each.key for each, has in zip(mine, there, strict=True) if each is not None and has}),
    )


def _value(said: SettledRow | None, dtype: pl.DataType) -> float | str | None:
    import polars as pl

    if said is None or not said.label:
        return None
    if dtype == pl.String:
        return said.label
    return float(NO_YES.index(said.label)) if said.label in NO_YES else float(said.label)


def heard(frame: pl.DataFrame, classes: Sequence[str]) -> Heard | None:
    """What is said of the rows of a training table; None where nobody said anything. Of a class that the source has no
    longer nothing can be learned: it is as if nobody had named it."""
    import polars as pl

    if SAID not in frame.columns:
        return None
    said = frame.get_column(SAID)
    if said.dtype == pl.String:
        said = said.replace_strict(list(classes), range(len(classes)), default=None, return_dtype=pl.Float64)
    found = Heard(said.cast(pl.Float64).fill_null(float("nan")).to_numpy(), frame.get_column(DOUBTED).to_numpy())
    return found if found.spoken.any() else None


def taught(table: TrainingTable, made: Split, said: Heard, *, stratifies: bool) -> tuple[TrainingTable, Split]:
    """The table with the labels that experts say of training rows, and the split without rows that cannot be.

    Raises:
        DataError: nothing is left to learn from.
    """
    label = np.array(table.label, dtype=np.float64)
    changes = np.zeros(len(label), dtype=bool)
    changes[made.train] = np.isfinite(said.label[made.train])
    label[changes] = said.label[changes]
    out = np.zeros(len(label), dtype=bool)
    out[made.train] = said.doubted[made.train]
    table = replace(table, label=label)

    def usable(rows: Array, least: int) -> bool:
        few = len(rows) < least
        return not few and not (stratifies and label[rows].min() == label[rows].max())

    folds = [
        replace(fold, train=fold.train[~out[fold.train]], valid=fold.valid[~out[fold.valid]]) for fold in made.folds
    ]
    folds = [fold for fold in folds if usable(fold.train, LEAST_TRAIN) and usable(fold.valid, LEAST_VALID)]
    train = made.train[~out[made.train]]
    if not folds or not usable(train, LEAST_TRAIN):
        raise DataError(
            "with what experts said, too few training rows are left, or all are of one class",
            where="experts",
            mend="look at what stands: treadle experts labels",
        )
    return table, replace(made, train=train, folds=tuple(folds), left_out=np.flatnonzero(out))
