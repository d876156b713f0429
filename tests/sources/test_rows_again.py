"""Rows of a file that is read again are known though a column is of another type, or there is one more."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from treadle.sources import unkept


def fresh(rows: pl.DataFrame, *kept: pl.DataFrame, again: list[bool] | None = None) -> list[bool]:
    may = pl.Series([True] * rows.height if again is None else again, dtype=pl.Boolean)
    return unkept(rows, kept, may).to_list()


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["-1.0", "soon"], [-1.0, 5.0]),
        ([" 007", "soon"], [7, 8]),
        (["1e3", "soon"], [1000.0, 0.5]),
        (["9007199254740993", "soon"], [9007199254740993, 9007199254740992]),
        (["TRUE", "maybe"], [True, False]),
        (["2024-01-31", "soon"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["31.01.2024", "soon"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["2024-01-31 08:00:00.5", "soon"], [datetime(2024, 1, 31, 8, 0, 0, 500_000), datetime(2025, 1, 1)]),
    ],
)  # fmt: skip
def test_values_are_known_beside_texts(texts: list[str], values: list[object]) -> None:
    one, other = pl.DataFrame({"n": [1, 2], "x": texts}), pl.DataFrame({"n": [1, 2], "x": values})
    assert fresh(other, one) == fresh(one, other) == [False, True]


def test_days_are_known_beside_times() -> None:
    days = pl.DataFrame({"x": [date(2024, 1, 31), date(2024, 2, 1)]})
    times = pl.DataFrame({"x": [datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 1, 8, tzinfo=UTC)]})
    assert fresh(days, times) == fresh(times, days) == [False, True]


def test_texts_are_told_apart_as_they_are_written() -> None:
    assert fresh(pl.DataFrame({"x": ["1", "1.0", "01"]}), pl.DataFrame({"x": ["1.0"]})) == [True, False, True]


def test_of_equal_rows_as_many_are_known_as_are_kept_whatever_they_lack() -> None:
    rows = pl.DataFrame({"x": [1, 1, 1, 1], "y": ["a", None, "b", "b"]})
    bare, odd = pl.DataFrame({"x": [1]}), pl.DataFrame({"x": ["1"], "y": ["b"]})
    assert fresh(rows) == [True] * 4
    assert fresh(rows, bare) == [True, False, True, True], "its very equal goes before one that has more"
    assert fresh(rows, bare, bare) == [False, False, True, True]
    assert fresh(rows, odd, bare) == [True, False, False, True]
    assert fresh(rows, odd, bare, again=[False, False, True, True]) == [True, True, False, False]
    assert fresh(rows, pl.DataFrame({"z": [1]})) == [True] * 4, "of rows without a column in common none is known"
    assert fresh(rows, bare, again=[False] * 4) == [True] * 4
