"""The tables that are kept of a reconciled entity, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle.matching.rows import key_text
from treadle.spec.drawn import ID, of_source, parts_of

if TYPE_CHECKING:
    import polars as pl

    from treadle.matching.reconcile import Reconciled

_KEY = "\x00key"


def as_tables(name: str, found: Reconciled, keys: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The entity's own table, those that say why it is as it is, and one for each source. keys: the columns of each
    source's key, as they are there."""
    parts = zip(parts_of(name), (found.members, found.links, found.choices), strict=True)
    of_keys = {of_source(name, source): _by_key(found, source, frame) for source, frame in keys.items()}
    return {name: found.rows, **dict(parts), **of_keys}


def _by_key(found: Reconciled, source: str, keys: pl.DataFrame) -> pl.DataFrame:
    """For each key of a source the thing that it is, and what was settled of it: what a lookup by that key takes.

    A field that is called as a column of the key is left out.
    """
    import polars as pl

    members = found.members.filter(source=source).unique("key", keep="first", maintain_order=True)
    named = keys.drop_nulls().unique(maintain_order=True).with_columns(key_text(tuple(keys.columns)).alias(_KEY))
    known = named.join(members.select(pl.col("key").alias(_KEY), ID), on=_KEY, how="inner")
    fields = [name for name in found.rows.columns if name not in (ID, "rows", *keys.columns)]
    settled = found.rows.select(ID, *fields)
    return known.drop(_KEY).join(settled, on=ID, how="left").sort(keys.columns)
