"""What a mend leaves of the values of a column: of rows that it changes, and of those that it was not told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aside_shop import RULES, WHOLE, Place
from stage_shop import edit

from treadle.errors import DataError, ExpressionError
from treadle.exploring.quarantined import show_aside

LONG = 9007199254740993
"""No float is equal to it."""
_TYPED = "{name: v, logicalType: integer, logicalTypeOptions: {minimum: 0}}"


@pytest.fixture
def it(tmp_path: Path) -> Place:
    """Rows with a key below 0 are set aside; the contract says no type of `v`, so that it is as it was delivered."""
    made = Place(tmp_path / "shop", WHOLE)
    rules = RULES.replace(_TYPED, "{name: v}")
    ask = "  quality:\n  - {type: custom, engine: treadle, implementation: k > 0}\n  properties:"
    (made.folder / "e.yaml").write_text(rules.replace("  properties:", ask), encoding="utf-8")
    return made


def values(it: Place) -> dict[int, Any]:
    return {int(str(row.values["k"])): row.values["v"] for row in it.do(show_aside, "e", None, 99).rows}


def test_whole_numbers_stay_to_the_last_digit(it: Place) -> None:
    it.read((1, 1, 1), (-1, 1, LONG), (-2, 2, 2))
    it.mend("v=v*1.5", "k = -2")
    assert values(it) == {-1: str(LONG), -2: "3"}
    it.mend("k=0-k+1")
    it.replay()
    assert it.kept == [(1, 1, 1), (2, 1, LONG), (3, 2, 3)]


@pytest.mark.parametrize("other", [LONG, -LONG])
def test_a_fraction_is_refused_where_another_row_would_lose_digits(it: Place, other: int) -> None:
    it.read((1, 1, 1), (-1, 1, other), (-2, 2, 3))
    with pytest.raises(ExpressionError, match=f"lose digits of rows that are not to be changed, such as {other}"):
        it.mend("v=v*1.5", "k = -2")
    assert values(it) == {-1: str(other), -2: "3"}
    it.mend("v=cast(round(v*1.5) as bigint)", "k = -2")
    assert values(it) == {-1: str(other), -2: "5"}


def test_a_fraction_may_stand_beside_numbers_that_lose_nothing(it: Place) -> None:
    it.read((1, 1, 1), (-1, 1, LONG - 1), (-2, 2, 3))
    it.mend("v=v*1.5", "k = -2")
    assert values(it) == {-1: f"{LONG - 1}.0", -2: "4.5"}


def test_a_replay_cuts_no_fraction_off(it: Place) -> None:
    it.read((1, 1, 1), (-2, 2, 3))
    it.mend("v=v*1.5")
    it.mend("k=2")
    with pytest.raises(DataError, match="v is of type Int64 in the table, and of type Float64 in the rows set aside"):
        it.replay()
    it.mend("v=5.0")
    it.replay()
    assert it.kept == [(1, 1, 1), (2, 2, 5)]


def test_what_a_narrow_column_cannot_hold_is_said_and_asked_of_the_chosen_rows_alone(it: Place) -> None:
    edit(it.folder, "e.csv", "e.parquet")
    frame = pl.DataFrame({"k": [1, -1, -2], "t": [1, 1, 2], "v": [1, 100, 2]}, schema_overrides={"v": pl.Int8})
    frame.write_parquet(it.folder / "e.parquet")
    it.read()
    with pytest.raises(ExpressionError, match=r"v is of type Int8, and cannot hold what comes of it: v\*1000"):
        it.mend("v=v*1000")
    it.mend("v=v*50", "k = -2")
    assert values(it) == {-1: "100", -2: "100"}


@pytest.mark.parametrize("to", ["v=v*1e300", "v=1e30"])
def test_what_no_whole_number_is_makes_fractions_of_a_column_and_no_crash(it: Place, to: str) -> None:
    it.read((1, 1, 1), (-1, 1, LONG), (-2, 2, 3))
    with pytest.raises(ExpressionError, match="lose digits"):
        it.mend(to, "k = -2")
    it.mend(to)
    assert "3" not in values(it).values()
