"""Which snapshots there are, which one a name means, and what used each."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kept_shop import keep, opened, orders, train

from treadle.errors import DataError
from treadle.exploring.differing import diff
from treadle.exploring.named import named
from treadle.exploring.snapshots import history_of, list_sources, meant
from treadle.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("orders", 2),
        ("orders@0", 0),
        ("orders@2024-05-01", 0),
        ("orders@2024-05-02T11:59", 0),
        ("orders@2024-05-02T12:00", 1),
        ("orders@2024-05-03", 2),
        ("orders@2030-01-01", 2),
    ],
)
def test_a_name_means_one_snapshot(workspace: Workspace, text: str, version: int) -> None:
    assert meant(workspace, named(text)).snapshot.version == version


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("odrers", 'no source "odrers"', 'did you mean "orders"?'),
        ("orders@7", "no version 7", "it has 0, 1, 2"),
        ("orders@2024-04-30", "nothing was kept by then", "2024-05-01T08:00"),
        ("cities", "no snapshot was kept yet", "treadle run"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(workspace: Workspace, text: str, what: str, mend: str) -> None:
    with pytest.raises(DataError) as bad:
        meant(workspace, named(text))
    assert what in bad.value.what and mend in bad.value.mend


def test_a_version_whose_files_are_gone_is_told_with_those_that_are_there(workspace: Workspace) -> None:
    snapshot = meant(workspace, named("orders@1")).snapshot
    workspace.tables.files(snapshot)[0].unlink()
    with pytest.raises(DataError, match="version 1 of orders is gone") as bad:
        meant(workspace, named("orders@1"))
    assert bad.value.mend == "still there: 0, 2"
    assert [line.here for line in history_of(workspace, "orders", 9).snapshots] == [True, False, True]


def test_sources_are_listed_with_their_newest_snapshot(workspace: Workspace) -> None:
    orders_, cities, stock = list_sources(workspace).sources
    assert (orders_.version, orders_.snapshots, orders_.rows, orders_.columns, orders_.by) == (2, 3, 9, 5, "ada")
    assert orders_.bytes > 0 and orders_.time.startswith("2024-05-03T23:59")
    assert (cities.version, cities.snapshots, stock.source) == (None, 0, "my-stock")
    assert list_sources(workspace).next.startswith("treadle run")


def test_history_is_newest_first_with_what_was_set_aside(workspace: Workspace) -> None:
    found = history_of(workspace, "orders", 2)
    assert [line.version for line in found.snapshots] == [2, 1] and found.more == 1
    assert [line.set_aside for line in found.snapshots] == [0, 2]
    assert history_of(workspace, "cities", 2).snapshots == []


def test_an_equal_batch_read_again_is_the_same_snapshot(workspace: Workspace) -> None:
    keep(workspace, "orders", orders(9), datetime(2024, 5, 9, tzinfo=UTC))
    assert [line.version for line in history_of(workspace, "orders", 9).snapshots] == [2, 1, 0]
    assert meant(workspace, named("orders")).read.time.startswith("2024-05-03")


def test_of_a_table_that_was_begun_anew_the_newest_is_what_was_read_last(workspace: Workspace) -> None:
    """As `treadle` says to mend one whose log cannot be read: its folder is removed, and versions begin at 0 again."""
    shutil.rmtree(workspace.root / "tables" / workspace.names.source("orders"))
    first = keep(workspace, "orders", orders(20), datetime(2024, 5, 9, tzinfo=UTC))
    assert first.version == 0 and meant(workspace, named("orders")).snapshot == first
    assert (
        meant(workspace, named("orders@0")).snapshot == first == meant(workspace, named("orders@2024-05-09")).snapshot
    )
    (line, *_) = list_sources(workspace).sources
    assert (line.version, line.rows, line.snapshots) == (0, 20, 4)
    assert [(each.version, each.here) for each in history_of(workspace, "orders", 9).snapshots] == [
        (0, True), (2, False), (1, False), (0, False)
    ]  # fmt: skip
    for text, what, mend in (("orders@2", "version 2 of orders is gone", "0"), ("orders@7", "no version 7", "0, 1, 2")):
        with pytest.raises(DataError, match=what) as bad:
            meant(workspace, named(text))
        assert bad.value.mend.endswith(f" {mend}")
    second = keep(workspace, "orders", orders(21), datetime(2024, 5, 10, tzinfo=UTC))
    assert (second.version, meant(workspace, named("orders")).snapshot) == (1, second)
    found = diff(workspace, "orders", None, None, lambda text: None)
    assert (found.before.rows, found.now.rows, found.rows.added) == (20, 21, 1)


def test_rows_that_come_again_in_a_table_begun_anew_are_the_newest(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root / "tables" / workspace.names.source("orders"))
    again = keep(workspace, "orders", orders(6), datetime(2024, 5, 9, tzinfo=UTC))
    newest = meant(workspace, named("orders"))
    assert newest.snapshot == again and newest.read.time.startswith("2024-05-09")


def test_runs_and_models_that_used_a_snapshot_are_found_through_what_was_made_of_it(shop: Path) -> None:
    first = opened(shop, run="one")
    old = keep(first, "orders", orders(6), datetime(2024, 5, 1, tzinfo=UTC))
    train(first, old, "shop:1")
    second = opened(shop, run="two")
    train(second, old, "shop:2")
    third = opened(shop, run="three")
    train(third, keep(third, "orders", orders(7), datetime(2024, 5, 2, tzinfo=UTC)), "shop:3")
    newest, oldest = history_of(third, "orders", 9).snapshots
    assert (newest.models, newest.runs) == (["shop:3"], ["three"])
    assert "shop:1" in oldest.models and "shop:3" not in oldest.models and set(oldest.runs) >= {"one"}


def test_a_record_of_several_projects_keeps_their_sources_apart(workspace: Workspace, tmp_path: Path) -> None:
    """Both call a source `orders`, in one workspace."""
    from kept_shop import SPEC

    from treadle.spec import load
    from treadle.workspace import open_workspace

    other = tmp_path / "other"
    other.mkdir()
    (other / "treadle.yaml").write_text(SPEC.replace("project: shop", "project: other"), encoding="utf-8")
    found = open_workspace(load(other), actor="ada", kept_in=workspace.root)
    assert history_of(found, "orders", 9).snapshots == []
