"""SQL for what a source asks of a database. Names are quoted; what a person wrote stays as it is, between brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from treadle.errors import DataError, nearest
from treadle.sources.cursors import Above
from treadle.sources.reader import Wanted

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_PART = re.compile(r'"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([^."`]+)')
_READS = {"SELECT", "WITH", "VALUES", "TABLE", "FROM", "("}


def quoted(name: str, mark: str = '"') -> str:
    """A name as SQL quotes it.

    >>> quoted('the "b" side')
    '"the ""b"" side"'
    """
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def table_of(wanted: Wanted) -> tuple[str, ...]:
    """The parts of `schema.name`. A part that holds a point is written between double quotes.

    Raises:
        DataError: it is no name.
    """
    parts, at, text = [], 0, wanted.table
    while found := _PART.match(text, at):
        double, back, plain = found.groups()
        parts.append(double.replace('""', '"') if double else back.replace("``", "`") if back else plain)
        at = found.end()
        if at == len(text) or text[at] != ".":
            break
        at += 1
    if at != len(text) or not parts or len(parts) > 3:
        raise DataError(
            f"{text[:80]} is no name of a table",
            where=wanted.where,
            mend='write name or schema.name, and between double quotes what holds a point: schema."a.b"',
        )
    return tuple(parts)


def one_statement(sql: str, dialect: str, wanted: Wanted, setting: str) -> str:
    """The SQL without a semicolon at its end.

    Raises:
        DataError: there are several statements, or none, or it is one that does not read.
    """
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(sql, read=dialect)
    except SqlglotError as bad:
        said = (str(bad).splitlines() or ["?"])[0]
        raise _wrong(f"`{setting}` is no SQL ({said})", wanted, "close what is open in it: a quote, a comment") from bad
    ends = next((place for place, token in enumerate(tokens) if _ends(token)), len(tokens))
    if not all(_ends(token) for token in tokens[ends:]):
        raise _wrong(f"`{setting}` holds two statements", wanted, "leave one; two sources read two")
    if not ends:
        raise _wrong(f"`{setting}` is empty", wanted, "write what is to be read")
    first = tokens[0].text.upper()
    if setting == "query" and first not in _READS:
        raise _wrong(
            f"`query` begins with {first[:20]}, and a source only reads", wanted, "begin it with select or with"
        )
    return sql if ends == len(tokens) else sql[: tokens[ends].start]


def _ends(token: Token) -> bool:
    return token.token_type.name == "SEMICOLON"


def _wrong(what: str, wanted: Wanted, mend: str) -> DataError:
    return DataError(what, where=wanted.where, mend=mend)


def chosen(found: Sequence[str], wanted: Wanted) -> tuple[str, ...]:
    """The columns that are read, of those that there are.

    Raises:
        DataError: one is asked for that is not there, or two have one name.
    """
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        mend = "give each a name of its own in the query: select a.id, b.id as other_id"
        raise _wrong(f'two columns are called "{twice[0]}"', wanted, mend)
    for name in wanted.columns:
        if name not in found:
            raise _wrong(f'there is no column "{name}" in {wanted.table or "the query"}', wanted, nearest(name, found))
    return wanted.columns or tuple(found)


def origin(wanted: Wanted, dialect: str, mark: str = '"') -> str:
    """What stands after `from`: the table, or the query between brackets."""
    if wanted.table:
        return ".".join(quoted(part, mark) for part in table_of(wanted))
    return f"({one_statement(wanted.query, dialect, wanted, 'query')}\n) as treadle_rows"


def condition(wanted: Wanted, dialect: str, newer: Callable[[Above], str], mark: str = '"') -> str:
    """What follows `from ...`. `newer`: the rows of `Above` as this database says it."""
    parts = []
    if wanted.condition:
        parts.append(f"({one_statement(wanted.condition, dialect, wanted, 'where')}\n)")
    if wanted.above is not None:
        column = quoted(wanted.above.column, mark)
        # what has no place in the order is told, and not left out without a word
        parts.append(f"({newer(wanted.above)} or {column} is null)")
    return f" where {' and '.join(parts)}" if parts else ""
