"""Rows of a PostgreSQL database as Arrow, by ADBC's driver: binary COPY, in parts.

The server gives each column a type that is known here: what has no other (arrays, UUIDs, addresses, ranges, JSON) is
text as the server writes it, an interval is seconds, an infinite date is missing. `numeric` and `money` come as they
are written, so that no digit is lost, and what they are is told as of decimals in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlunsplit

from treadle.address import Address
from treadle.errors import DataError, StoreError, nearest
from treadle.sources.cursors import Above
from treadle.sources.decimals import as_written
from treadle.sources.reader import Wanted
from treadle.sources.statements import chosen, condition, origin, quoted

if TYPE_CHECKING:
    import polars as pl

_CONNECT_SECONDS = 10
"""A host that does not answer is told, and not waited for: longer than a slow network, shorter than patience."""
_BEGIN = (
    "SET client_encoding TO 'UTF8'",
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # so that a table nobody wrote to comes in one order
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
)
_AS_IT_IS = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "char", "name", "time"}
_AS_IT_IS |= {"bytea"}
_SHORT = "numeric of few digits"
"""Those that are declared with a fraction and no more digits than a float holds."""
_WRITTEN = {"numeric", "money"}
_CAST = {
    "numeric": "{}::text",
    "money": "{}::numeric::text",
    _SHORT: "{}::float8",
    "oid": "{}::int8",
    "interval": "extract(epoch from {})::float8",
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "case when isfinite({0}) then {0} end"),
}
_LOGIN = "check the user and the password, and that the server lets them in"
_AWAY = "check the host and the port, and that the server runs"
_CAUSES = {
    "password": _LOGIN,
    "authentication failed": _LOGIN,
    "pg_hba.conf": _LOGIN,
    "onnection refused": _AWAY,
    "translate host name": _AWAY,
    "timeout expired": _AWAY,
    'database "': "create it on the server, or name another in the URL",
    "permission denied": "let its owner grant this user the right to read it",
    "read-only transaction": "a source only reads: leave out what writes",
    "statement timeout": "read less by columns and where, or give it time: ?options=-c%20statement_timeout%3D600s",
    "closed the connection": "nothing of it was kept; run again when the server answers",
    "terminating connection": "nothing of it was kept; run again when the server answers",
    "connection to": _AWAY,
    "syntax error": "write it as PostgreSQL does",
    "does not exist": "check the names in table, query and where",
}

_FEW_DIGITS = (
    "select attname::text from pg_attribute where attrelid = '{}'::regclass and atttypid = 'numeric'::regtype "
    "and atttypmod >= 4 and ((atttypmod - 4) >> 16) <= 15 and (atttypmod - 4) & 2047 between 1 and 15"
)
"""What a table says of its columns; of what a query gives the server tells no digits."""
_OF_T = "case when s.nspname = current_schema() then '' else s.nspname::text end"


class PostgresReader:
    """See `treadle.sources.Reader`."""

    name = "postgres"
    schemes: tuple[str, ...] = ("postgresql", "postgres")
    package = "adbc_driver_postgresql"
    # a partition is read with the table that it is of
    tables = (
        f"select {_OF_T} as place, t.relname::text as name "
        "from pg_class t join pg_namespace s on s.oid = t.relnamespace "
        "where t.relkind in ('r', 'p', 'v', 'm', 'f') and not t.relispartition "
        "and has_table_privilege(t.oid, 'select') and s.nspname not in ('pg_catalog', 'information_schema') "
        "and s.nspname !~ '^pg_(toast|temp)' order by 1, 2"
    )
    # not by information_schema, which shows keys only to who may write to their table
    keys = (
        f"select {_OF_T} as place, t.relname::text as name, a.attname::text as part from pg_index i "
        "join pg_class t on t.oid = i.indrelid join pg_namespace s on s.oid = t.relnamespace "
        "cross join unnest(i.indkey::int2[]) with ordinality k(number, position) "
        "join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number "
        "where i.indisprimary and t.relkind in ('r', 'p') "
        "and s.nspname not in ('pg_catalog', 'information_schema') order by 1, 2, k.position"
    )
    # of a table in partitions there is one for each of them, too, below its own
    links = (
        f"select {_OF_T} as place, t.relname::text as name, a.attname::text as part, "
        "case when o.nspname = current_schema() then '' else o.nspname::text end as to_place, "
        "u.relname::text as to_name, b.attname::text as to_part from pg_constraint c "
        "join pg_class t on t.oid = c.conrelid join pg_namespace s on s.oid = t.relnamespace "
        "join pg_class u on u.oid = c.confrelid join pg_namespace o on o.oid = u.relnamespace "
        "join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1] "
        "join pg_attribute b on b.attrelid = u.oid and b.attnum = c.confkey[1] "
        "where c.contype = 'f' and c.conparentid = 0 and array_length(c.conkey, 1) = 1 order by 1, 2, 3"
    )

    def read(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        from adbc_driver_postgresql import dbapi

        source, filtered = origin(wanted, "postgres"), condition(wanted, "postgres", _newer)
        with (
            _said_plainly(wanted),
            dbapi.connect(_uri(wanted.address), autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in _BEGIN:
                cursor.execute(statement)
            kinds = _kinds(cursor, source, wanted)
            names = chosen([name for name, _ in kinds], wanted)
            asked = ", ".join(_as_known(name, kind) for name in names for has, kind in kinds if has == name)
            written = [name for name, kind in kinds if kind in _WRITTEN and name in names]
            for part in _batches(cursor, f"select {asked} from {source}{filtered}"):
                yield part.with_columns(as_written(part.get_column(name)) for name in written)


READER = PostgresReader()


def _uri(address: Address) -> str:
    """The URL with what every connection says."""
    try:
        parts = address.parts
    except StoreError as bad:
        raise DataError(bad.head, where=bad.where, mend=bad.mend) from None
    options = {"connect_timeout": str(_CONNECT_SECONDS), "application_name": "treadle", **dict(parse_qsl(parts.query))}
    return urlunsplit(parts._replace(query=urlencode(options, quote_via=quote), fragment=""))


def _newer(above: Above) -> str:
    """A text takes the type of the column that it is compared with; a time without a zone passes over its `+00`."""
    value = above.value
    return (
        f"{quoted(above.column)} >= {value!r}"
        if isinstance(value, int | float)
        else (f"{quoted(above.column)} >= '{value.isoformat()}'")
    )


def _kinds(cursor: Any, source: str, wanted: Wanted) -> list[tuple[str, str]]:
    """The columns with the server's name for their type."""
    try:
        cursor.execute(f"select * from {source} limit 0")
        schema = cursor.fetch_record_batch().schema
    except Exception as bad:
        if not wanted.table or getattr(bad, "sqlstate", None) != "42P01":
            raise
        raise DataError(
            f"there is no table {wanted.table} in {wanted.said}",
            where=wanted.where,
            mend=nearest(wanted.table, _tables(cursor)) or "it has no table that this user may see",
        ) from None
    kinds = [(field.name, _kind_of(field.metadata)) for field in schema]
    if not wanted.table or all(kind != "numeric" for _, kind in kinds):
        return kinds
    found = [part.to_series(0).to_list() for part in _batches(cursor, _FEW_DIGITS.format(source.replace("'", "''")))]
    short = {name for names in found for name in names}
    return [(name, _SHORT if kind == "numeric" and name in short else kind) for name, kind in kinds]


