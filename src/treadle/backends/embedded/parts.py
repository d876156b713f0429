"""The files of a version put together to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.store import ROW

if TYPE_CHECKING:
    import polars as pl


def decoded(content: bytes, columns: Sequence[str] | None) -> pl.DataFrame:
    """The columns that are asked for, of those that the file has: a file may be older than a column."""
    import io

    import polars as pl

    if columns is None:
        return pl.read_parquet(io.BytesIO(content))
    try:
        return pl.read_parquet(io.BytesIO(content), columns=list(columns))
    except pl.exceptions.ColumnNotFoundError:
        known = pl.read_parquet_schema(io.BytesIO(content))
        return pl.read_parquet(io.BytesIO(content), columns=[name for name in columns if name in known])


def chosen_of(frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    return frame if columns is None else frame.select(name for name in columns if name in frame.columns)


def joined(frames: list[pl.DataFrame], columns: Sequence[str] | None) -> pl.DataFrame:
    """Files under one another: a column that older ones lack is missing in their rows."""
    import polars as pl

    if len(frames) == 1:
        return frames[0]
    if all(frame.columns == frames[0].columns for frame in frames):
        return pl.concat(frames)
    return chosen_of(pl.concat(frames, how="diagonal"), columns)


def in_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows in the order that their numbers say. Files without numbers are of rows that came later."""
    import polars as pl

    whole = pl.concat(frames, how="diagonal")
    place = pl.col(ROW).fill_null(pl.int_range(pl.len(), dtype=pl.Int64))
    return whole.sort(place).drop(ROW)
