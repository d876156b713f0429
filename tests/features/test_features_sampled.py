"""A sample of a table in parts is proved as the whole is: the same rows and values, and a difference shows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_features_larger import InParts
from worlds import START, TEN_MINUTES, Tables, plan_of, project, table, world, worlds

from treadle.features import FeaturePlan, Proof, compile_online, prove, prove_sample, sampled
from treadle.store import buckets


def sample(plan: FeaturePlan, tables: Tables, size: int, rows: int) -> Proof:
    with TemporaryDirectory() as folder:
        return prove_sample(plan, InParts(tables, size), Path(folder), rows=rows)


@settings(max_examples=5)
@given(worlds(), st.integers(1, 12), st.integers(1, 7), st.integers(1, 30))
def test_a_sample_is_proved_as_it_would_be_of_the_whole(tables: Tables, size: int, bucket: int, rows: int) -> None:
    plan = plan_of(project())
    kept, buckets.ROWS = buckets.ROWS, bucket
    try:
        found = sample(plan, tables, size, rows)
    finally:
        buckets.ROWS = kept
    whole = prove(plan, tables, rows=rows)
    assert (found.rows, found.cells, found.differing, found.ok) == (whole.rows, whole.cells, 0, True)
    assert found.max_abs_difference == whole.max_abs_difference and found.events <= whole.events
    assert found.of == tables[plan.each].height


def test_what_the_online_path_gets_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, tables = plan_of(project()), world(5, 200, 400)
    assert sample(plan, tables, 101, 50).ok

    class Forgetful:
        """It answers each feature as of a state that heard of nothing."""

        def __init__(self, plan: FeaturePlan) -> None:
            self.real, self.nothing = compile_online(plan), sampled.Memory()

        def features(self, record: Any, state: Any) -> Any:
            return self.real.features(record, self.nothing)

    monkeypatch.setattr(sampled, "compile_online", Forgetful)
    found = sample(plan, tables, 101, 50)
    assert not found.ok and found.rows == 50 and found.examples


def test_what_became_known_exactly_when_the_last_row_is_asked_for_is_told(tmp_path: Path) -> None:
    """So that a feature that is not strictly before is caught at that row too; what is later is not told."""
    plan, late = plan_of(project()), START + TEN_MINUTES
    events = [(n, "a", 1, at, 1.0, 1, True, "x", None) for n, at in enumerate((START, late, late + TEN_MINUTES))]
    tables = {
        "trips": table("trips", [(0, "a", 1, START, 1.0), (1, "a", 1, late, 1.0)]),
        "events": table("events", events), "prices": table("prices", []), "sizes": table("sizes", []),
    }  # fmt: skip
    found = prove_sample(plan, InParts(tables, 2), tmp_path, rows=10)
    assert (found.events, found.ok) == (3, True), "two that were seen, and the first of them once it was chosen"
    assert prove(plan, tables).events == 3
