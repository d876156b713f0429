"""The rows that tell of an entity, drawn from its sources: one table, each row with a name, in an order of its own.

The order is that of the names and contents, and not that in which rows came, so that all that follows is the same
whatever order they come in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError
from treadle.matching.stated import types_of_fields

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Entity

_EXACT = 2**53
"""Up to this each whole number is a float of its own."""
_NAMELESS = 12
"""Digits of the hash that names a row without a key by its content."""


@dataclass(frozen=True, eq=False)
class Rows:
    """`frame`: `record` (its name, such as ``crm:17``), `source`, `key` as text, and the fields as they were given;
    without a value, or blank, is NULL. Rows are in order of source, key and content."""

    frame: pl.DataFrame
    fields: tuple[str, ...]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return self.frame.height


def draw(name: str, entity: Entity, frames: Mapping[str, pl.DataFrame], keys: Mapping[str, tuple[str, ...]]) -> Rows:
    """The rows of all sources of an entity. `frames`: a table a source; `keys`: the columns of each one's key.

    Rows of one source with the same key are called ``crm:17``, ``crm:17#2``; one without a key by a hash of its fields.

    Raises:
        SpecError: as `types_of_fields`.
        DataError: two rows would be called alike; a whole number that would be rounded, since another source has
            fractions in its field.
    """
    import polars as pl

    schemas = {source: expr.column_types(frames[source]) for source in entity.sources}
    types = types_of_fields(name, entity, schemas, keys)
    frame = pl.concat(
        _of_source(name, source, columns, frames[source], keys[source], types)
        for source, columns in entity.sources.items()
    )
    if frame["record"].n_unique() != frame.height:
        twice = frame["record"].filter(frame["record"].is_duplicated())[0]
        raise DataError(
            f"two rows would be called {twice}", where=f"entities.{name}", mend="give them keys without a # in them"
        )
    return Rows(frame, entity.fields, tuple(entity.sources))


def _of_source(
    name: str,
    source: str,
    columns: Mapping[str, str],
    frame: pl.DataFrame,
    keys: tuple[str, ...],
    types: Mapping[str, expr.Type],
) -> pl.DataFrame:
    import polars as pl

    known = expr.column_types(frame)
    made = []
    for field, kind in types.items():
        dtype = expr.to_polars_type(kind)
        if field not in columns:
            made.append(pl.lit(None, dtype=dtype).alias(field))
            continue
        parsed = expr.parse(columns[field], known, where=f"entities.{name}.from.{source}.{field}")
        if (parsed.type, kind) == ("int", "float"):
            _refuse_rounded(frame.select(expr.to_polars(parsed)).to_series(), field, f"entities.{name}.from.{source}")
        value = expr.to_polars(parsed).cast(dtype)
        made.append((_written(value) if kind == "str" else value).alias(field))
    text = key_text(keys)
    own = [pl.col(key).alias(f"\x00key {n}") for n, key in enumerate(keys)]
    drawn = frame.select(text.alias("key"), *own, *made)
    order = [f"\x00key {n}" for n in range(len(keys))]
    drawn = drawn.sort([*order, *(pl.col(field).cast(pl.String) for field in types)], nulls_last=True)
    drawn = _keyed(drawn, list(types))
    nth = pl.int_range(pl.len()).over("key") + 1
    record = pl.format(
        "{}:{}{}", pl.lit(source), "key", pl.when(nth > 1).then(pl.format("#{}", nth)).otherwise(pl.lit(""))
    )
    return drawn.select(record.alias("record"), pl.lit(source).alias("source"), "key", *types)


def _refuse_rounded(values: pl.Series, field: str, where: str) -> None:
    """Raises DataError where whole numbers would be one as floats."""
    far = values.filter((values > _EXACT) | (values < -_EXACT))
    if len(far):
        raise DataError(
            f"{field} has fractions in another source, and holds {far[0]} here, a whole number that no float tells "
            "from others",
            where=f"{where}.{field}",
            mend="draw it as one type everywhere: cast(… as bigint), or cast(… as varchar)",
        )


def key_text(keys: tuple[str, ...]) -> pl.Expr:
    r"""A key as text; NULL where a part of it is. A `/` stands between parts, of which each has `\/` for one of its own
    and `\\` for a backslash, where there are several.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"a": ["a/1", "a"], "b": ["2", "1/2"]})
    >>> frame.select(key_text(("a", "b")).alias("key"))["key"].to_list() == [r"a\/1/2", r"a/1\/2"]
    True
    """
    import polars as pl

    texts = [pl.col(key).cast(pl.String) for key in keys]
    if len(texts) > 1:
        texts = [text.str.replace_all(r"([\\/])", r"\${1}") for text in texts]
    return pl.concat_str(texts, separator="/")


def _written(text: pl.Expr) -> pl.Expr:
    """Blank is missing."""
    import polars as pl

    return pl.when(text.str.strip_chars().str.len_bytes() > 0).then(text)


def _keyed(drawn: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    """With a key for rows that have none: a hash of what they say."""
    import polars as pl

    nameless = drawn["key"].is_null()
    if not nameless.any():
        return drawn
    rows = drawn.filter(nameless).select(pl.col(field).cast(pl.String) for field in fields).iter_rows()
    names = [f"#{hashlib.sha256(repr(row).encode()).hexdigest()[:_NAMELESS]}" for row in rows]
    keys = pl.concat([drawn["key"].filter(~nameless), pl.Series("key", names, dtype=pl.String)])
    return pl.concat([drawn.filter(~nameless), drawn.filter(nameless)]).with_columns(keys)
