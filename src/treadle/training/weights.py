"""How much each row counts: what a weight may be, and in which unit weights are trained with.

Weights are those of cases (importance weights): a row of weight two says as much of the loss, of every figure and of
every choice as two rows like it would. Only their proportions count, so they are brought to a mean of one over the
training rows: twice all weights is the same model, and penalties weigh as they do without weights. Where all rows
weigh alike there are no weights, and the model is to the last bit the one without. A row of weight zero is not there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, Fault
from treadle.figures import figure

if TYPE_CHECKING:
    import numpy as np

    from treadle.training.table import TrainingTable

    Array = np.ndarray[Any, Any]

PLACE = "predict.weight"
_MEND = "write a number of zero or more in every row with a label"


def problems(weight: Array, column: str = "") -> list[Fault]:
    """Why rows cannot be weighted so; empty if they can. `weight`: float64 [rows], NaN where it is missing."""
    import numpy as np

    told, rows = f"the weight {column}".rstrip(), f"of {len(weight):,} rows"
    known = weight[np.isfinite(weight)]
    least = float(known.min(initial=0.0))
    counts = (
        (len(weight) - len(known), "missing, or no finite number,"),
        (int((known < 0).sum()), f"below zero (the least is {least:g})"),
    )
    found = [Fault(f"{told} is {said} in {count:,} {rows}", PLACE, _MEND) for count, said in counts if count]
    if not found and len(weight) and not weight.any():
        return [Fault(f"{told} is zero in all {len(weight):,} rows", PLACE, "give the rows that count more than 0")]
    return found


def weighing(weight: Array, column: str) -> Array:
    """Which rows count at all.

    Raises:
        DataError: weights that are missing, below zero, infinite, or all zero; all that is wrong at once.
    """
    wrong = problems(weight, column)
    if len(wrong) == 1:
        raise DataError(wrong[0].what, where=PLACE, mend=wrong[0].mend)
    if wrong:
        faults = [Fault(each.what, each.where) for each in wrong]
        raise DataError(f"rows cannot be weighted by {column}", where=PLACE, mend=_MEND, faults=faults)
    counts: Array = weight > 0
    return counts


def in_units(table: TrainingTable, train: Array) -> TrainingTable:
    """`table` with weights of mean one over the rows `train`, and rates per the mean of their exposures, so that no
    fit depends on what either was told in; without weights, where all of its rows weigh alike."""
    if table.exposure is not None:
        table = replace(table, unit=float(table.exposure[train].mean()))
    weight = table.weight
    if weight is None:
        return table
    if (weight == weight[0]).all():
        return replace(table, weight=None)
    return replace(table, weight=weight / weight[train].mean())


def effective(weight: Array) -> float:
    """How many rows of equal weight say as much as these do (Kish 1965, "Survey Sampling")."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def said(column: str, test: Array | None, metric: str, by_rows: float | None, none: int) -> str:
    """What is told beside figures of weighted rows. `test`: weights of the test rows, None where all rows weigh alike;
    `by_rows`: `metric` with each of them counting alike; `none`: rows left out, since they weigh nothing."""
    left = f" {none:,} rows weigh nothing and were left out." if none else ""
    if test is None:
        return f"Rows are weighted by {column}, by which all weigh alike: it is the model without weights.{left}"
    return (
        f"Rows are weighted by {column}: in what is fitted and chosen, and in all figures but numbers of rows. The "
        f"{len(test):,} test rows say as much as {effective(test):,.0f} that weigh alike. With every row counting "
        f"alike, {metric} is {figure(by_rows).value}.{left}"
    )
