"""Columns that count the rows of a table, as pandas writes its index into files. They say nothing of what a row is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_NAME = re.compile(r"column_1|(Unnamed: \d+|index|level_0|rownames|__index_level_0__)(_duplicated_\d+)?")


def counts_rows(column: pl.Series) -> bool:
    """Whether a column is called as an index is, and counts up by one from 0 or 1."""
    if not _NAME.fullmatch(column.name) or not column.dtype.is_integer() or column.null_count() or not len(column):
        return False
    return column[0] in (0, 1) and bool((column.diff().drop_nulls() == 1).all())
