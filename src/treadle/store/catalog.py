"""The catalog: one SQL database, by SQLAlchemy Core, kept current by Alembic migrations. Its tables: `schema`."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, Engine, MetaData, String, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from treadle.errors import MissingExtra, StoreError, TreadleError

REVISION = "0002"
"""The newest migration. Kept here so that an up-to-date catalog opens without importing Alembic."""

_revisions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def open_catalog(place: str | Path) -> Engine:
    """Connect to a URL, or to an SQLite file, and bring the schema up to date. A file is copied aside before that."""
    # a path is no URL: it may hold any of the signs that a URL has a meaning for
    url = f"sqlite:///{place}" if isinstance(place, Path) else place
    engine = (
        create_engine(URL.create("sqlite", database=str(place)), **_options(url))
        if isinstance(place, Path)
        else _engine(url)
    )
    _say_plainly(engine, url)
    if url.startswith("sqlite"):
        _sqlite_manners(engine, url)
    found = _revision(engine)
    if found is not None and found > REVISION:
        raise TreadleError(
            f"the catalog was written by a newer Treadle (schema {found}, known here {REVISION})",
            where=_shown(url),
            mend="upgrade Treadle, or use another TREADLE_HOME",
        )
    if found != REVISION:
        migrate(url, engine, found)
    return engine


def _engine(url: str) -> Engine:
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        return create_engine(url, **_options(url))
    except ModuleNotFoundError as bad:
        raise MissingExtra("postgres", str(bad.name)) from bad
    except (ArgumentError, NoSuchModuleError, ValueError) as bad:
        # the text of the error may quote the URL, and with it a password
        raise StoreError(
            "the catalog's URL cannot be understood",
            where="TREADLE_CATALOG",
            mend="write sqlite:///path or postgresql+psycopg://user@host/database",
        ) from None if "@" in url else bad


def _shown(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}


def _without_password(said: str, url: str) -> str:
    password = make_url(url).password
    return said.replace(str(password), "***") if password else said


def _refused(url: str, error: BaseException) -> StoreError:
    return StoreError(
        f"the catalog cannot be used: {_without_password(str(error), url)}",
        where=_shown(url),
        mend="check that the disk has room and may be written, and that the database answers; nothing recorded is lost",
    )


def _say_plainly(engine: Engine, url: str) -> None:
    """A full disk or a database that went away is an expected failure, not a bug to be traced."""

    @event.listens_for(engine, "handle_error")
    def failed(context: Any) -> None:
        if isinstance(context.sqlalchemy_exception, DBAPIError) and not isinstance(
            context.sqlalchemy_exception, IntegrityError
        ):
            raise _refused(url, context.original_exception) from context.original_exception


def _sqlite_manners(engine: Engine, url: str) -> None:
    """WAL for readers beside a writer; every transaction takes the write lock at once, so that two never race."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as bad:
            raise _refused(url, bad) from bad
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        writing = connection.get_execution_options().get("treadle_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        row = connection.execute(_revisions.select()).first()
        return str(row[0]) if row else None


def migrate(url: str, engine: Engine, found: str | None, to: str = "head") -> None:
    """Run the migrations from `found` to `to` ("head" or a revision), after a copy of an SQLite file."""
    from alembic import command
    from alembic.config import Config

    if found is not None and url.startswith("sqlite:///"):
        file = Path(str(engine.url.database))
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        shutil.copy2(file, file.with_name(f"{file.name}.before-{found}-{stamp}"))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        found = _locked_revision(connection)
        if found is not None and (to == "base" or (to != "head" and to < found)):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def _locked_revision(connection: Any) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(_revisions.select()).first()
    return str(row[0]) if row else None
