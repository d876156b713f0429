"""Rows of a MySQL or MariaDB database, by PyMySQL: streamed, in parts of bounded size.

The server says what type each column has, so a part without values has it too. What a MySQL type means here: `DECIMAL`
comes as it is written, `BIT` is a whole number, `TIMESTAMP` in UTC, `DATETIME` a time that is taken as UTC; a `TIME`
within a day is a time of day and else text, since MySQL's goes to 838 hours; the date 0000-00-00 is a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from treadle.errors import DataError, StoreError, nearest
from treadle.sources.cursors import Above
from treadle.sources.decimals import as_written
from treadle.sources.reader import Wanted
from treadle.sources.statements import chosen, condition, one_statement, origin, quoted

if TYPE_CHECKING:
    import polars as pl

_CONNECT_SECONDS = 10
"""A host that does not answer is told, and not waited for: longer than a slow network, shorter than patience."""
_FIRST_ROWS, _MOST_ROWS, _PART_BYTES = 1_000, 50_000, 64 * 2**20
"""A part is as many rows as this many bytes hold, by those of the part before: rows may be of megabytes."""
_PATIENT_SECONDS = 600
"""The server waits so long for a reader that is slower than it; else 60 s."""
_BEGIN = (
    "SET time_zone = '+00:00'",
    f"SET SESSION net_write_timeout = {_PATIENT_SECONDS}",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_PORT = 3306
_NO_SUCH_TABLE = 1146
_BINARY = 63  # the number of the character set of what is no text
_LOGIN = "check the user and the password, and that the server lets them in from here"
_AWAY = "check the host and the port, and that the server runs"
_AGAIN = "nothing of it was kept; run again when the server answers"
_CAUSES = {
    "Access denied for user": _LOGIN,
    "Can't connect": _AWAY,
    "Lost connection": _AGAIN,
    "gone away": _AGAIN,
    "Unknown database": "create it on the server, or name another in the URL",
    "command denied": "let its owner grant this user the right to read it",
    "READ ONLY transaction": "a source only reads: leave out what writes",
    "max_statement_time": "read less by columns and where, or raise the server's max_statement_time",
    "maximum statement execution time": "read less by columns and where, or raise the server's max_execution_time",
    "SQL syntax": "write it as MySQL does",
    "Unknown column": "check the names in `where` and `query`; a query's are not those of its tables",
    "doesn't exist": "check the names in table, query and where",
    "certificate": "name the authority that signed it: ?sslmode=verify-full&sslrootcert=FILE",
}


class MysqlReader:
    """See `treadle.sources.Reader`."""

    name = "mysql"
    schemes: tuple[str, ...] = ("mysql", "mariadb")
    package = "pymysql"
    tables = (
        "select '' as place, table_name as name from information_schema.tables where table_schema = database() "
        "order by table_name"
    )
    keys = (
        "select '' as place, table_name as name, column_name as part from information_schema.key_column_usage "
        "where table_schema = database() and constraint_name = 'PRIMARY' order by table_name, ordinal_position"
    )
    links = (
        "select '' as place, table_name as name, min(column_name) as part, "
        "case when referenced_table_schema = database() then '' else referenced_table_schema end as to_place, "
        "referenced_table_name as to_name, min(referenced_column_name) as to_part "
        "from information_schema.key_column_usage "
        "where table_schema = database() and referenced_table_name is not null "
        "group by constraint_name, table_name, referenced_table_schema, referenced_table_name having count(*) = 1 "
        "order by 2, 3"
    )

    def read(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        import pymysql
        from pymysql.constants import FIELD_TYPE

        source, filtered = origin(wanted, "mysql", "`"), condition(wanted, "mysql", _newer, "`")
        with _said_plainly(wanted), _left(_connected(wanted)) as connection:
            for statement in _BEGIN:
                with connection.cursor(pymysql.cursors.Cursor) as cursor:
                    cursor.execute(statement)
            kinds = _columns(connection, source, wanted)
            names = chosen([name for name, _ in kinds], wanted)
            short = {name for name, code in kinds if code == FIELD_TYPE.FLOAT}.intersection(names)
            columns = [_exactly(name) if name in short else quoted(name, "`") for name in names]
            asked = f"select {', '.join(columns)} from {source}{filtered}"
            if wanted.query and not (wanted.columns or filtered or short):
                # as it stands, so with its own order: that of what is between brackets does not count here
                asked = one_statement(wanted.query, "mysql", wanted, "query")
            cursor = connection.cursor()
            cursor.execute(asked)
            yield from _parts(cursor, names)


READER = MysqlReader()


def _connected(wanted: Wanted) -> Any:
    """A connection to a server that answered. The driver would wait for ever for the first word of a host that took the
    call, and for its part in the encryption. What is asked afterwards may take its time.
    """
    import pymysql

    bounds = {"read_timeout": _CONNECT_SECONDS, "write_timeout": _CONNECT_SECONDS}
    connection = pymysql.connect(**_settings(wanted), **bounds)
    connection._read_timeout = connection._write_timeout = None
    return connection


@contextmanager
def _left(connection: Any) -> Iterator[Any]:
    """Closed at the end, rows that still come or not: the driver would fetch them all when it lets go of a cursor."""
    try:
        yield connection
    finally:
        with suppress(Exception):
            connection.close()
        if connection._result is not None:
            connection._result.unbuffered_active = False


def _settings(wanted: Wanted) -> dict[str, Any]:
    """What the driver is told."""
    from pymysql.cursors import SSCursor

    try:
        parts = wanted.address.parts
    except StoreError as bad:
        raise DataError(bad.head, where=bad.where, mend=bad.mend) from None
    return {
        "host": parts.hostname,
        "port": parts.port or _PORT,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")) or None,
        "charset": "utf8mb4",
        "connect_timeout": _CONNECT_SECONDS,
        "program_name": "treadle",
        "local_infile": False,  # a server may ask for any file of this machine
        "cursorclass": SSCursor,
        "autocommit": None,
        "conv": _conversions(),
        **_encryption(dict(parse_qsl(parts.query)), wanted),
    }


def _encryption(options: dict[str, str], wanted: Wanted) -> dict[str, Any]:
    """As PostgreSQL's `sslmode` says it. If nothing is said, encrypted where the server can be."""
    mode, root = options.pop("sslmode", "prefer"), options.pop("sslrootcert", None)
    ways: dict[str, dict[str, Any]] = {
        "disable": {"ssl_disabled": True},
        "prefer": {},
        "require": {"ssl_verify_cert": False, "ssl_verify_identity": False, "ssl": {"check_hostname": False}},
        "verify-ca": {"ssl_ca": root, "ssl_verify_cert": True, "ssl_verify_identity": False},
        "verify-full": {"ssl_ca": root, "ssl_verify_cert": True, "ssl_verify_identity": True},
    }
    if options or mode not in ways:
        odd = min(options, default="sslmode")
        mend = f"options are sslrootcert, and sslmode: {', '.join(ways)}"
        raise DataError(f"{odd} means nothing to MySQL as it stands in the URL", where=wanted.where, mend=mend)
    if mode.startswith("verify") and root is None:
        mend = "name the file of the authority: &sslrootcert=FILE"
        raise DataError(f"sslmode={mode} needs an authority to verify by", where=wanted.where, mend=mend)
    return ways[mode]


