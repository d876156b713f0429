"""Each question comes from something in the table, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from treadle.profiling import Asked, profile
from treadle.profiling.wording import facts

ROWS = 200
BASE = {"id": list(range(ROWS))}
ODD = {
    "empty in every row": {"x": [None] * ROWS},
    "does that mean unknown": {"x": [None if n % 2 else n for n in range(ROWS)]},
    "can it be anything else": {"x": ["same"] * ROWS},
    "a sign for a missing one": {"x": [-999.0 if n % 5 == 0 else float(n) for n in range(ROWS)]},
    "below zero": {"x": [-1 if n == 3 else n for n in range(ROWS)]},
    "begin or end with a blank": {"x": ["a ", "a", "b", "c"] * (ROWS // 4)},
    "is that a default": {"x": ["no"] * (ROWS - 4) + ["a", "b", "c", "d"]},
    "1 NaN and 0 infinite": {"x": [float("nan"), *map(float, range(ROWS - 1))]},
    "may it be used": {"x": ["ada@example.org"] * ROWS},
    "In which units": {"x": [n * 1.37 for n in range(ROWS)]},
    "has a gap of 100 days": {
        "x": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n + (2400 if n > 99 else 0)) for n in range(ROWS)]
    },
    "equal in every row": {"x": [n % 9 for n in range(ROWS)], "y": [n % 9 for n in range(ROWS)]},
}


def asked(frame: pl.DataFrame) -> list[str]:
    return profile(frame.lazy(), Asked("t")).questions


def test_a_plain_table_makes_nobody_ask() -> None:
    assert asked(pl.DataFrame(BASE | {"kind": ["a", "b", "c", "d"] * (ROWS // 4)})) == []


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_is_asked_about(what: str) -> None:
    found = asked(pl.DataFrame(BASE | ODD[what]))
    assert any(what in question for question in found), found


def test_rows_that_come_twice_come_first() -> None:
    frame = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "x", None]})
    assert asked(frame)[0].startswith("1 of 3 rows equal another row")


def test_there_are_never_too_many() -> None:
    frame = pl.DataFrame({f"c{n}": ["same"] * 3 for n in range(300)})
    found = asked(frame)
    assert len(found) == 26 and "more of the same kinds" in found[-1]


def test_a_key_that_the_project_states_is_not_asked_for() -> None:
    frame = pl.DataFrame(BASE | {"nr": [n + 7 for n in range(ROWS)]}).lazy()
    assert any("which of them is the key" in each for each in profile(frame, Asked("t")).questions)
    assert profile(frame, Asked("t", key=("nr",))).questions == []


def test_large_whole_numbers_are_written_with_all_digits() -> None:
    frame = pl.DataFrame({"x": [1660020000.0 + 1.5 * n for n in range(ROWS)]}).lazy()
    found = profile(frame, Asked("t"))
    assert "x (1,660,020,000 to 1,660,020,298)" in found.questions[-1]
    assert ("range", "1,660,020,000 to 1,660,020,298") in facts(found.columns[0])
    assert "e+" not in str(facts(found.columns[0]))
