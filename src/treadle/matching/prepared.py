"""The rows of an entity as they are compared: texts written in one way, values as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle import expr
from treadle.matching.comparing import Field, fields_of
from treadle.matching.normal import folded, plain

if TYPE_CHECKING:
    import polars as pl

    from treadle.matching.blocks import Index
    from treadle.matching.rows import Rows
    from treadle.spec import Entity

_ROW = "\x00row"
"""No field is called so."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """`plain` and `folded`: the fields, texts as `normal` writes them. `distinct`: of rows of a source in which nothing
    comes twice the number of that source, else -1. `rank`: the order of the rows by what they say."""

    rows: Rows
    plain: pl.DataFrame
    folded: pl.DataFrame
    fields: list[Field]
    distinct: Index
    rank: Index

    def number_of(self, record: str) -> int | None:
        """Which row is called so."""
        found = self.rows.frame["record"].index_of(record)
        return None if found is None else int(found)


def prepare(name: str, entity: Entity, rows: Rows) -> Prepared:
    """The rows, ready to be compared.

    Raises:
        DataError: a field is of a type that cannot be compared as the entity says.
        MissingExtra: texts are compared, and RapidFuzz is not installed.
    """
    import numpy as np
    import polars as pl

    given = rows.frame.select(rows.fields)
    texts = [field for field in rows.fields if given.schema[field] == pl.String]
    light = given.with_columns(plain(given[field]) for field in texts)
    whole = given.with_columns(folded(given[field]) for field in texts)
    numbers = [entity.distinct.index(s) if s in entity.distinct else -1 for s in rows.sources]
    source = pl.col("source").replace_strict(list(rows.sources), numbers, return_dtype=pl.Int32)
    compared = list(entity.match.compare) or list(rows.fields)
    order = whole.with_row_index(_ROW).sort([*compared, _ROW], nulls_last=True)[_ROW].to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    fields = fields_of(name, entity, expr.column_types(given), light, whole)
    return Prepared(rows, light, whole, fields, rows.frame.select(source).to_series().to_numpy(), rank)
