"""Rows of a SQLite database, by the module of the standard library.

SQLite has a type for each value and not for each column, so a column is what its values are: whole numbers, fractions
where one is such, texts where one is such, bytes. (ADBC's driver takes the type of the first thousand values, and fails
at a later one.) Where a table is declared to hold booleans, dates or times, and every value is one, it does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from treadle.errors import DataError, nearest
from treadle.sources.cursors import Above
from treadle.sources.dates import form_of, parsed
from treadle.sources.exactness import numbers_of
from treadle.sources.limits import in_pieces, most_bytes
from treadle.sources.places import opened, refuse_outside
from treadle.sources.reader import Wanted
from treadle.sources.statements import chosen, condition, one_statement, origin, quoted, table_of
from treadle.spec.databases import file_of

if TYPE_CHECKING:
    import polars as pl

_ROWS, _BYTES = 50_000, 64 * 2**20
"""The most in one part."""
_BUSY_SECONDS = 10
"""A writer that holds the database is waited for so long."""
_LENGTH, _LEAST = sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20
"""What bounds one value, in bytes; it bounds the statement too."""
_DAYS_EARLY = 0.001
"""More than a float of days, and SQLite's milliseconds, can be wrong by."""
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_READS |= {sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_TRANSACTION}
_ASKS = ("table_info", "table_xinfo", "foreign_key_list")
_CAUSES = {
    "not a database": "is it a SQLite file? then it may be damaged, or encrypted",
    "malformed": "the file is damaged: restore it from a copy",
    "locked": "another process writes to it; run again when that has ended",
    "unable to open": "check the file, and that its folder may be read",
    "readonly": "its folder must be writable while a -wal file of it is there; or read a copy",
    "not authorized": "a source only reads, and from one file",
    "too big": "one value is larger than max_gb allows: lift it, or leave the column out with columns: [...]",
    "no such module": "it takes an extension of SQLite that is not here: copy its rows to a plain table",
    "no such column": "check the names in `where` and `query`",
    "syntax error": "write it as SQLite does",
}


class SqliteReader:
    """See `treadle.sources.Reader`."""

    name = "sqlite"
    schemes: tuple[str, ...] = ("sqlite",)
    package = ""
    tables = (
        "select '' as place, name from sqlite_master where type in ('table', 'view') and name not like 'sqlite^_%' "
        "escape '^' order by name"
    )
    # a virtual table has no root page; to ask it anything takes its module, which may not be here
    keys = (
        "select '' as place, t.name, c.name as part from sqlite_master t join pragma_table_info(t.name) c "
        "where t.type = 'table' and t.rootpage > 0 and c.pk > 0 order by t.name, c.pk"
    )
    # what a key points to stands as it was written there, in whatever case
    links = (
        "select '' as place, t.name, min(f.\"from\") as part, '' as to_place, min(o.name) as to_name, "
        "min(c.name) as to_part from sqlite_master t join pragma_foreign_key_list(t.name) f "
        "left join sqlite_master o on o.type = 'table' and o.rootpage > 0 and o.name = f.\"table\" collate nocase "
        'left join pragma_table_info(o.name) c on coalesce(c.name = f."to" collate nocase, c.pk = f.seq + 1) '
        "where t.type = 'table' and t.rootpage > 0 group by t.name, f.id having count(*) = 1 order by t.name, f.id"
    )

    def read(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        file = wanted.root / file_of(wanted.address.url)
        if not file.exists():
            _refuse_missing(file, wanted)
        refuse_outside([file], wanted.root, wanted.where)
        with opened(file, wanted.where):
            pass  # a regular file, that may be read
        with closing(_connect(file)) as connection, _said_plainly(wanted):
            most = most_bytes(wanted.layout)
            connection.setlimit(_LENGTH, min(max(most, _LEAST), connection.getlimit(_LENGTH)))
            # a table-valued pragma declares itself when it is first asked, which the authorizer would refuse
            connection.execute("select 1 from pragma_table_info(''), pragma_foreign_key_list('')").close()
            connection.execute("BEGIN")
            connection.set_authorizer(_only_reads)
            yield from _parts(connection, wanted)


READER = SqliteReader()


def _refuse_missing(file: Path, wanted: Wanted) -> NoReturn:
    if "${" in wanted.said:  # what a variable holds is not told, were it no path but a password put there by mistake
        what, mend = f"there is no file where {wanted.said} says", "check what the variable holds"
    else:
        there = sorted(each.name for each in file.parent.glob("*")) if file.parent.is_dir() else []
        what, mend = f"there is no file {file.name}", nearest(file.name, there)
    raise DataError(what, where=wanted.where, mend=mend)


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(file.absolute()))}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _only_reads(action: int, first: str | None, second: str | None, *_: object) -> int:
    """A pragma is let through where it asks about a table; with a value it would set something."""
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if (first or "") in _ASKS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


