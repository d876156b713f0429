"""The files of a version put together to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from treadle.errors import FRESH, EvidenceError
from treadle.store import ROW, Snapshot

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


def lacking(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], columns: Sequence[str] | None) -> pl.DataFrame:
    """With the columns that are asked for: a file that is older than a column lacks it."""
    import polars as pl

    wanted = list(schema) if columns is None else [name for name in columns if name in schema]
    missing = [name for name in wanted if name not in frame.columns]
    if not missing:
        return frame
    return frame.with_columns(pl.lit(None, dtype=schema[name]).alias(name) for name in missing).select(wanted)


def with_all(frame: pl.DataFrame, columns: Sequence[str] | None, snapshot: Snapshot) -> pl.DataFrame:
    """Raises EvidenceError where a column that was asked for is not there."""
    if columns is not None and frame.columns != list(columns):
        raise EvidenceError(
            f"table {snapshot.table} version {snapshot.version} is not what the record says: "
            f"it has no column {sorted({*columns} - {*frame.columns})[0]}",
            where=snapshot.table,
            mend=f"nothing was made from it; make it again with: {FRESH}",
        )
    return frame
