"""Rows and deletions that come late, in any order: a table is what it would be had the source been read whole."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.sources import Before, Known, batch, find_new, merged
from treadle.spec import New, Source

NEW = New(by="t", deleted="gone", overlap=100)
SOURCE = Source(read="sqlite:s.db", table="e", key="k", new=NEW)
Row = tuple[int, int, int, bool]
ROW = st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2), st.booleans())


class Place:
    """A source that only grows, and what is kept of it."""

    def __init__(self, folder: Path, rule: str = "replace") -> None:
        self.new = New(by="t", deleted="gone", overlap=100, when_seen=rule)  # type: ignore[arg-type]
        self.source = msgspec.structs.replace(SOURCE, new=self.new)
        self.folder, self.known = folder, Known()
        self.kept: pl.DataFrame | None = None
        self.sql("create table e (k integer, t integer, v integer, gone boolean)")

    def sql(self, text: str, rows: Sequence[Row] | None = None) -> None:
        with closing(sqlite3.connect(self.folder / "s.db")) as db:
            if rows is None:
                db.execute(text)
            else:
                db.executemany(text, rows)
            db.commit()

    def read(self, *rows: Row) -> int:
        """Rows come, and are read: how many are told."""
        self.sql("insert into e values (?, ?, ?, ?)", rows)
        newer = find_new(self.source, self.folder, self.known, "")
        told = newer.rows()
        found = merged(self._before(), batch(told, ("k",), self.new, ""), ("k",), self.new, "")
        whole = self.kept is None or found.whole
        self.kept = found.rows if whole else pl.concat([self.kept, found.rows], how="diagonal")  # type: ignore[list-item]
        self.known = Known(newer.mark, newer.seen)
        return told.height

    def _before(self) -> Before | None:
        kept = self.kept
        return (
            None if kept is None else Before(kept.schema, lambda names: kept if names is None else kept.select(names))
        )

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        assert self.kept is not None
        return sorted(self.kept.select("k", "t", "v").iter_rows())

    @property
    def whole(self) -> list[tuple[int, int, int]]:
        told = find_new(self.source, self.folder, Known(), "").rows()
        return sorted(batch(told, ("k",), self.new, "").rows.select("k", "t", "v").iter_rows())


def test_a_late_deletion_takes_no_later_row_away(tmp_path: Path) -> None:
    it = Place(tmp_path)
    it.read((1, 20, 1, False), (2, 20, 1, False), (3, 10, 1, False))
    it.read((1, 15, 1, True), (3, 15, 1, True), (2, 20, 2, True))
    assert it.rows == it.whole == [(1, 20, 1)]


def test_a_deletion_between_two_rows_that_come_late_takes_the_first_of_them(tmp_path: Path) -> None:
    it = Place(tmp_path, "keep")
    it.read((1, 4, 0, True), (2, 9, 0, False))
    it.read((1, 3, 1, False), (1, 5, 2, False))
    assert it.rows == it.whole == [(1, 5, 2), (2, 9, 0)]


def test_a_late_row_brings_nothing_back_that_was_deleted_after_it(tmp_path: Path) -> None:
    it = Place(tmp_path)
    it.read((1, 10, 1, False), (2, 10, 1, False))
    it.read((1, 20, 1, True))
    assert it.rows == [(2, 10, 1)]
    assert it.read((1, 15, 3, False)) == 2  # the late row, and what deleted it
    assert it.rows == it.whole == [(2, 10, 1)]
    assert it.read((2, 12, 3, False)) == 1
    assert it.read() == 0
    it.read((1, 25, 4, False))
    assert it.rows == it.whole == [(1, 25, 4), (2, 12, 3)]


def test_a_row_as_late_as_the_deletion_and_read_after_it_stays(tmp_path: Path) -> None:
    it = Place(tmp_path)
    it.read((1, 20, 1, True), (1, 20, 2, False))
    assert it.rows == [(1, 20, 2)]
    it.read((1, 15, 3, False))
    assert it.rows == it.whole == [(1, 20, 2)]


def test_the_first_row_is_the_one_that_stands_first_at_the_source_however_it_is_read(tmp_path: Path) -> None:
    for name, parts in (("whole", [3]), ("two", [1, 2]), ("late", [2, 1]), ("each", [1, 1, 1])):
        (tmp_path / name).mkdir()
        it, rows = Place(tmp_path / name, "keep"), [(1, 5, 1, False), (1, 7, 0, True), (1, 9, 2, False)]
        for size in parts:
            it.read(*[rows.pop(0) for _ in range(size)])
        assert it.rows == it.whole == [(1, 9, 2)]
    (tmp_path / "tied").mkdir()
    it = Place(tmp_path / "tied", "keep")
    it.read((1, 505, 1, False))
    it.read((1, 518, 2, False), (1, 496, 3, False))
    assert it.rows == it.whole == [(1, 496, 3)]
    it.read((1, 496, 4, False))
    it.read((1, 510, 5, True))
    assert it.rows == it.whole == [(1, 518, 2)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2), st.booleans()), min_size=1, max_size=14
    ),
    st.lists(st.integers(1, 4), min_size=14, max_size=14),
    st.sampled_from(["replace", "keep"]),
)
def test_whatever_comes_late_the_table_is_as_if_it_was_read_whole(rows: list[Row], sizes: list[int], rule: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        it, at = Place(Path(folder), rule), 0
        for size in sizes:
            if at < len(rows):
                it.read(*rows[at : at + size])
            at += size
        assert it.rows == it.whole
