"""Two snapshots held against each other: by key, by whole rows, with other columns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_shop import keep, opened, orders, write_shop

from treadle.errors import DataError
from treadle.exploring.differing import diff
from treadle.exploring.found import Difference
from treadle.workspace import Workspace


def at(day: int) -> datetime:
    return datetime(2024, 5, day, tzinfo=UTC)


def between(workspace: Workspace, source: str = "orders", a: str | None = None, b: str | None = None) -> Difference:
    return diff(workspace, source, a, b, lambda text: None)


def test_rows_are_told_apart_by_the_key(workspace: Workspace) -> None:
    changed = orders(9).filter(pl.col("order") != 2).with_columns(
        amount=pl.when(pl.col("order") == 5).then(99.0).otherwise("amount"),
        kind=pl.when(pl.col("order").is_in([5, 6])).then(None).otherwise("kind"),
    )  # fmt: skip
    keep(workspace, "orders", pl.concat([changed, orders(2, first=50)]), at(9))
    rows = between(workspace).rows
    assert (rows.keys, rows.added, rows.removed, rows.changed, rows.same) == (["order"], 2, 1, 2, 6)
    assert (rows.some_added, rows.some_removed, rows.some_changed) == (["50", "51"], ["2"], ["5", "6"])
    assert [(each.column, each.rows) for each in rows.columns] == [("kind", 2), ("amount", 1)]


def test_versions_are_named_as_elsewhere_and_the_one_before_is_taken(workspace: Workspace) -> None:
    found = between(workspace)
    assert (found.before.version, found.now.version) == (1, 2)
    for a, b in (("0", "2"), ("orders@0", "@2"), ("2024-05-01", None)):
        other = between(workspace, a=a, b=b)
        assert (other.before.version, other.now.version, other.rows.added) == (0, 2, 3)
    assert between(workspace, a="2", b="0").rows.removed == 3, "backwards too"
    same = between(workspace, a="1", b="1")
    assert same.equal and (same.rows.added, same.rows.removed, same.rows.changed, same.rows.same) == (0, 0, 0, 8)


def test_columns_that_came_went_or_are_others(workspace: Workspace) -> None:
    frame = orders(9).drop("kind").with_columns(amount=pl.col("amount").cast(pl.String), colour=pl.lit("red"))
    keep(workspace, "orders", frame, at(9))
    found = between(workspace)
    assert {(each.column, each.change) for each in found.schema} == {
        ("kind", "removed"), ("colour", "added"), ("amount", "other type")
    }  # fmt: skip
    assert (found.rows.changed, found.rows.same) == (0, 9), "of what both have alike"
    assert "colour" not in {line.column for line in found.columns}


def test_without_a_key_that_holds_whole_rows_are_counted(workspace: Workspace) -> None:
    twice = pl.concat([orders(3), orders(3)])
    keep(workspace, "orders", twice, at(8))
    keep(workspace, "orders", pl.concat([orders(2), orders(3, first=1)]), at(9))
    rows = between(workspace).rows
    assert (rows.keys, rows.changed, rows.added, rows.removed, rows.same) == ([], None, 1, 2, 4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 2)), min_size=1),
    st.dictionaries(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 2)), min_size=1),
)
def test_counts_are_those_of_two_dicts(
    tmp_path_factory: pytest.TempPathFactory, before: dict[int, int | None], now: dict[int, int | None]
) -> None:
    found = opened(write_shop(tmp_path_factory.mktemp("shop")))
    for day, rows in ((1, before), (2, now)):
        frame = pl.DataFrame({"city": list(rows), "n": list(rows.values())}, schema={"city": pl.Int64, "n": pl.Int64})
        keep(found, "cities", frame, at(day))
    newest = found.tables.version(found.names.source("cities"))
    rows = between(found, "cities", "0", str(newest)).rows
    both = before.keys() & now.keys()
    assert rows.added == len(now.keys() - before.keys()) and rows.removed == len(before.keys() - now.keys())
    assert rows.changed == sum(before[key] != now[key] for key in both)
    assert rows.same == sum(before[key] == now[key] for key in both)
    found.chain.engine.dispose()


def test_lists_are_left_out_and_said(workspace: Workspace) -> None:
    for day, value in ((1, [1]), (2, [2])):
        keep(workspace, "cities", pl.DataFrame({"city": [1], "tags": [value]}), at(day))
    rows = between(workspace, "cities").rows
    assert rows.left_out == ["tags"] and (rows.changed, rows.same) == (0, 1)


def test_where_no_column_can_be_compared_rows_are_counted(workspace: Workspace) -> None:
    keep(workspace, "cities", pl.DataFrame({"tags": [["a"], ["b"]]}), at(1))
    keep(workspace, "cities", pl.DataFrame({"tags": [["a"], ["b"], ["c"], ["c"], ["d"]]}), at(2))
    rows = between(workspace, "cities").rows
    assert (rows.added, rows.removed, rows.same, rows.left_out) == (3, 0, 2, ["tags"])


def test_an_empty_snapshot_and_a_full_one(workspace: Workspace) -> None:
    keep(workspace, "cities", pl.DataFrame(schema={"city": pl.Int64, "n": pl.Int64}), at(1))
    keep(workspace, "cities", pl.DataFrame({"city": [1], "n": [2]}), at(2))
    rows = between(workspace, "cities").rows
    assert (rows.added, rows.removed, rows.changed, rows.same) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("source", "a", "what"),
    [
        ("odrers", None, "no source"),
        ("cities", None, "no snapshot was kept yet"),
        ("orders", "7", "no version 7"),
        ("orders", "soon", "names no snapshot"),
    ],
)
def test_what_is_not_there_is_said(workspace: Workspace, source: str, a: str | None, what: str) -> None:
    with pytest.raises(DataError, match=what):
        between(workspace, source, a)


def test_of_one_snapshot_there_is_no_difference(workspace: Workspace) -> None:
    keep(workspace, "cities", pl.DataFrame({"city": [1]}), at(1))
    with pytest.raises(DataError, match="no snapshot before version 0"):
        between(workspace, "cities")


def test_nothing_is_kept_by_comparing(workspace: Workspace) -> None:
    before: set[Path] = set(workspace.root.rglob("*.parquet"))
    between(workspace)
    assert set(workspace.root.rglob("*.parquet")) == before and len(workspace.chain.find()) == 3
