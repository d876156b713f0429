"""What is fitted where memory does not do for all rows: half as many, and half of these, evenly spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from treadle.errors import DataError
from treadle.training.folds import claim_rows, most_fit_rows
from treadle.training.in_time import InTime, taking
from treadle.training.table import TrainingTable

T = TypeVar("T")


def in_memory(
    table: TrainingTable, taken: InTime, fit: Callable[[TrainingTable], T]
) -> tuple[InTime, TrainingTable, T]:
    """What is taken then, its rows, and what `fit` makes of them: no fewer than the folds were fitted on, since what
    has been done can be done again.

    Raises:
        DataError: not even so many can be fitted.
    """
    rows, why, least = taken.rows, "", most_fit_rows(len(table.features))
    while True:
        try:
            claim_rows(table, len(rows))
            some = rows.taken_from(table)
            made = fit(some)
        except MemoryError as error:
            why = why or str(error) or "they do not fit into the memory"
            if len(rows) <= least:
                raise DataError(
                    f"the model cannot be fitted in the memory that there is: {error}",
                    where="train",
                    mend="give it more memory, fewer columns, or families that need less, such as linear",
                ) from error
            rows = rows.at_most(max(len(rows) // 2, least))
            continue
        said = (
            f"Not all {len(taken.rows):,} rows could be fitted ({why}): the model is fitted on {len(rows):,} of them."
        )
        if not why:
            return taken, some, made
        members = taking(taken.members, len(taken.rows) / len(rows))
        return replace(taken, members=members, rows=rows, said=(*taken.said, said)), some, made
