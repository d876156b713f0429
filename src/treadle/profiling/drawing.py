"""Rows drawn evenly from a table, in one pass and in little memory."""

from __future__ import annotations

import polars as pl

_GOLDEN, _WHOLE = 2_654_435_769, 1 << 32
"""2^32 by the golden ratio (Knuth, The Art of Computer Programming, 6.4): multiples of it, taken modulo 2^32, lie
evenly and have no period that a table could share."""


def draw(frame: pl.LazyFrame, rows: int, most: int) -> pl.LazyFrame:
    """About `most` of `rows` rows, the same at every call and evenly spread; all where they are no more."""
    if rows <= most:
        return frame
    names = frame.collect_schema().names()
    number = next(f"row{'_' * n}" for n in range(len(names) + 1) if f"row{'_' * n}" not in names)
    place = (pl.col(number).cast(pl.UInt64) * _GOLDEN) % _WHOLE
    drawn = frame.with_row_index(number).filter(place < int(_WHOLE * most / rows)).drop(number)
    # as new texts: a text shares its memory with its neighbours, and few of them would hold those of the whole table
    return drawn.with_columns(pl.selectors.string() + "")
