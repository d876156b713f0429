"""Which columns of a table point to the rows of another: told by their names, and held to all of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from treadle.drafting.guessing import Guess
from treadle.drafting.naming import plain, singular
from treadle.drafting.tabling import Tabled

if TYPE_CHECKING:
    import polars as pl

_BARE = frozenset(("id", "key", "uuid", "guid", "pk", "no", "nr", "number", "code", "name"))
"""Names of keys that say nothing of whose they are: another table's `id` is its own."""


class Pointed(NamedTuple):
    """The `source.column` that a column points to, and how that is known."""

    to: str
    why: str


class Links(Struct, frozen=True):
    """What a database declares, by the names of tables: `keyed` are those with a primary key; `points` says, by table
    and column, to which table and column a column points."""

    keyed: frozenset[str] = frozenset()
    points: Mapping[str, Mapping[str, tuple[str, str]]] = {}


_NOTHING = Links()


def related(tables: Sequence[Guess | Tabled], declared: Links = _NOTHING) -> dict[str, dict[str, Pointed]]:
    """By table and column, where it points to: as is declared; else as names and values tell. No table leads back to
    itself by way of others.

    Where tables have declared keys, what has none is a view, or holds rows that nothing is meant to point to.

    >>> import polars as pl
    >>> orders = Tabled(pl.DataFrame({"id": [1, 2], "customer": [7, None]}), "orders", "ada")
    >>> related([orders, Tabled(pl.DataFrame({"id": [7, 8]}), "customers", "ada")])["orders"]["customer"].to
    'customers.id'
    """
    found: dict[str, dict[str, Pointed]] = {}
    by_name = {table.name: table for table in tables}
    for table in tables:
        for column, (name, part) in declared.points.get(table.name, {}).items():
            other = by_name.get(name)
            if other is not None and (other is table or table.name not in _reached(name, found)):
                why = _declared(table.frame, column, other.frame, part)
                if why:
                    found.setdefault(table.name, {})[column] = Pointed(f"{name}.{part}", why)
    aims = [table for table in tables if len(table.key) == 1 and (not declared.keyed or table.name in declared.keyed)]
    for table in tables:
        for each in table.frame.iter_columns():
            if each.name not in found.get(table.name, {}):
                to = _guessed(each, table, aims, found, bare=not declared.points)
                if to:
                    found.setdefault(table.name, {})[each.name] = Pointed(to, "since all of its values stand there")
    return found


def _guessed(
    column: pl.Series,
    table: Guess | Tabled,
    aims: Sequence[Guess | Tabled],
    found: Mapping[str, Mapping[str, Pointed]],
    *,
    bare: bool,
) -> str:
    """The `source.column` that a column seems to point to: of a table that it is called after; else of the only one
    whose key has its name. bare: `order` is enough for a name, without `_id`; where keys are declared, and this one is
    not, it is likelier a place in an order."""
    others = [other for other in aims if other is not table and table.name not in _reached(other.name, found)]
    named = [other for other in others if _is_called(column.name, other.name, other.key[0], bare=bare)]
    if not named and (column.name,) != table.key:  # of two tables with the same key, neither is known to be the other's
        alike = plain(column.name)
        own = [other for other in others if plain(other.key[0]) == alike and alike not in _BARE]
        named = own if len(own) == 1 else []
    held = [other for other in named if _all_in(column, other.frame.get_column(other.key[0]))]
    return f"{held[0].name}.{held[0].key[0]}" if held else ""


def _declared(frame: pl.DataFrame, column: str, other: pl.DataFrame, part: str) -> str:
    """What there is to say of a column that is declared to point there; nothing, where a contract cannot hold it so."""
    if column not in frame.columns or part not in other.columns:
        return ""
    values, keys = frame.get_column(column).drop_nulls(), other.get_column(part)
    if not _alike(values, keys):
        return ""
    astray = len(values) - int(_stand_in(values, keys).sum())
    return "as the database declares" + (f", though {astray:,} of its values do not stand there" if astray else "")


def _reached(name: str, found: Mapping[str, Mapping[str, Pointed]]) -> set[str]:
    """The tables that one leads to, itself too."""
    reached, waiting = {name}, [name]
    while waiting:
        for pointed in found.get(waiting.pop(), {}).values():
            other = pointed.to.partition(".")[0]
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def _is_called(column: str, table: str, key: str, *, bare: bool) -> bool:
    """Whether a column is called after that table: `customer_id`, `customers.id`; `customer`, where `bare` will do."""
    name, key, many = plain(column), plain(key), plain(table)
    ends = {"id", "key", "nr", "no", "code", "uuid", key} | ({""} if bare else set())
    return name in {word + end for word in (singular(many), many) for end in ends}


def _all_in(column: pl.Series, keys: pl.Series) -> bool:
    """Whether every value stands among the keys, and there is one."""
    values = column.drop_nulls().unique()
    return bool(len(values)) and _alike(values, keys) and bool(_stand_in(values, keys).all())


def _alike(values: pl.Series, keys: pl.Series) -> bool:
    import polars as pl

    whole = values.dtype.is_integer() and keys.dtype.is_integer()
    return whole or (values.dtype == keys.dtype == pl.String)


def _stand_in(values: pl.Series, keys: pl.Series) -> pl.Series:
    import polars as pl

    if values.dtype.is_integer():
        values, keys = values.cast(pl.Int128), keys.cast(pl.Int128)
    return values.is_in(keys.implode())
