"""Which columns of a table point to the rows of another: told by their names, and held to all of their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.drafting.guessing import Guess
from treadle.drafting.tabling import Tabled

if TYPE_CHECKING:
    import polars as pl

_BARE = frozenset(("id", "key", "uuid", "guid", "pk", "no", "nr", "number", "code", "name"))
"""Names of keys that say nothing of whose they are: another table's `id` is its own."""


def related(tables: Sequence[Guess | Tabled]) -> dict[str, dict[str, str]]:
    """By table and column, the `source.column` that it points to. No table leads back to itself, by whatever way.

    >>> import polars as pl
    >>> orders = Tabled(pl.DataFrame({"id": [1, 2], "customer": [7, None]}), "orders", "ada")
    >>> related([orders, Tabled(pl.DataFrame({"id": [7, 8]}), "customers", "ada")])
    {'orders': {'customer': 'customers.id'}}
    """
    found: dict[str, dict[str, str]] = {}
    for table in tables:
        for other in tables:
            if other is table or not other.key or table.name in _reached(other.name, found):
                continue
            keys = other.frame.get_column(other.key)
            for column in table.frame.iter_columns():
                if (
                    column.name != table.key
                    and _is_called(column.name, other.name, other.key)
                    and _all_in(column, keys)
                ):
                    found.setdefault(table.name, {}).setdefault(column.name, f"{other.name}.{other.key}")
    return found


def _reached(name: str, found: dict[str, dict[str, str]]) -> set[str]:
    """The tables that one leads to, itself too."""
    reached, waiting = {name}, [name]
    while waiting:
        for target in found.get(waiting.pop(), {}).values():
            other = target.partition(".")[0]
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
    import polars as pl

    alike = column.dtype == keys.dtype or (column.dtype.is_integer() and keys.dtype.is_integer())
    values = column.drop_nulls().unique()
    if not alike or not len(values) or (column.dtype != pl.String and not column.dtype.is_integer()):
        return False
    if column.dtype.is_integer():
        values, keys = values.cast(pl.Int128), keys.cast(pl.Int128)
    return bool(values.is_in(keys.implode()).all())
