"""The catalog: one SQL database, by SQLAlchemy Core, kept current by Alembic migrations. Its tables: `schema`."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, Engine, MetaData, String, Table, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError

from treadle.errors import StoreError, TreadleError

REVISION = "0005"
"""The newest migration. Kept here so that an up-to-date catalog opens without importing Alembic."""

_SHOWN = "the catalog"
_MEND_URL = "write sqlite:////path/of/file"

_revisions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def open_catalog(place: str | Path) -> Engine:
    """Open an SQLite file, or an `sqlite:` URL, with the current schema. A file is copied aside before it is migrated.

    Catalogs in other databases are opened by their engines, see `treadle.backends`.
    """
    # a path is no URL: it may hold any of the signs that a URL has a meaning for
    url = f"sqlite:///{place}" if isinstance(place, Path) else place
    try:
        engine = create_engine(
            URL.create("sqlite", database=str(place)) if isinstance(place, Path) else url,
            connect_args={"timeout": 60},
        )
    except (ArgumentError, ModuleNotFoundError, ValueError) as bad:
        raise StoreError("the catalog's URL cannot be understood", where=_SHOWN, mend=_MEND_URL) from bad
    if engine.dialect.name != "sqlite":
        raise StoreError("this is no SQLite catalog", where=_SHOWN, mend=_MEND_URL)
    say_plainly(engine, url, lambda said: said)
    _sqlite_manners(engine, url)
    keep_current(engine, url)
    return engine


def keep_current(engine: Engine, shown: str) -> None:
    """Bring the schema of an open catalog up to date. `shown`: where it is, without a password.

    Raises:
        TreadleError: a newer Treadle wrote it.
    """
    try:
        found = _revision(engine)
        if found is not None and found > REVISION:
            raise TreadleError(
                f"the catalog was written by a newer Treadle (schema {found}, known here {REVISION})",
                where=shown,
                mend="upgrade Treadle, or use another TREADLE_HOME",
            )
        if found != REVISION:
            migrate(engine, found)
    except BaseException:
        engine.dispose()  # nobody else will
        raise


_CAUSES = {
    "readonly database": "this account may not write the file or its folder: `ls -l` shows whose they are",
    "unable to open": "check that its folder is there and may be entered and written by this account",
    "is full": "make room on the disk",
    "is locked": "another process holds it: wait for that one, or end it",
    "not a database": "put a copy of the catalog in its place",
    "malformed": "put a copy of the catalog in its place",
}
"""A part of what SQLite says, and how that is mended."""
_MEND = "check that the disk has room and may be written, and that the database answers"


def refused(said: str, shown: str, causes: Mapping[str, str] = _CAUSES) -> StoreError:
    mend = next((mend for part, mend in causes.items() if part in said), _MEND)
    return StoreError(f"the catalog cannot be used: {said}", where=shown, mend=f"{mend}; nothing recorded is lost")


def say_plainly(
    engine: Engine, shown: str, without_secrets: Callable[[str], str], causes: Mapping[str, str] = _CAUSES
) -> None:
    """A full disk or a database that went away is an expected failure, not a bug to be traced.

    causes: parts of what the database says to how each is mended; the first that fits.
    """

    @event.listens_for(engine, "handle_error")
    def failed(context: Any) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
            original = context.original_exception
            said = without_secrets(str(original))
            raise refused(said, shown, causes) from (original if said == str(original) else None)


def _sqlite_manners(engine: Engine, url: str) -> None:
    """WAL for readers beside a writer; every transaction takes the write lock at once, so that two never race."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as bad:
            raise refused(str(bad), url) from bad
        finally:
            cursor.close()
        record.info["file"] = _identity(engine.url.database)

    @event.listens_for(engine, "checkout")
    def taken(_connection: Any, record: Any, _proxy: Any) -> None:
        """A file that was put in the place of another, from a backup say, is opened anew and not served from memory."""
        now = _identity(engine.url.database)
        if now is not None and record.info.get("file") != now:  # one that is away is not made anew, empty
            raise DisconnectionError("another file stands in the catalog's place")

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        writing = connection.get_execution_options().get("treadle_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _identity(database: str | None) -> tuple[int, int] | None:
    """Which file it is; None for a database in memory, and while there is none."""
    if not database or database == ":memory:":
        return None
    try:
        found = Path(database).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        row = connection.execute(_revisions.select()).first()
        return str(row[0]) if row else None


def migrate(engine: Engine, found: str | None, to: str = "head") -> None:
    """Run the migrations from `found` to `to` ("head" or a revision), after a copy of an SQLite file."""
    from alembic import command
    from alembic.config import Config

    if found is not None and engine.dialect.name == "sqlite" and engine.url.database:
        file = Path(engine.url.database)
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
