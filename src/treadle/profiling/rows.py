"""What is told of whole rows: how many come twice, which columns name each, which columns are equal in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from treadle.profiling.columns import kind_of

MOST_ROWS = 20_000_000
"""Rows whose hashes are held at once, eight bytes each."""
_WIDEST, _PAIRED = 2_000, 8


def duplicates(frame: pl.LazyFrame, schema: pl.Schema, rows: int) -> int | None:
    """Rows that equal one before them; None where there are too many rows or columns to ask, or a nested one.

    By hashes of 64 bits: two unlike rows fall together less than once in 10,000 tables of the largest size.
    """
    names = list(schema)
    if not rows or rows > MOST_ROWS or not 0 < len(names) <= _WIDEST:
        return 0 if not rows else None
    if any(kind_of(dtype) in ("nested", "empty") for dtype in schema.values()):
        return None
    return rows - _distinct(frame, names)


def _distinct(frame: pl.LazyFrame, names: Sequence[str]) -> int:
    """Of a table that has rows."""
    made = frame.select(pl.struct(pl.col(name) for name in names).hash().alias("hash")).collect(engine="streaming")
    hashes = np.sort(made.to_series().to_numpy())  # which takes less memory than a set of them
    return int(np.count_nonzero(hashes[1:] != hashes[:-1])) + 1


def names_each(frame: pl.LazyFrame, name: str, rows: int) -> bool:
    """Whether a column has a value of its own in each row. It has none missing, and nearly so many values."""
    return rows <= MOST_ROWS and _distinct(frame, [name]) == rows


def pairs_that_name(frame: pl.LazyFrame, drawn: pl.DataFrame, rows: int, columns: Sequence[str]) -> list[list[str]]:
    """Pairs of columns that name each row together; `columns`: those to try, the most varied first."""
    if rows > MOST_ROWS or rows < 2:
        return []
    found = list[list[str]]()
    for pair in combinations(columns[:_PAIRED], 2):
        names = list(pair)
        if drawn.select(names).is_duplicated().any():
            continue
        if _distinct(frame, names) == rows:
            found.append(names)
        if len(found) == 3:
            break
    return found


def equal(frame: pl.LazyFrame, schema: pl.Schema, guessed: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of pairs that may be equal, those that are, in every row."""
    asked = [(a, b) for a, b in guessed if schema[a] == schema[b]]
    if not asked:
        return set()
    tests = [pl.col(a).eq_missing(pl.col(b)).all().alias(str(n)) for n, (a, b) in enumerate(asked)]
    row = frame.select(tests).collect(engine="streaming").row(0)
    return {pair for pair, same in zip(asked, row, strict=True) if same}
