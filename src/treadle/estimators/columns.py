"""From what a caller has (Polars, pandas, Arrow, NumPy, lists) to a Polars frame of the columns to train on."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import polars as pl
from sklearn.utils import check_array

from treadle.expr import Type, column_types, to_polars_type
from treadle.training import FeatureColumn

_NUMBERS = ("int", "float")
MOST_WHOLE = 2**53
"""From here on a float is not the one whole number that it was made of."""


def table_of(rows: Any) -> Any:
    """`rows` as scikit-learn can count its columns and read their names: a Polars or pandas frame, or an array.

    Raises:
        ValueError: no rows or columns, an array that is not flat, infinite numbers in it.
        TypeError: a sparse matrix.
    """
    if _is_pandas(rows) or isinstance(rows, pl.DataFrame):
        found = rows
    elif hasattr(rows, "__arrow_c_stream__"):
        found = pl.DataFrame(rows)
    else:
        told = check_array(rows, dtype=None, ensure_all_finite="allow-nan", input_name="X")
        # of lists NumPy makes one kind of all that stands in them: each value is to stay what it is
        whole = hasattr(rows, "__array__") or told.dtype.kind in "Mm"
        return told if whole else np.asarray(rows, dtype=object)
    for count, what in zip(found.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(f"0 {what}(s) (shape={found.shape}) while a minimum of 1 is required.")
    return found


def frame_of(table: Any, texts: Sequence[bool] = ()) -> pl.DataFrame:
    """A table of `table_of` as a frame. Columns without a name are called x0, x1 and so on.

    `texts`: of each column, whether it was text when it was fitted: then its values are text now too, each by itself,
    and not by what else stands in these rows.
    """
    if isinstance(table, pl.DataFrame):
        return table
    text = dict(enumerate(texts))
    if _is_pandas(table):
        names = [str(name) for name in table.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"two columns have the same name, among {', '.join(names[:20])}: give each its own")
        columns = ((place, name, table.iloc[:, place]) for place, name in enumerate(names))
        return pl.DataFrame([_of_pandas(name, column, text.get(place, False)) for place, name, column in columns])
    places = range(table.shape[1])
    return pl.DataFrame([_of_array(f"x{place}", table[:, place], text.get(place, False)) for place in places])


def features_of(frame: pl.DataFrame) -> tuple[FeatureColumn, ...]:
    """All columns that hold anything, each with its type.

    Raises:
        ValueError: a column of lists, structs, bytes, durations or times of day.
    """
    empty = [name for name in frame.columns if _is_empty(frame.get_column(name))]
    types = column_types(frame)
    for name in frame.columns:
        if name not in types and name not in empty:
            raise ValueError(
                f'column "{name}" holds {frame.schema[name]}, which is neither text, true or false, a number, '
                "a date nor a time: leave it out, or cast it"
            )
    kept = ((name, types[name]) for name in frame.columns if name not in empty)
    return tuple(FeatureColumn(name, kind, "request") for name, kind in kept)  # type: ignore[arg-type]


def _is_empty(values: pl.Series) -> bool:
    missing = values.null_count()
    return len(values) == missing + (int(values.is_nan().sum()) if values.dtype.is_float() else 0)


def typed(frame: pl.DataFrame, features: Sequence[FeatureColumn]) -> pl.DataFrame:
    """The columns of `features`, each as it is trained on: numbers as float64, NaN as missing, times in UTC.

    Raises:
        ValueError: values that are not of their column's type, or infinite.
    """
    made = []
    for feature in features:
        values = frame.get_column(feature.name)
        try:
            made.append(_cast(values, feature.type))
        except pl.exceptions.PolarsError as error:
            raise ValueError(
                f'column "{feature.name}" was {feature.type} when fitted and is {values.dtype} now: give it as it was'
            ) from error
    return pl.DataFrame(made)


def _cast(values: pl.Series, kind: Type) -> pl.Series:
    if kind in _NUMBERS:
        numbers = values.cast(pl.Float64).fill_nan(None)
        if numbers.is_infinite().any():
            raise ValueError(f'column "{values.name}" contains infinity: give finite numbers, or none')
        return numbers
    if kind == "timestamp" and isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None:
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return values.cast(to_polars_type(kind))


def _is_pandas(rows: Any) -> bool:
    """Told without importing it."""
    return hasattr(rows, "iloc") and hasattr(rows, "columns")


def _of_pandas(name: str, column: Any, text: bool) -> pl.Series:
    """By NumPy, so that no Arrow is needed."""
    missing, kind = column.isna().to_numpy(), column.dtype.kind
    if text or kind not in "iufMm":
        told = [None if gone else v for v, gone in zip(column.tolist(), missing, strict=True)]
        return _text(name, told) if text else _of_objects(name, told)
    if kind in "Mm":
        return pl.Series(name, column.to_numpy(dtype="datetime64[us]" if kind == "M" else "timedelta64[us]"))
    if kind != "f" and (missing.any() or not isinstance(column.dtype, np.dtype)):
        # a whole number stays one, to the last digit, where others are missing
        whole = column.to_numpy(dtype=np.int64 if kind == "i" else np.uint64, na_value=0)
        return pl.Series(name, whole).set(pl.Series(missing), None)
    numbers = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan) if missing.any() else column.to_numpy())
    return pl.Series(name, numbers if numbers.dtype.kind == kind else numbers.astype(np.float64))


def _of_array(name: str, column: np.ndarray[Any, Any], text: bool) -> pl.Series:
    if text:
        return _text(name, (column.astype("datetime64[us]") if column.dtype.kind == "M" else column).tolist())
    if column.dtype.kind in "biuf":
        # float16 has no place in every engine
        return pl.Series(name, np.ascontiguousarray(column, dtype="float32" if column.dtype == "float16" else None))
    if column.dtype.kind in "Mm":
        return pl.Series(name, column.astype("datetime64[us]" if column.dtype.kind == "M" else "timedelta64[us]"))
    return _of_objects(name, column.tolist())


def _of_objects(name: str, values: Iterable[Any]) -> pl.Series:
    """By what all of them are; values of several kinds are text, and no value at all is of any type."""
    found = [None if is_missing(v) else v for v in values]
    kinds = {type(v) for v in found if v is not None}
    for kind, dtype in (
        ((bool, np.bool_), pl.Boolean),
        ((Real, Decimal), pl.Float64),
        ((datetime.datetime,), None),
        ((datetime.date,), pl.Date),
        ((datetime.timedelta, np.timedelta64), pl.Duration),
        ((datetime.time,), pl.Time),
    ):
        if kinds and all(issubclass(each, kind) for each in kinds):
            return pl.Series(
                name, [None if v is None else float(v) for v in found] if dtype == pl.Float64 else found, dtype
            )
    return _text(name, found) if kinds else pl.Series(name, found, pl.Null)


def _text(name: str, values: Iterable[Any]) -> pl.Series:
    return pl.Series(name, [None if is_missing(v) else _told(v) for v in values], pl.String)


def _told(value: Any) -> str:
    """As text. A whole number is the same one as a float, which pandas makes of it beside a missing value."""
    whole = isinstance(value, float | np.floating) and float(value).is_integer() and abs(float(value)) < MOST_WHOLE
    return str(int(value)) if whole else str(value)


def is_missing(value: Any) -> bool:
    # the NA of pandas is neither equal to itself nor not
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)
