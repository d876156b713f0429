"""Each column as its declared type, and where a value cannot be."""

from __future__ import annotations

from typing import Any

from treadle.expr.casts import ALLOWED_CASTS, cast_polars
from treadle.expr.polars import named
from treadle.expr.types import Type, polars_type, to_polars_type


def as_declared(column: str, dtype: Any, kind: Type | None) -> tuple[Any, Any] | None:
    """Two Polars expressions over a column of `dtype`: its value as `kind`, and whether a value is of another type.

    The second is None if no value can be. None for both where no value of the column can be cast.

    NaN stands for a missing value, as pandas writes it, and becomes NULL. An infinite number is no number.
    """
    import polars as pl

    given = named(column)
    source = polars_type(dtype)
    if kind is None:
        return (given.fill_nan(None) if source == "float" else given), None
    target = to_polars_type(kind)
    if dtype == pl.Null:
        return given.cast(target), None
    if isinstance(dtype, pl.Decimal):
        given, source = given.cast(pl.Float64), "float"
    if source == kind:
        return _same(given, dtype, kind)
    if (source, kind) == ("int", "float"):
        return given.cast(pl.Float64), None
    if (source, kind) == ("float", "int"):
        # a cast would round; a fraction in a column of whole numbers is a wrong value
        whole = given.cast(pl.Float64)
        made = pl.when(whole.floor() == whole).then(whole).cast(pl.Int64, strict=False)
        return made, made.is_null() & given.fill_nan(None).is_not_null()
    if (source, kind) == ("float", "str") or source is None or source not in ALLOWED_CASTS[kind]:
        return None
    if source == "str":
        given = given.cast(pl.String)
    if source == "timestamp":
        given = given.cast(pl.Datetime("us", "UTC"))
    made = cast_polars(given, source, kind)
    wrong = made.is_null() & given.is_not_null()
    if (source, kind) == ("timestamp", "date"):
        fits = made.cast(pl.Datetime("us")).dt.replace_time_zone("UTC") == given
        return pl.when(fits).then(made), ~fits.fill_null(True)
    if (source, kind) == ("int", "bool"):
        fits = given.is_in([0, 1])
        return pl.when(fits).then(made), ~fits.fill_null(True)
    return made, wrong


def _same(given: Any, dtype: Any, kind: Type) -> tuple[Any, Any]:
    import polars as pl

    target = to_polars_type(kind)
    if kind == "float":
        value = given.cast(pl.Float64)
        return pl.when(value.is_finite()).then(value), value.is_infinite().fill_null(False)
    if dtype == pl.UInt64 or dtype in (pl.Int128, pl.UInt128):
        made = given.cast(pl.Int64, strict=False)
        return made, made.is_null() & given.is_not_null()
    return (given if dtype == target else given.cast(target)), None
