"""The column whose values name each row of a table, guessed from its name and its values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from treadle.drafting.naming import names_rows, plain, singular
from treadle.drafting.numbered import counts_up, never_twice

if TYPE_CHECKING:
    import polars as pl


def key_of(
    frame: pl.DataFrame,
    types: Mapping[str, str],
    but: Collection[str],
    said: list[str],
    declared: tuple[str, ...] = (),
    table: str = "",
) -> tuple[str, ...]:
    """The key that is declared, where the rows keep to it; else, of the columns whose values name each row, the first
    that is called so, or as the table; else the first of short texts.

    but: columns that are something else. said: takes a sentence of what was found.
    """
    if declared and not {*declared} & {*but} and _names_each(frame, types, declared):
        said.append(f"key: {' and '.join(declared)}, as the database declares")
        return declared
    unique = [name for name, kind in types.items() if kind in ("int", "str") and name not in but]
    unique = [name for name in unique if never_twice(frame.get_column(name))]
    own = {plain(table), singular(plain(table))} - {""}
    named = [name for name in unique if names_rows(name) or plain(name) in own]
    texts = [name for name in unique if types[name] == "str" and not is_free(frame.get_column(name))]
    for name in (*named, *texts):
        said.append(f"key: {name}, since it is never missing and never stands twice")
        return (name,)
    perhaps = [name for name in unique if counts_up(frame.get_column(name))][:1]
    asked = f": is it {perhaps[0]}, which counts up by one? Write key: {perhaps[0]}" if perhaps else ""
    said.append(f"no key: no column is surely the name of a row{asked}; outcomes are joined to rows by one")
    return ()


def _names_each(frame: pl.DataFrame, types: Mapping[str, str], columns: tuple[str, ...]) -> bool:
    """Whether the columns together never miss a value and never stand twice."""
    if not {*columns} <= {*types}:
        return False
    rows = frame.select(columns)
    return not any(column.null_count() for column in rows.iter_columns()) and not rows.is_duplicated().any()


def is_free(column: pl.Series) -> bool:
    """Whether a column is text that somebody wrote, which is told by its words and names no row."""
    from treadle.training.prepare import is_free_text

    return is_free_text(column)
