"""A profile of a snapshot or of a file: its rows, its label, and what cannot be profiled."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from kept_shop import orders

from treadle.errors import DataError, TreadleError
from treadle.exploring.describing import profile_file, profile_snapshot
from treadle.profiling.found import Profile
from treadle.spec import Layout
from treadle.workspace import Workspace


def quiet(text: str) -> None:
    """Nobody listens."""


def of(workspace: Workspace, text: str, label: str | None = None) -> Profile:
    return profile_snapshot(workspace, text, label, quiet)


def test_a_version_is_profiled_with_the_label_of_the_project(workspace: Workspace) -> None:
    found = of(workspace, "orders@1")
    assert (found.name, found.rows, found.label) == ("orders@1", 8, "came_back = 'yes'")
    assert "version 1" in found.snapshot and found.bytes > 0 and found.keys == [["order"], ["told"]]
    related = {column.name for column in found.columns if column.relation is not None}
    assert "came_back" not in related and "kind" in related


def test_another_label_is_a_column_or_an_expression(workspace: Workspace) -> None:
    assert of(workspace, "orders", "kind").label == "kind"
    assert of(workspace, "orders", "amount > 3").label == "amount > 3"
    for wrong, hint in (("knid", 'did you mean "kind"?'), ("amount >", ""), ("nonsense(1)", "")):
        with pytest.raises(DataError, match="is no label") as bad:
            of(workspace, "orders", wrong)
        assert bad.value.where == "--label" and hint in bad.value.mend


def test_a_file_is_profiled_alike_whatever_its_format(tmp_path: Path) -> None:
    frame = orders(20)
    frame.write_csv(tmp_path / "orders.csv", separator=";")
    frame.write_parquet(tmp_path / "orders.parquet")
    text, plain = (profile_file(str(tmp_path / f"orders.{end}"), Layout(), "kind", quiet) for end in ("csv", "parquet"))
    assert (text.rows, plain.rows, text.name, plain.name) == (20, 20, "orders.csv", "orders.parquet")
    assert [c.numbers for c in text.columns] == [c.numbers for c in plain.columns]
    assert [c.kind for c in text.columns] == [c.kind for c in plain.columns]
    frame.write_delta(str(tmp_path / "delta"))
    assert profile_file(str(tmp_path / "delta"), Layout(), None, quiet).rows == 20


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", b"not a table at all"])
def test_a_damaged_file_ends_with_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(TreadleError) as bad:
        profile_file(str(tmp_path / "t.parquet"), Layout(), None, quiet)
    assert "t.parquet" in bad.value.what


def test_a_file_that_is_not_there_is_told_with_its_neighbour(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_csv(tmp_path / "sales.csv")
    with pytest.raises(DataError, match="no file seles") as bad:
        profile_file(str(tmp_path / "seles.csv"), Layout(), None, quiet)
    assert "sales.csv" in bad.value.mend
