"""The first pass: what can be told of every column while all rows go by once, in one fused query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from treadle.profiling.found import Kind, Numbers, Texts, Times

MOST_TOGETHER = 100
"""Columns of one pass. The rows of a wider table go by once for each hundred of its columns."""
_LARGE = (pl.Int64, pl.UInt64)
WIDE = (pl.Decimal, pl.Int128, pl.UInt128)
"""What NumPy has no type for, and of which a float makes one of several."""
_FIRST = 10_000
"""Rows in which a column's first value is looked for, before all of them."""
Told = Mapping[str, Any]
"""What the pass told of one column, by short names."""


def kind_of(dtype: pl.DataType) -> Kind:
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_temporal():
        return "time" if isinstance(dtype, pl.Date | pl.Datetime) else "number"
    if dtype == pl.Null:
        return "empty"
    return "bytes" if dtype == pl.Binary else "nested"


def type_said(dtype: pl.DataType) -> str:
    """As Polars calls it; of a time its zone and not its unit."""
    if isinstance(dtype, pl.Datetime):
        return f"Datetime {dtype.time_zone}" if dtype.time_zone else "Datetime"
    return "Duration" if isinstance(dtype, pl.Duration) else str(dtype)


def as_measured(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as it is measured: a duration by its seconds, a time of the day too, as floats what
    NumPy has no type for."""
    column = pl.col(name)
    if isinstance(dtype, pl.Duration):
        return column.dt.total_microseconds() / 1e6
    if isinstance(dtype, pl.Time):
        return column.cast(pl.Int64) / 1e9
    if isinstance(dtype, WIDE):
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    return column


def as_counted(name: str, dtype: pl.DataType) -> pl.Expr:
    """As it is measured, unless that makes one value of several."""
    return pl.col(name) if isinstance(dtype, WIDE) else as_measured(name, dtype)


def first_pass(frame: pl.LazyFrame, schema: pl.Schema) -> tuple[int, list[dict[str, Any]]]:
    """How many rows there are, and what each column told."""
    rows, told = 0, list[dict[str, Any]]()
    items = list(schema.items())
    for start in range(0, max(len(items), 1), MOST_TOGETHER):
        some = items[start : start + MOST_TOGETHER]
        near = _begins(frame, some)
        asks = [dict(_asked(*item, near.get(item[0], 0))) for item in some]
        asked = [each.alias(f"{n}.{what}") for n, asks_one in enumerate(asks) for what, each in asks_one.items()]
        row = frame.select(pl.len().alias("rows"), *asked).collect(engine="streaming").row(0, named=True)
        rows = int(row["rows"])
        told += [{what: row.get(f"{n}.{what}") for what in asks_one} for n, asks_one in enumerate(asks)]
    return rows, told


def _begins(frame: pl.LazyFrame, columns: Sequence[tuple[str, pl.DataType]]) -> dict[str, int]:
    """The first value of each column of large whole numbers: of most it is found without reading more than a few."""
    found = dict[str, int]()
    for rows in (frame.head(_FIRST), frame):
        firsts = [pl.col(name).drop_nulls().first() for name, dtype in columns if dtype in _LARGE and name not in found]
        told = rows.select(firsts).collect(engine="streaming").row(0, named=True) if firsts else {}
        found |= {name: value for name, value in told.items() if value is not None}
    return found


def _asked(name: str, dtype: pl.DataType, near: int) -> Iterator[tuple[str, pl.Expr]]:
    kind, column = kind_of(dtype), as_measured(name, dtype)
    yield "missing", pl.col(name).null_count()
    if kind == "text":
        yield "about", column.approx_n_unique()  # off by a tenth, which is enough to choose a way to count
    if kind == "number":
        finite = column
        if dtype.is_float():
            yield "nan", column.is_nan().sum()
            yield "infinite", column.is_infinite().sum()
            finite = column.filter(column.is_finite())
        yield "low", finite.min()
        yield "high", finite.max()
        yield "mean", finite.cast(pl.Float64).mean()
        yield "sd", _from(finite, near, dtype).std()
        yield "zeros", (column == 0).sum()
        yield "negative", (finite < 0).sum()
    elif kind == "text":
        length = column.str.len_chars()
        yield "shortest", length.min()
        yield "longest", length.max()
        yield "mean", length.mean()
        yield "bytes", column.str.len_bytes().cast(pl.UInt64).sum()
        yield "empty", (column == "").sum()
        yield "blanks", (column.str.strip_chars() != column).sum()
    elif kind == "time":
        yield "low", column.min()
        yield "high", column.max()
        yield "midnight", (column.cast(pl.Datetime("us")).dt.time() == pl.time(0, 0, 0)).sum()
    elif kind == "bool":
        yield "true", column.sum()


def _from(column: pl.Expr, near: int, dtype: pl.DataType) -> pl.Expr:
    """Numbers as floats, by how far they are from one of them: what tells large whole ones apart is kept.

    Which one that is was asked before: as a part of the same query it would have to hold all of them until it knows.
    """
    if dtype not in _LARGE:
        return column.cast(pl.Float64)
    return (column.cast(pl.Int128) - pl.lit(near, dtype=pl.Int128)).cast(pl.Float64)


def numbers_of(told: Told, quantiles: Sequence[float]) -> Numbers | None:
    """None where no value is finite."""
    if told["low"] is None:
        return None
    low, high = _exact(told["low"]), _exact(told["high"])
    return Numbers(
        mean=_finite(told["mean"]),
        sd=_finite(told["sd"]),
        low=low,
        high=high,
        quantiles=[min(max(each, low), high) for each in quantiles],
        zeros=int(told["zeros"]),
        negative=int(told["negative"]),
        nan=int(told.get("nan") or 0),
        infinite=int(told.get("infinite") or 0),
    )


def _exact(value: Any) -> float | int:
    """
    >>> _exact(3), _exact(2**60 + 1)
    (3.0, 1152921504606846977)
    """
    return value if isinstance(value, int) and float(value) != value else float(value)


def _finite(value: float | None) -> float | None:
    """None of what is no number any more, as a sum beyond the largest one."""
    return None if value is None or not math.isfinite(value) else float(value)


def times_of(told: Told, dtype: pl.DataType, rows: int) -> Times:
    """Of all rows, some of which have a time: the first and the last, and the share at midnight; no steps."""
    zone = getattr(dtype, "time_zone", None) or ""
    share = told["midnight"] / (rows - told["missing"])
    return Times(str(told["low"]), str(told["high"]), zone, None, None, "", share)


def texts_of(told: Told) -> Texts | None:
    """None where there is no text."""
    if told["shortest"] is None:
        return None
    return Texts(
        int(told["shortest"]), int(told["longest"]), float(told["mean"]), int(told["empty"]), int(told["blanks"])
    )