def _conversions() -> dict[int, Callable[[Any], Any]]:
    """From what the server writes, by the number of a type; a type that is not here stays as it is written."""
    from pymysql.constants import FIELD_TYPE as T

    return {
        **dict.fromkeys((T.TINY, T.SHORT, T.INT24, T.LONG, T.LONGLONG, T.YEAR), int),
        **dict.fromkeys((T.FLOAT, T.DOUBLE), float),
        T.BIT: lambda written: int.from_bytes(written, "big"),
        T.DATE: lambda written: _day(written, date.fromisoformat),
        **dict.fromkeys((T.DATETIME, T.TIMESTAMP), lambda written: _day(written, datetime.fromisoformat)),
    }


def _day(written: str, read: Callable[[str], date]) -> date | None:
    """A date or time; MySQL also keeps days that no calendar has, such as 0000-00-00."""
    try:
        return read(written)
    except ValueError:
        return None


def _newer(above: Above) -> str:
    """Times are compared as the session's zone, which is UTC, writes them."""
    column, value = quoted(above.column, "`"), above.value
    if isinstance(value, int | float):
        return f"{column} >= {value!r}"
    day = value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
    return f"{column} >= '{day}'"


def _exactly(name: str) -> str:
    """A column of single floats, all of its digits: the server writes six of them.

    >>> _exactly("price")
    '(`price` + 0e0) as `price`'
    """
    column = quoted(name, "`")
    return f"({column} + 0e0) as {column}"


