"""What was decided, beside what came of it: for whoever counts what decisions were worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from treadle.monitoring.ledger import read
from treadle.monitoring.quality import join_outcomes, with_label
from treadle.scoring.tasks import Task

if TYPE_CHECKING:
    from treadle.serving import Journal
    from treadle.store import TableNames, Tables

Array = np.ndarray[Any, Any]


class Realised(Struct, frozen=True):
    """Decisions of an endpoint whose outcome is known by now, by whichever version, each once.

    day: datetime64[D] of what each is about; true, told: int, what came and what was decided, 1 for acting upon it, or
    the number of a class. waiting: decisions of which no outcome is known yet.
    """

    day: Array
    true: Array
    told: Array
    waiting: int


def decisions_of(tables: Tables, names: TableNames, journal: Journal, task: Task) -> Realised:
    """Of yes and no by a threshold, or of classes. Nothing is moved or written."""
    import polars as pl

    joined = join_outcomes(read(tables, names, journal, "predictions"), read(tables, names, journal, "outcomes"))
    if task.classes:
        numbers = pl.col("chosen").replace_strict(
            task.classes, range(len(task.classes)), default=None, return_dtype=pl.Int64
        )
    else:
        numbers = pl.when(pl.col("threshold").is_not_null()).then((pl.col("prediction") > 0.5).cast(pl.Int64))
    decided = joined.with_columns(numbers.alias("told")).filter(pl.col("told").is_not_null())
    known = with_label(decided, task)
    return Realised(
        known.get_column("day").str.to_date().to_numpy().astype("datetime64[D]"),
        known.get_column("label").cast(pl.Int64).to_numpy(),
        known.get_column("told").to_numpy(),
        decided.height - known.height,
    )
