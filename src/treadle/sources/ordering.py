"""Columns of JSON in the order of their text: Polars gives those of an object with some thirty fields in any order.

Another order at each reading would be another table each time, though nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


class Names(dict[str, "Names"]):
    """The names of an object in the order in which they came, each with those of the object that it holds."""

    def note(self, record: object) -> int:
        """How many of them are new."""
        new = 0
        for name, value in record.items() if isinstance(record, dict) else ():
            inside = self.get(name)
            if inside is None:
                inside = self[name] = Names()
                new += 1
            if isinstance(value, dict):
                new += inside.note(value)
        return new


def in_order(frame: pl.DataFrame, records: Iterable[object]) -> pl.DataFrame:
    """The columns of `frame`, and the fields of those that are objects, as `records` name them first.

    Of the records as many are looked at as it takes to meet every name; for most files that is one.
    """
    names, noted, wanted = Names(), 0, sum(_leaves(dtype) for dtype in frame.dtypes)
    for record in records:
        noted += names.note(record)
        if noted >= wanted:
            break
    return frame.select(_sorted(frame.get_column(name), names.get(name)) for name in _as_noted(frame.columns, names))


def _leaves(dtype: pl.DataType) -> int:
    """How many names a column has: its own, and those of the objects that it holds."""
    import polars as pl

    inside = dtype.fields if isinstance(dtype, pl.Struct) else ()
    return 1 + sum(_leaves(field.dtype) for field in inside if isinstance(field.dtype, pl.DataType))


def _as_noted(found: Iterable[str], names: Names | None) -> list[str]:
    there = set(found)
    known = [name for name in names or () if name in there]
    return known + sorted(there - set(known))


def _sorted(column: pl.Series, names: Names | None) -> pl.Series:
    import polars as pl

    if not isinstance(column.dtype, pl.Struct):
        return column
    fields = {field.name for field in column.dtype.fields}
    parts = [
        _sorted(column.struct.field(name), names.get(name) if names else None) for name in _as_noted(fields, names)
    ]
    return pl.DataFrame(parts).to_struct(column.name) if parts else column
