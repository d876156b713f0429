"""Features of a table in parts are those of the whole, to the bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import Tables, plan_of, project, world, worlds

from treadle.features import FeaturePlan, build, build_parts
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
