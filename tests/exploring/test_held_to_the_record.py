"""Snapshots whose files, or whose log, are no longer what the record says: told in one sentence wherever it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from treadle.errors import EvidenceError, TreadleError
from treadle.exploring import holding
from treadle.exploring.asking import Limits, query
from treadle.exploring.describing import profile_snapshot
from treadle.exploring.differing import diff
from treadle.exploring.holding import held
from treadle.exploring.named import named
from treadle.exploring.snapshots import history_of, list_sources
from treadle.workspace import Workspace

Ask = Callable[[Workspace], object]


def silent(text: str) -> None: ...


ASKED: dict[str, Ask] = {
    "query": lambda workspace: query(workspace, "select sum(amount) from orders@1", Limits(seconds=20)),
    "profile": lambda workspace: profile_snapshot(workspace, "orders@1", None, silent),
    "diff": lambda workspace: diff(workspace, "orders", "1", "2", silent),
}
LISTED: dict[str, Ask] = {
    "history": lambda workspace: history_of(workspace, "orders", 9),
    "list": list_sources,
}


def file_of(workspace: Workspace) -> Path:
    return workspace.tables.files(held(workspace, named("orders@1")).snapshot)[0]


def edit(file: Path) -> None:
    """Other rows in a file of the very size, which Parquet readers take."""
    content = bytearray(file.read_bytes())
    frame = pl.read_parquet(file)
    at = content.find(frame["kind"].cast(pl.String)[0].encode())
    content[at : at + 4] = b"nook"
    file.write_bytes(bytes(content))
    assert not pl.read_parquet(file).equals(frame)


def spoil(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("damage", [edit, spoil])
def test_a_file_that_was_changed_is_named(workspace: Workspace, name: str, damage: Callable[[Path], None]) -> None:
    damage(file_of(workspace))
    with pytest.raises(EvidenceError, match=r"version 1 of orders is not what the record says: .* was changed on disk"):
        ASKED[name](workspace)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("damage", [Path.unlink, cut])
def test_a_file_that_is_gone_or_cut_is_told(workspace: Workspace, name: str, damage: Callable[[Path], None]) -> None:
    damage(file_of(workspace))
    with pytest.raises(TreadleError, match="version 1 of orders is gone: its files are no longer what the record says"):
        ASKED[name](workspace)


@pytest.mark.parametrize("name", ASKED)
def test_a_large_file_is_held_by_size_and_told_when_it_cannot_be_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(holding, "MOST_BYTES", 0)
    ASKED[name](workspace)
    spoil(file_of(workspace))
    with pytest.raises(EvidenceError, match=r"orders.* is not what the record says"):
        ASKED[name](workspace)


def test_how_it_was_held_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    found = query(workspace, "select 1 from orders limit 1", Limits(seconds=20))
    assert [one.held for one in found.snapshots] == ["content"]
    assert profile_snapshot(workspace, "orders", None, silent).snapshot.endswith("by their hashes")
    monkeypatch.setattr(holding, "MOST_BYTES", 0)
    assert diff(workspace, "orders", None, None, silent).now.held == "size"
    assert profile_snapshot(workspace, "orders", None, silent).snapshot.endswith("by their sizes alone")


@pytest.mark.parametrize("name", {**ASKED, **LISTED})
@pytest.mark.parametrize("damage", ["edited", "broken", "gone"])
def test_what_a_log_says_changes_no_answer(workspace: Workspace, name: str, damage: str) -> None:
    """The record names the files: a log of Delta that was edited once gave other rows, and nobody noticed."""
    ask = {**ASKED, **LISTED}[name]
    before = ask(workspace)
    for log in (workspace.tables.root / workspace.names.source("orders") / "_delta_log").glob("*.json"):  # type: ignore[attr-defined]
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        kept = [line for line in lines if "add" not in line]
        assert len(kept) < len(lines)
        if damage == "gone":
            log.unlink()
        else:
            log.write_text("{" if damage == "broken" else "\n".join(map(json.dumps, kept)))
    assert timeless(ask(workspace)) == timeless(before)


def timeless(answer: object) -> object:
    """Without what a query took."""
    return getattr(answer, "rows", answer)


@pytest.mark.parametrize("name", LISTED)
def test_a_list_goes_on_past_a_damaged_snapshot(workspace: Workspace, name: str) -> None:
    spoil(file_of(workspace))
    spoil(workspace.tables.files(held(workspace, named("orders@2")).snapshot)[0])
    LISTED[name](workspace)
    assert [line.columns for line in history_of(workspace, "orders", 9).snapshots] == [0, 0, 5]