def _columns(connection: Any, source: str, wanted: Wanted) -> list[tuple[str, int]]:
    """Their names, and the numbers of their types."""
    import pymysql

    with connection.cursor(pymysql.cursors.Cursor) as cursor:
        try:
            cursor.execute(f"select * from {source} limit 0")
        except pymysql.MySQLError as bad:
            if not wanted.table or bad.args[0] != _NO_SUCH_TABLE:
                raise
            cursor.execute("select table_name from information_schema.tables where table_schema = database()")
            there = [str(name) for (name,) in cursor.fetchall()]
            raise DataError(
                f"there is no table {wanted.table} in {wanted.said}",
                where=wanted.where,
                mend=nearest(wanted.table, there) or "it has no table that this user may see",
            ) from None
        return [(str(each[0]), int(each[1])) for each in cursor.description]


def _parts(cursor: Any, names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    import polars as pl

    fields = cursor._result.fields  # the driver tells the character set of a column nowhere else
    kinds = [_kind(field.type_code, field.charsetnr) for field in fields]
    rows, began = _FIRST_ROWS, False
    while (found := cursor.fetchmany(rows)) or not began:
        began = True
        columns = zip(*found, strict=True) if found else ((),) * len(names)
        part = pl.DataFrame(
            [_series(name, values, kind) for name, values, kind in zip(names, columns, kinds, strict=True)]
        )
        a_row = max(1, int(part.estimated_size()) // max(1, part.height))
        rows = max(1, min(_MOST_ROWS, _PART_BYTES // a_row))
        yield part


def _kind(type_code: int, charset: int) -> pl.DataType:
    import polars as pl
    from pymysql.constants import FIELD_TYPE as T

    if type_code in (T.TINY, T.SHORT, T.INT24, T.LONG, T.LONGLONG, T.YEAR, T.BIT):
        return pl.Int64()
    if type_code in (T.FLOAT, T.DOUBLE):
        return pl.Float64()
    if type_code in (T.DECIMAL, T.NEWDECIMAL):
        return pl.Decimal()
    if type_code == T.DATE:
        return pl.Date()
    if type_code in (T.DATETIME, T.TIMESTAMP):
        return pl.Datetime("us")
    if type_code == T.TIME:
        return pl.Time()
    texts = (T.JSON, T.ENUM, T.SET)
    return pl.String() if charset != _BINARY or type_code in texts else pl.Binary()


def _series(name: str, values: tuple[Any, ...], kind: pl.DataType) -> pl.Series:
    import polars as pl

    if kind == pl.Int64 and any(value is not None and value >= 2**63 for value in values):
        return pl.Series(name, values, dtype=pl.UInt64)
    if kind == pl.Decimal:
        return as_written(pl.Series(name, values, dtype=pl.String))
    if kind == pl.Time:
        written = pl.Series(name, values, dtype=pl.String)
        times = written.str.to_time("%H:%M:%S%.f", strict=False)
        return times if times.null_count() == written.null_count() else written
    return pl.Series(name, values, dtype=kind)


@contextmanager
def _said_plainly(wanted: Wanted) -> Iterator[None]:
    """What the server says, without the secrets of the address."""
    import pymysql

    try:
        yield
    except (pymysql.MySQLError, OSError, UnicodeError, RuntimeError) as bad:
        told = bad.args[1] if isinstance(bad, pymysql.MySQLError) and len(bad.args) > 1 else bad
        said = wanted.address.without_secrets((str(told).splitlines() or ["?"])[0])
        said = re.sub(r"\s*\(\[Errno [^)]*\)$", "", said)
        mend = next(
            (mend for cause, mend in _CAUSES.items() if cause in said), "check the table, the query and the URL"
        )
        # what the driver raised may hold the password, so it is not shown as the cause either
        raise DataError(f"{wanted.said} cannot be read: {said}", where=wanted.where, mend=mend) from None
