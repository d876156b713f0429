"""A level that no YAML text can hold is no reason to propose a contract that cannot be read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from treadle.contracts import load, propose


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x7f", "\x9b"])
def test_levels_with_control_characters_are_left_out(tmp_path: Path, sign: str) -> None:
    frame = pl.DataFrame({"id": range(200), "kind": [f"a{sign}", "b"] * 100})
    file = tmp_path / "c.yaml"
    file.write_text(propose(frame, "t", key=("id",)), "utf-8")
    assert "kind_is_known" not in [rule.id for rule in load(file).rules]
    file.write_text(propose(frame.with_columns(kind=pl.Series(["a", "b"] * 100)), "t", key=("id",)), "utf-8")
    assert "kind_is_known" in [rule.id for rule in load(file).rules]
