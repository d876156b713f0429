from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from treadle.errors import TreadleError
from treadle.evidence import Chain
from treadle.evidence.kinds.noted import Noted
from treadle.store.catalog import REVISION, migrate, open_catalog, refused
from treadle.store.fulltext import INDEX
from treadle.store.schema import metadata


def test_the_migrated_schema_is_the_declared_one(tmp_path: Path) -> None:
    engine = open_catalog(f"sqlite:///{tmp_path / 'c.db'}")
    found = inspect(engine)
    tables = {name for name in found.get_table_names() if not name.startswith(INDEX)}
    assert tables - {"alembic_version"} == set(metadata.tables)
    for name, table in metadata.tables.items():
        assert {c["name"] for c in found.get_columns(name)} == {c.name for c in table.columns}
        assert {c["name"]: c["nullable"] for c in found.get_columns(name)} == {
            c.name: c.nullable for c in table.columns
        }
        assert {i["name"] for i in found.get_indexes(name)} == {i.name for i in table.indexes}
        assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
    engine.dispose()


def test_migrations_go_down_and_up_again_and_back_the_file_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    engine = open_catalog(url)
    Chain(engine=engine, actor="a").append(Noted(text="x"), "kept in the copy")
    migrate(engine, REVISION, to="base")
    assert not inspect(engine).has_table("entries")
    engine.dispose()
    (copy,) = tmp_path.glob(f"c.db.before-{REVISION}-*")
    saved = open_catalog(f"sqlite:///{copy}")
    assert Chain(engine=saved, actor="a").find()[0].subject == "kept in the copy"
    saved.dispose()
    again = open_catalog(url)
    assert inspect(again).has_table("entries")
    again.dispose()


def test_a_catalog_of_a_newer_treadle_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    engine = open_catalog(url)
    with engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(TreadleError, match="newer Treadle"):
        open_catalog(url)


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("(sqlite3.OperationalError) attempt to write a readonly database", "may not write"),
        ("unable to open database file", "may be entered and written"),
        ("database or disk is full", "make room"),
        ("database is locked", "another process"),
        ("file is not a database", "copy"),
        ("something else", "has room and may be written"),
    ],
)
def test_what_is_wrong_with_a_catalog_is_mended_by_its_cause(said: str, mend: str) -> None:
    told = refused(said, "c.db")
    assert mend in told.mend and said in told.what and "nothing recorded is lost" in told.mend


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/c.db", "nonsense://db", "://", "postgresql://db/treadle"])
def test_what_is_no_sqlite_catalog_is_told(url: str) -> None:
    """Other databases are opened by their engines; see tests/backends."""
    with pytest.raises(TreadleError) as refused:
        open_catalog(url)
    assert refused.value.mend


def test_a_catalog_that_was_put_in_the_place_of_another_is_the_one_that_is_read(tmp_path: Path) -> None:
    """A server went on with the file that was moved away, and never saw what was revoked in the one put back."""
    place = tmp_path / "catalog.db"
    engine, other = open_catalog(place), tmp_path / "other.db"
    with engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("create table told (word text)"))
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    shutil.copy2(place, other)
    with sqlite3.connect(other) as writing:
        writing.execute("insert into told values ('revoked')")
    writing.close()
    place.rename(tmp_path / "away")
    with engine.connect() as connection:
        assert connection.execute(text("select word from told")).scalars().all() == []
    assert not place.exists(), "none is made where one is away"
    other.replace(place)
    with engine.connect() as connection:
        assert connection.execute(text("select word from told")).scalars().all() == ["revoked"]


def test_a_catalog_of_before_there_were_words_is_filled_when_it_is_opened(tmp_path: Path) -> None:
    from treadle.evidence import verify
    from treadle.evidence.kinds.note_written import NoteWritten
    from treadle.evidence.words import terms_of
    from treadle.store.fulltext import find

    url = f"sqlite:///{tmp_path / 'c.db'}"
    engine = open_catalog(url)
    chain = Chain(engine=engine, actor="a")
    chain.append(NoteWritten(note="n", number=1, title="t", text="barometers"), "note/n")
    migrate(engine, REVISION, to="0002")
    assert not inspect(engine).has_table("view_texts")
    engine.dispose()
    again = open_catalog(url)
    later = Chain(engine=again, actor="a")
    assert verify(later).ok, "views that wait to be made are no edit"
    later.catch_up()
    with later.reading() as reader:
        assert find(reader.connection, terms_of("barometer"), 9) == [1]
    assert verify(later).ok
    again.dispose()
