"""Columns that are called as a statement of SQL begins."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from treadle import expr
from treadle.errors import ExpressionError

WORDS = ("Alter", "Comment", "Set", "Grant", "Show", "Kill", "Use", "Analyze", "Describe", "Call")


@pytest.mark.parametrize("word", WORDS)
def test_such_a_column_is_refused_with_how_to_write_it(word: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ExpressionError) as told:
        expr.parse(f"{word} >= 0", {word: "int"})
    assert told.value.mend == f'{word} is a word of SQL too: write it "{word}", between double quotes'
    assert "<Token" not in told.value.what and not caplog.records
    assert expr.parse(f'"{word}" >= 0', {word: "int"}).columns == (word,)


@pytest.mark.parametrize("text", ["n +", "n > (", "n foo bar", "nosuch > 1", "n ~> 3"])
def test_of_another_column_nothing_of_the_kind_is_said(text: str) -> None:
    with pytest.raises(ExpressionError) as told:
        expr.parse(text, {"n": "int"})
    assert "word of SQL" not in told.value.mend


def test_what_others_ask_of_sqlglot_is_logged_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    import sqlglot

    with pytest.raises(ExpressionError):
        expr.parse("Alter > 0", {"Alter": "int"})
    with caplog.at_level(logging.WARNING):
        sqlglot.parse("alter > 0", dialect="duckdb")
    assert "Falling back" in caplog.text


def test_no_line_of_a_library_is_seen(tmp_path: Path) -> None:
    rows = [f"{n},{20 + n % 50},{n % 3},{n % 2}" for n in range(80)]
    (tmp_path / "a.csv").write_text("\n".join(["id,Alter,Set,gekauft", *rows]))
    words = ["init", str(tmp_path / "p"), "--from", str(tmp_path / "a.csv"), "--target", "gekauft"]
    told = subprocess.run([sys.executable, "-m", "treadle", *words], capture_output=True, text=True, check=True)
    assert not told.stderr and "features" in told.stdout
