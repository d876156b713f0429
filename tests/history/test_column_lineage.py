"""Who breaks when a column is dropped: features, versions and rules by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from treadle.errors import DataError
from treadle.history.columns import trace
from treadle.history.found import ColumnReader, PartShown
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace


def names(parts: list[PartShown], kind: str) -> set[str]:
    return {part.name for part in parts if part.kind == kind}


def test_a_column_is_followed_to_features_versions_rules_and_people(told: Workspace):
    found = trace(told, "orders.amount")
    assert names(found.read_by, "feature") == {"amount", "each_costs", "returns_paid_7d", "returns_paid_30d"}
    assert names(found.read_by, "view column") == {"returns.paid"}
    assert found.reads == [] and found.unread == []
    assert found.models == [ColumnReader("shop:1", "shop", 4, [])]
    assert [rule.rpartition(" (")[0] for rule in found.rules] == [
        "amount must be a number", "amount must be between 0 and 10000",
    ]  # fmt: skip
    assert found.people == ["ada", "grace"] and found.target == ""


def test_what_only_the_label_or_the_time_reads_is_read_by_the_versions_too(told: Workspace):
    assert trace(told, "orders.told").models == [ColumnReader("shop:1", "shop", 8, ["label_known"])]
    assert "label" in trace(told, "orders.came_back").models[0].roles
    assert trace(told, "orders.due").models == [ColumnReader("shop:1", "shop", 1, [])]


def test_a_feature_is_followed_to_the_columns_that_it_is_made_of(told: Workspace):
    found = trace(told, "each_costs")
    assert found.reads == [PartShown("column", "orders.amount"), PartShown("column", "orders.items")]
    assert found.read_by == [] and found.models == [ColumnReader("shop:1", "shop", 1, [])] and found.rules == []


def test_of_a_source_all_that_reads_it_and_what_nothing_reads(told: Workspace):
    found = trace(told, "customers")
    assert names(found.read_by, "feature") == {"customer_since", "customer_tier", "customer_vip"}
    assert found.unread == []
    assert trace(told, "returns").models[0].features == 8


def test_a_name_that_nothing_has_is_told_with_the_nearest(told: Workspace):
    with pytest.raises(DataError, match=r'called "orders\.amont"') as bad:
        trace(told, "orders.amont")
    assert "orders.amount" in bad.value.mend


def test_the_file_of_today_and_a_version_of_yesterday_are_told_apart(told_shop: Path, tmp_path: Path):
    folder = tmp_path / "shop"
    shutil.copytree(told_shop, folder)
    file = folder / "treadle.yaml"
    file.write_text(file.read_text("utf-8").replace('    each_costs: "amount / items"\n', ""), "utf-8")
    workspace = open_workspace(load(folder), actor="ada")
    try:
        assert names(trace(workspace, "orders.items").read_by, "feature") == {
            "items", "returns_things_7d", "returns_things_30d",
        }  # fmt: skip
        gone = trace(workspace, "each_costs")
        assert gone.reads == [] and gone.models == [ColumnReader("shop:1", "shop", 1, [])]
        shutil.rmtree(folder / ".treadle" / "blobs")
        (folder / ".treadle" / "blobs").mkdir()
        assert trace(workspace, "orders.items").models == [], "a bundle that is gone tells nothing"
    finally:
        workspace.chain.engine.dispose()


def test_before_a_run_it_says_what_was_never_read(told_shop: Path, tmp_path: Path):
    folder = tmp_path / "shop"
    shutil.copytree(told_shop, folder, ignore=shutil.ignore_patterns(".treadle"))
    workspace = open_workspace(load(folder), actor="ada")
    try:
        with pytest.raises(DataError, match=r"orders, customers: never read"):
            trace(workspace, "orders.items")
    finally:
        workspace.chain.engine.dispose()
