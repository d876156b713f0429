"""Columns that count the rows of a table, as pandas writes its index into files. They say nothing of what a row is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_NAME = re.compile(r"column_1|(Unnamed: \d+|index|level_0|rownames|__index_level_0__)(_duplicated_\d+)?")


def counts_up(column: pl.Series) -> bool:
    """Whether whole numbers go up by one from row to row, from 0 or 1 on."""
    if not column.dtype.is_integer() or column.null_count() or not len(column):
        return False
    return column[0] in (0, 1) and bool((column.diff().drop_nulls() == 1).all())


def counts_rows(column: pl.Series) -> bool:
    """Whether a column is called as an index is, and counts up."""
    return _NAME.fullmatch(column.name) is not None and counts_up(column)


def never_twice(column: pl.Series) -> bool:
    """Whether each row has a value, and one of its own."""
    return column.null_count() == 0 and column.n_unique() == len(column)
