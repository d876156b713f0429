"""The catalog: one SQL database, by SQLAlchemy Core, kept current by Alembic migrations."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    text,
)

from treadle.errors import TreadleError

REVISION = "0001"
"""The newest migration. Kept here so that an up-to-date catalog opens without importing Alembic."""

metadata = MetaData()

entries = Table(
    "entries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False, unique=True),
    Column("kind", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("run", String(32), nullable=False),
    Column("time", String(32), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("cache_key", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("entries_by_kind", "kind", "seq"),
    Index("entries_by_subject", "subject", "seq"),
    Index("entries_by_run", "run", "seq"),
    Index("entries_by_cache_key", "cache_key", "seq"),
)

versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def open_catalog(url: str) -> Engine:
    """Connect and bring the schema up to date. An SQLite file is copied aside before it is migrated."""
    engine = create_engine(url, **_options(url))
    if url.startswith("sqlite"):
        _sqlite_manners(engine)
    found = _revision(engine)
    if found is not None and found > REVISION:
        raise TreadleError(
            f"the catalog was written by a newer Treadle (schema {found}, known here {REVISION})",
            where=url,
            mend="upgrade Treadle, or use another TREADLE_HOME",
        )
    if found != REVISION:
        migrate(url, engine, found)
    return engine


def _options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}


def _sqlite_manners(engine: Engine) -> None:
    """WAL for readers beside a writer; every transaction takes the write lock at once, so that two never race."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        writing = connection.get_execution_options().get("treadle_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        row = connection.execute(versions.select()).first()
        return str(row[0]) if row else None


def migrate(url: str, engine: Engine, found: str | None, to: str = "head") -> None:
    """Run the migrations from `found` to `to` ("head" or a revision), after a copy of an SQLite file."""
    from alembic import command
    from alembic.config import Config

    if found is not None and url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///"))
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
    row = connection.execute(versions.select()).first()
    return str(row[0]) if row else None
