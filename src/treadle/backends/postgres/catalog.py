"""Open a catalog in PostgreSQL: what one writer, one state to readers and no half-written entry mean there.

- **One writer.** A transaction that writes takes an advisory lock first, one a schema, that the server lets go of when
  the transaction or the process ends. It does not stand in the way of readers, nor of autovacuum, as a lock on the
  table would. It runs as READ COMMITTED: its first statement is the lock, and a transaction with one snapshot would
  have taken that before it had waited, and not see what was written meanwhile.
- **One state to readers.** A transaction that reads is REPEATABLE READ and READ ONLY: entries and views that it reads
  are of one moment, as in SQLite.
- **Order of texts.** The columns are of the collation "C", see the migrations: texts compare by their code points.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from psycopg import Connection, IsolationLevel
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from treadle.address import Address
from treadle.errors import StoreError
from treadle.store.catalog import keep_current, say_plainly

_CONNECT_SECONDS = 10
"""A host that does not answer is told, and not waited for: longer than a slow network, shorter than patience."""

_LOGIN = "check the user and the password of this address, and that the server lets them in"
_CAUSES = {
    "password": _LOGIN,  # both that it is wrong, and that none was given
    "authentication failed": _LOGIN,
    "pg_hba.conf": _LOGIN,
    "does not exist": "create it on the server, or name another in this address",
    "permission denied": "let its owner grant this user the right to it",
    "Connection refused": "check the host and the port of this address, and that the server runs",
    "connection refused": "check the host and the port of this address, and that the server runs",
    "translate host name": "check the host of this address",
    "resolve host": "check the host of this address",
    "timeout": "check the host of this address, and that a way leads there",
    "No space left": "make room on the server's disk",
}
"""A part of what the server or its driver says, and how that is mended. In another language it says it otherwise."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('treadle catalog in ' || current_schema(), 0))"


def open_catalog(address: Address) -> Engine:
    """Connect, and bring the schema up to date, in a transaction: a database is never migrated halfway."""
    _ = address.parts
    try:
        url = make_url(address.url).set(drivername="postgresql+psycopg")
        engine = create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "treadle"}
        )
    except (ArgumentError, ValueError):
        # the text of the error may quote the URL, and with it a password
        raise StoreError(
            "the catalog's URL cannot be understood",
            where=address.where,
            mend="write postgresql://user:password@host/database",
        ) from None
    say_plainly(engine, address.shown, address.without_secrets, _CAUSES)
    _manners(engine)
    keep_current(engine, address.shown)
    return engine


class _Connection(Connection):  # type: ignore[misc]
    """Closed with the workspace that held it; psycopg itself would warn of that."""

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()


def _manners(engine: Engine) -> None:
    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        return _Connection.connect(*arguments, **options)

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        writing = connection.get_execution_options().get("treadle_write", False)
        raw = connection.connection.driver_connection
        # set on the connection, psycopg says both in the BEGIN that it sends anyhow
        raw.isolation_level = IsolationLevel.READ_COMMITTED if writing else IsolationLevel.REPEATABLE_READ
        raw.read_only = not writing
        if writing:
            connection.exec_driver_sql(_LOCK)
