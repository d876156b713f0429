"""Which columns of a table point to the rows of another: told by their names, and held to all of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from treadle.drafting.guessing import Guess
from treadle.drafting.tabling import Tabled

if TYPE_CHECKING:
    import polars as pl

_BARE = frozenset(("id", "key", "uuid", "guid", "pk", "no", "nr", "number", "code", "name"))
"""Names of keys that say nothing of whose they are: another table's `id` is its own."""
_NOTHING: Mapping[str, Mapping[str, tuple[str, str]]] = {}


class Pointed(NamedTuple):
    """The `source.column` that a column points to, and how that is known."""

    to: str
    why: str


Declared = Mapping[str, Mapping[str, tuple[str, str]]]
"""By table and column, the table and the column that a database declares it to point to."""


def related(tables: Sequence[Guess | Tabled], declared: Declared = _NOTHING) -> dict[str, dict[str, Pointed]]:
    """By table and column, where it points to: as is declared; else as names and values tell. No table leads back to
    itself by way of others.

    >>> import polars as pl
    >>> orders = Tabled(pl.DataFrame({"id": [1, 2], "customer": [7, None]}), "orders", "ada")
    >>> related([orders, Tabled(pl.DataFrame({"id": [7, 8]}), "customers", "ada")])["orders"]["customer"].to
    'customers.id'
    """
    found: dict[str, dict[str, Pointed]] = {}
    by_name = {table.name: table for table in tables}
    for table in tables:
        for column, (name, part) in declared.get(table.name, {}).items():
            other = by_name.get(name)
            if other is not None and (other is table or table.name not in _reached(name, found)):
                why = _declared(table.frame, column, other.frame, part)
                if why:
                    found.setdefault(table.name, {})[column] = Pointed(f"{name}.{part}", why)
    for table in tables:
        for other in tables:
            if other is table or len(other.key) != 1 or table.name in _reached(other.name, found):
                continue
            (key,) = other.key
            keys = other.frame.get_column(key)
            for each in table.frame.iter_columns():
                named = (each.name,) != table.key and _is_called(each.name, other.name, key)
                if named and each.name not in found.get(table.name, {}) and _all_in(each, keys):
                    pointed = Pointed(f"{other.name}.{key}", "since all of its values stand there")
                    found.setdefault(table.name, {})[each.name] = pointed
    return found


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


def _is_called(column: str, table: str, key: str) -> bool:
    """Whether a column is called as what points to a row of that table: `customer`, `customer_id`, `customers.id`."""
    name, key = _plain(column), _plain(key)
    one, many = _one(_plain(table)), _plain(table)
    own = {key} if key not in _BARE else set[str]()
    return name in {one, many, one + key, many + key, f"{one}id", f"{one}key", f"{one}nr", f"{one}no"} | own


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _one(name: str) -> str:
    """The name of one of them, where an English plural says many."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


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
