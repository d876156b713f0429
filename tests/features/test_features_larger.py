"""Features of a table in parts are those of the whole, to the bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import START, Tables, plan_of, project, table, world, worlds

from treadle.errors import DataError
from treadle.features import FeaturePlan, Memory, build, build_parts, seed, seed_parts
from treadle.store import buckets


@dataclass
class InParts:
    tables: Mapping[str, pl.DataFrame]
    size: int

    def rows(self, source: str) -> int:
        return self.tables[source].height

    def parts(self, source: str) -> Iterator[pl.DataFrame]:
        table = self.tables[source]
        for start in range(0, max(1, table.height), self.size):
            yield table.slice(start, self.size)


def in_parts(plan: FeaturePlan, tables: Tables, size: int) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        return pl.concat(list(build_parts(plan, InParts(tables, size), Path(folder))))


@given(worlds(), st.integers(1, 12), st.integers(1, 7))
@settings(max_examples=30)  # 0.6 s each
def test_any_parts_and_any_buckets(tables: Tables, size: int, rows: int) -> None:
    kept, buckets.ROWS = buckets.ROWS, rows
    try:
        plan = plan_of(project())
        made = in_parts(plan, tables, size)
    finally:
        buckets.ROWS = kept
    whole = build(plan, tables)
    assert made.schema == whole.schema and made.equals(whole)


def test_a_larger_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "ROWS", 97)
    plan, tables = plan_of(project()), world(5, 2_000, 3_000)
    assert in_parts(plan, tables, 301).equals(build(plan, tables))


def held(state: Memory) -> dict[object, list[object]]:
    """All that a state holds."""
    kept = {**state._histories, **state._versions}
    return {place: found.packed() for place, found in kept.items()}


@given(worlds(), st.integers(1, 12), st.integers(1, 7), st.integers(-1, 3))
@settings(max_examples=30)
def test_a_state_of_any_parts_and_any_buckets(tables: Tables, size: int, rows: int, days: int) -> None:
    as_of = START + timedelta(days=days) if days >= 0 else None
    plan, whole, made = plan_of(project()), Memory(), Memory()
    kept, buckets.ROWS = buckets.ROWS, rows
    try:
        with TemporaryDirectory() as folder:
            told = seed_parts(plan, InParts(tables, size), Path(folder), made, as_of)
    finally:
        buckets.ROWS = kept
    assert told == seed(plan, tables, whole, as_of) and made.as_of == whole.as_of
    assert held(made) == held(whole)


def test_a_larger_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(buckets, "ROWS", 97)
    plan, tables, whole, made = plan_of(project()), world(5, 400, 3_000), Memory(), Memory()
    assert seed_parts(plan, InParts(tables, 301), tmp_path, made) == seed(plan, tables, whole)
    assert len(held(made)) > 10 and held(made) == held(whole)


def test_rows_of_one_key_are_counted_as_far_as_was_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [(key, size, "") for key in "abcdefgh" for size in (1, 2)]
    plan, tables = plan_of(project()), {**world(5, 20, 30), "sizes": table("sizes", twice)}
    said = r"rows with a key that stands twice"
    with pytest.raises(DataError, match=rf"has 16 {said}, the first with k=.a."):
        in_parts(plan, tables, 301)
    monkeypatch.setattr(buckets, "ROWS", 7)
    with pytest.raises(DataError, match=rf"has at least (2|4|6|8|10|12|14) {said}, one with k="):
        in_parts(plan, tables, 301)
