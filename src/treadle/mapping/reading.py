"""What a mapping reads of its source, told from the project file alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from treadle import expr

if TYPE_CHECKING:
    from treadle.spec import Mapped, Source


def column_at_source(source: Source, column: str) -> str | None:
    """What the source calls a column that is mapped by its name alone; None where it is more than that.

    >>> from treadle.spec import Source
    >>> column_at_source(Source(read="x.csv", map={"id": "ID"}), "id"), column_at_source(Source(read="x.csv"), "id")
    ('ID', 'id')
    """
    if not source.map:
        return column
    mapped = source.mapped.get(column)
    if mapped is None:
        return column if source.unmapped == "keep" else None
    return mapped.plain


def as_read(source: Source) -> Source:
    """The source as it is asked for, before its columns are mapped: its key by the names that the source has.

    A key that is made by an expression is none there; of one that is read as another type, each value is one there too.
    """
    if not source.map:
        return source
    keys = [_key_at_source(source, key) for key in source.keys]
    known = tuple(key for key in keys if key is not None)
    return msgspec.structs.replace(source, map={}, unmapped="keep", key=known if len(known) == len(keys) else ())


def _key_at_source(source: Source, key: str) -> str | None:
    mapped = source.mapped.get(key)
    return column_at_source(source, key) if mapped is None else mapped.origin


def rates_in(source: Source) -> tuple[str, ...]:
    """The files of rates that a mapping converts by, each once."""
    named = (mapped.currency.rates for mapped in source.mapped.values() if mapped.currency is not None)
    return tuple(dict.fromkeys(named))


def read_by(columns: Mapping[str, Mapped]) -> dict[str, tuple[str, ...]]:
    """By each column of the table: the places in the source that it is made of, and the files of rates.

    >>> from treadle.spec import Mapped
    >>> read_by({"km": Mapped(origin="miles"), "sum": Mapped(expression="a + b")})
    {'km': ('miles',), 'sum': ('a', 'b')}
    """
    return {name: _reads(mapped) for name, mapped in columns.items()}


def _reads(mapped: Mapped) -> tuple[str, ...]:
    found = [mapped.origin] if mapped.origin else list(expr.names_in(mapped.expression or ""))
    if mapped.currency is not None:
        money = mapped.currency
        found += [money.column, money.on, money.rates] if money.column else [money.on, money.rates]
    return tuple(dict.fromkeys(each for each in found if each))