def _kind_of(metadata: dict[bytes, bytes] | None) -> str:
    return (metadata or {}).get(b"POSTGRESQL:type", b"").decode()


def _tables(cursor: Any) -> list[str]:
    """Tables that there are, outside of the server's own."""
    listed = (
        "select case table_schema when 'public' then table_name::text else table_schema || '.' || table_name end as t "
        "from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') limit 1000"
    )
    cursor.execute("ROLLBACK")  # the statement that failed ended the transaction
    return [name for part in _batches(cursor, listed) for name in part.to_series(0).to_list()]


def _as_known(name: str, kind: str) -> str:
    """A column as it is asked for: cast to a type that is known here.

    >>> _as_known("price", "numeric")
    '"price"::float8 as "price"'
    """
    column = quoted(name)
    if kind in _AS_IT_IS:
        return column
    return f"{_CAST.get(kind, '{}::text').format(column)} as {column}"


def _batches(cursor: Any, sql: str) -> Iterator[pl.DataFrame]:
    """Parts of an answer. By pyarrow, which lets other threads, and Ctrl-C, go on while the server works; arro3 and
    nanoarrow hold Python's lock until the next part is there: for minutes, where a query is slow.
    """
    import polars as pl

    cursor.execute(sql)
    stream = cursor.fetch_record_batch()
    empty = True
    for batch in stream:
        empty = False
        yield pl.DataFrame(batch)
    if empty:
        yield pl.DataFrame(stream.schema.empty_table())


@contextmanager
def _said_plainly(wanted: Wanted) -> Iterator[None]:
    """What the driver says, without the secrets of the address; the errors of a stream have no type of their own."""
    try:
        yield
    except (DataError, GeneratorExit, KeyboardInterrupt):
        raise
    except Exception as bad:
        said = wanted.address.without_secrets(_plain(str(bad)))
        mend = next(
            (mend for cause, mend in _CAUSES.items() if cause in said), "check the table, the query and the URL"
        )
        # what the driver raised may hold the password, so it is not shown as the cause either
        raise DataError(f"{wanted.said} cannot be read: {said}", where=wanted.where, mend=mend) from None


def _plain(said: str) -> str:
    """The server's own sentence out of what the driver wraps around it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), lines[0] if lines else "?")
    for mark in ("ERROR:", "FATAL:", "failed:", "Failed to connect:", "C Data interface error:"):
        with suppress(ValueError):
            return re.sub(r"\s*SQLSTATE: \w+$", "", first[first.index(mark) + len(mark) :].strip())
    return first
