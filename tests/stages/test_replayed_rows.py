"""Rows set aside by several readings, and what a mend, a drop, a replay and further readings leave of each key."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stage_shop import edit, opened, write_shop

from treadle.errors import DataError
from treadle.exploring.quarantined import drop_aside, mend_aside, replay_aside, show_aside
from treadle.stages.quarantine import standing
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

RULES = """\
apiVersion: v3.1.0
kind: DataContract
id: e
version: 1.0.0
customProperties: [{property: maxBadShare, value: 1}]
schema:
- name: e
  properties:
  - {name: k, logicalType: integer, primaryKey: true}
  - {name: t, logicalType: integer}
  - {name: v, logicalType: integer, logicalTypeOptions: {minimum: 0}}
"""
BY = "{read: 'sqlite:s.db', table: e, key: k, new: {by: t}, contract: e.yaml}"
KEEP = BY.replace("{by: t}", "{by: t, when_seen: keep}")
REFUSE = BY.replace("{by: t}", "{by: t, when_seen: refuse}")
FILES = "{read: in, key: k, new: files, contract: e.yaml}"
Row = tuple[int, int, int]


class Place:
    """A source `e(k, t, v)`, read from a database or from files, and how it stands."""

    def __init__(self, folder: Path, said: str = BY) -> None:
        self.folder, self.files = folder, "new: files" in said
        write_shop(folder)
        edit(folder, "sources:\n", f"sources:\n  e: {said}\n")
        (folder / "e.yaml").write_text(RULES, encoding="utf-8")
        (folder / "in").mkdir()
        self.sql("create table e (k integer, t integer, v integer)")

    def sql(self, *texts: str) -> None:
        with closing(sqlite3.connect(self.folder / "s.db")) as db:
            for text in texts:
                db.execute(text)
            db.commit()

    def deliver(self, *rows: Row) -> None:
        """Rows that are new, or that take the place of those with their key at the source."""
        if self.files:
            lines = ["k,t,v", *(",".join(map(str, row)) for row in rows)]
            name = f"{len([*(self.folder / 'in').iterdir()]):03}.csv"
            (self.folder / "in" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            return
        for row in rows:
            self.sql(f"delete from e where k = {row[0]}", f"insert into e values {row}")

    def do(self, act: Any, *given: Any) -> Any:
        workspace = opened(self.folder)
        try:
            return act(workspace, *given)
        finally:
            workspace.chain.engine.dispose()

    def read(self, *rows: Row, **options: Any) -> Any:
        if rows:
            self.deliver(*rows)
        return self.do(lambda it: read_sources(Work(it, **options))["e"])

    def mend(self, to: str, where: str = "") -> Any:
        return self.do(mend_aside, "e", (to,), where, "")

    def drop(self, where: str) -> Any:
        return self.do(drop_aside, "e", where, "unwanted")

    def replay(self) -> Any:
        return self.do(replay_aside, "e", "")

    @property
    def kept(self) -> list[Row]:
        frame = self.do(lambda it: it.tables.read(standing(it, "e").read.payload.table))
        return sorted(frame.select("k", "t", "v").iter_rows())

    @property
    def aside(self) -> list[Row]:
        return _rows(self.do(show_aside, "e", None, 1000).rows)

    @property
    def mended(self) -> list[Row]:
        return _rows(each for each in self.do(show_aside, "e", None, 1000).rows if each.mended)


def _rows(shown: Iterable[Any]) -> list[Row]:
    return sorted(tuple(int(str(row.values[name])) for name in "ktv") for row in shown)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("said", "wanted"), [(BY, (5, 4, 2)), (FILES, (5, 4, 2)), (KEEP, (5, 2, 1))], ids=["by", "files", "keep"]
)
@pytest.mark.parametrize("first", [(5, 2, -1), (5, 1, 7)], ids=["all aside", "one is kept"])
def test_a_key_that_two_readings_set_aside_is_replayed_once(tmp_path: Path, said: str, wanted: Row, first: Row) -> None:
    it = Place(tmp_path / "shop", said)
    it.read((1, 1, 2), first)
    if first[2] > 0:
        it.read((5, 2, -1))
    it.read((5, 4, -2), (2, 3, 2))
    assert it.aside == [(5, 2, -1), (5, 4, -2)]
    it.mend("v=0-v")
    assert it.replay().left == 0
    assert it.kept == [(1, 1, 2), (2, 3, 2), first if said == KEEP and first[2] > 0 else wanted]
    assert it.aside == []


def test_where_the_order_was_mended_the_larger_cursor_counts(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (5, 2, -1))
    it.read((5, 4, -2))
    it.mend("v=0-v")
    it.mend("t=9", "t = 2")
    it.replay()
    assert it.kept == [(1, 1, 1), (5, 9, 1)]


def test_a_source_that_refuses_a_key_twice_refuses_it_of_a_replay_too(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop", REFUSE)
    it.read((1, 1, 1), (5, 2, -1))
    it.read((5, 4, -2))
    it.mend("v=0-v")
    with pytest.raises(DataError, match="2 rows have a key that is there already, such as k 5"):
        it.replay()
    it.mend("t=4", "t = 2")
    it.mend("v=1")
    it.replay()  # equal rows are one
    assert it.kept == [(1, 1, 1), (5, 4, 1)]


@pytest.mark.parametrize("said", [BY, FILES], ids=["by", "files"])
def test_the_next_reading_goes_on_from_what_was_mended_and_dropped(tmp_path: Path, said: str) -> None:
    it = Place(tmp_path / "shop", said)
    it.read((1, 1, 1), (2, 2, -1), (3, 3, -5))
    it.drop("v = -1")
    it.mend("v=5")
    it.read((4, 4, 4))
    assert it.aside == it.mended == [(3, 3, 5)]
    it.read((5, 5, -9))
    assert it.aside == [(3, 3, 5), (5, 5, -9)] and it.mended == [(3, 3, 5)]
    it.replay()
    assert it.kept == [(1, 1, 1), (3, 3, 5), (4, 4, 4)] and it.aside == [(5, 5, -9)]


def test_a_contract_that_changed_takes_no_mend_back(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (2, 2, 2), (3, 3, -5))
    it.mend("v=7")
    (it.folder / "e.yaml").write_text(RULES.replace("minimum: 0", "minimum: 2"), encoding="utf-8")
    it.read()
    assert it.kept == [(2, 2, 2)] and it.aside == [(1, 1, 1), (3, 3, 7)] and it.mended == [(3, 3, 7)]


def test_a_mend_amid_a_reading_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import treadle.stages.increments as increments

    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (3, 3, -5))
    real = increments.keep_rows

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(increments, "keep_rows", real)
        it.mend("v=5")
        return real(*given)

    monkeypatch.setattr(increments, "keep_rows", meanwhile)
    it.read((4, 4, 4))
    assert it.kept == [(1, 1, 1), (4, 4, 4)] and it.aside == it.mended == [(3, 3, 5)]
    failed = it.do(lambda each: each.chain.find(subject="source/e", status="failed"))
    assert [each.error for each in failed] and "set aside were changed meanwhile" in failed[0].error
