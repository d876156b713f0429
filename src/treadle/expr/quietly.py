"""SQL to sqlglot's trees, without the line that sqlglot logs where a text begins as a statement would.

A column may be called as a statement begins (`Alter`, `Set`, `Comment`): what comes of it is refused by whoever asked,
with how to write it, and the user sees that alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot.errors import ParseError

_OURS: ContextVar[bool] = ContextVar("ours", default=False)


def trees(text: str) -> list[Any]:
    """What sqlglot reads as DuckDB's; raises its ParseError, its TokenError, RecursionError."""
    import sqlglot

    with _silent():
        return list(sqlglot.parse(text, dialect="duckdb"))


def in_brackets(text: str) -> str:
    """What stands between the outermost brackets of a call; those of a comment beside it are none."""
    import sqlglot

    tokens = sqlglot.tokenize(text, read="duckdb")
    first = next(token.end for token in tokens if token.token_type.name == "L_PAREN")
    last = next(token.start for token in reversed(tokens) if token.token_type.name == "R_PAREN")
    return text[first + 1 : last].strip()


def why_not(bad: ParseError) -> tuple[str, str]:
    """(line:column, what is wrong there) of a text that sqlglot does not read, without its inner words."""
    first = bad.errors[0] if bad.errors else {"description": str(bad)}
    column = max(1, int(first.get("col", 1)) - len(str(first.get("highlight", ""))) + 1)
    what = re.sub(r"^Required keyword: '(\w+)' missing for.*", "something is missing", str(first["description"]))
    what = re.sub(r"<Token .*?text: (.*), line:.*>", r"\1", what)
    return f"{first.get('line', 1)}:{column}", what.rstrip(".")


def transpiled(text: str, dialect: str) -> str:
    """One expression of DuckDB's in another dialect."""
    import sqlglot

    with _silent():
        return str(sqlglot.transpile(text, read="duckdb", write=dialect)[0])


@contextmanager
def _silent() -> Iterator[None]:
    """What others in this process ask of sqlglot is logged as ever."""
    logger = logging.getLogger("sqlglot")
    if _others not in logger.filters:
        logger.addFilter(_others)
    token = _OURS.set(True)
    try:
        yield
    finally:
        _OURS.reset(token)


def _others(record: logging.LogRecord) -> bool:
    return not _OURS.get()


def how_to_quote(text: str, names: Collection[str]) -> str:
    """How to write a column whose name is read as the beginning of a statement; empty where `text` begins with none."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    first = re.match(r"\s*(\w+)", text)
    if first is None or first[1] not in names:
        return ""
    try:
        (tree,) = trees(f"{first[1]} = 1")
        plain = isinstance(tree, exp.EQ) and isinstance(tree.this, exp.Column)
    except (SqlglotError, ValueError):
        plain = False
    return "" if plain else f'{first[1]} is a word of SQL too: write it "{first[1]}", between double quotes'


def called(column: Any) -> str:
    """The name of a column of sqlglot's tree; of one with dots, such as a field of an object, all of it."""
    return ".".join(part.name for part in column.parts)


def names_in(text: str) -> tuple[str, ...]:
    """The columns that an expression names, each once, whether they are there or not; none where it is no expression.

    >>> names_in("a + lower(b) || a"), names_in("address.city")
    (('a', 'b'), ('address.city',))
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = [called(column) for tree in trees(text) if tree is not None for column in tree.find_all(exp.Column)]
    except (SqlglotError, RecursionError, ValueError):
        return ()
    return tuple(sorted(set(found), key=lambda name: (text.find(name), name)))