@contextmanager
def _said_plainly(wanted: Wanted) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError, OverflowError) as bad:
        _refuse(bad, wanted)


def _refuse(bad: Exception, wanted: Wanted) -> NoReturn:
    said = (str(bad).splitlines() or ["?"])[0]
    mend = next((mend for cause, mend in _CAUSES.items() if cause in said), "check the table, the query and the file")
    raise DataError(f"{wanted.said} cannot be read: {said}", where=wanted.where, mend=mend) from bad


def _parts(connection: sqlite3.Connection, wanted: Wanted) -> Iterator[pl.DataFrame]:
    import polars as pl

    declared = _declared(connection, wanted)
    cursor, names = _asked(connection, wanted)
    for number, rows in enumerate(chain(in_pieces(cursor, _ROWS, _BYTES), ([],))):
        if not rows and number:  # the columns are told once in any case
            break
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        yield pl.DataFrame(
            [
                _declared_as(declared.get(name, ""), _series(name, values, wanted))
                for name, values in zip(names, columns, strict=True)
            ]
        )


def _asked(connection: sqlite3.Connection, wanted: Wanted) -> tuple[sqlite3.Cursor, tuple[str, ...]]:
    """What the rows are fetched from, and their columns. A query alone is asked as it stands, so with its own order."""
    source, filtered = origin(wanted, "sqlite"), condition(wanted, "sqlite", _newer)
    whole = wanted.query and not wanted.columns and not filtered
    # SQLite gives columns of one name in a query between brackets other names, so the bare one is looked at
    bare = one_statement(wanted.query, "sqlite", wanted, "query") if wanted.query else f"select * from {source} limit 0"
    cursor = connection.execute(bare)
    names = chosen([each[0] for each in cursor.description], wanted)
    if not whole:
        cursor = connection.execute(f"select {', '.join(quoted(name) for name in names)} from {source}{filtered}")
    return cursor, names


def _newer(above: Above) -> str:
    """Times are texts here, in any of several forms, so they are compared as days, a little early: to the millisecond.

    What is no time for SQLite is not left out.
    """
    column = quoted(above.column)
    if isinstance(above.value, int | float):
        return f"{column} >= {above.value!r}"
    day = above.value.isoformat()
    return f"julianday({column}) >= julianday('{day}') - {_DAYS_EARLY} or julianday({column}) is null"


def _declared(connection: sqlite3.Connection, wanted: Wanted) -> dict[str, str]:
    """What the columns of a table were declared to hold; nothing of a query's. Refuses a table that is not there."""
    if not wanted.table:
        return {}
    *schema, table = table_of(wanted)
    owner = quoted(schema[0]) if schema else "main"
    found = connection.execute(f"pragma {owner}.table_xinfo({quoted(table)})").fetchall()
    if not found:
        there = [
            name for (name,) in connection.execute("select name from sqlite_master where type in ('table', 'view')")
        ]
        raise DataError(f"there is no table {wanted.table}", where=wanted.where, mend=nearest(table, there))
    return {name: declared.upper() for _, name, declared, *_ in found}


def _series(name: str, values: tuple[Any, ...], wanted: Wanted) -> pl.Series:
    import polars as pl

    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pl.Series(name, values, dtype=pl.Null)
    if kinds == {int}:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return numbers_of(values, name)
    if kinds == {bytes}:
        return pl.Series(name, values, dtype=pl.Binary)
    if bytes in kinds:
        raise DataError(
            f"{name} holds bytes in some rows and other values in others",
            where=wanted.where,
            mend="leave it out with columns: [...], or give it one type in a query",
        )
    return pl.Series(name, [None if each is None else str(each) for each in values], dtype=pl.String)


def _declared_as(declared: str, values: pl.Series) -> pl.Series:
    """Values of the type that was declared, where each is one; else as they are."""
    import polars as pl

    if declared.startswith("BOOL") and values.dtype == pl.Int64:
        return values.cast(pl.Boolean) if values.drop_nulls().is_in([0, 1]).all() else values
    if declared.startswith(("DATE", "TIMESTAMP")):
        known = values.drop_nulls() if values.dtype == pl.String else values.clear()
        form = form_of(known) if len(known) else None
        if form is not None and form.iso:
            found = parsed(values, form.format)
            return found if found.null_count() == values.null_count() else values
        if values.dtype == pl.Null:  # as the other parts have it
            return values
    return values
