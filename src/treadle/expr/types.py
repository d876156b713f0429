"""The types of the language, and how they stand in Polars, Python and SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Type = Literal["bool", "int", "float", "str", "date", "timestamp", "interval", "null"]

SQL_TYPES: dict[str, str] = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE",
    "str": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def column_types(schema: Any) -> dict[str, Type]:
    """The language's type of each column of a Polars schema or frame. DataError-free: unknown types are left out."""
    found = schema.collect_schema() if hasattr(schema, "collect_schema") else schema
    types = {name: polars_type(dtype) for name, dtype in found.items()}
    return {name: kind for name, kind in types.items() if kind is not None}


def polars_type(dtype: Any) -> Type | None:
    import polars as pl

    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_float() or dtype.is_decimal():
        return "float"
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "timestamp"
    return "str" if dtype in (pl.String, pl.Categorical, pl.Enum) else None


def to_polars_type(kind: str) -> pl.DataType:
    import polars as pl

    types: Mapping[str, Any] = {
        "bool": pl.Boolean(),
        "int": pl.Int64(),
        "float": pl.Float64(),
        "str": pl.String(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us", "UTC"),
        "interval": pl.Duration("us"),
        "null": pl.Null(),
    }
    return types[kind]  # type: ignore[no-any-return]
