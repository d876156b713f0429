"""Rows of a file that is read again are known though a column is of another type, or there is one more."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from treadle.sources import Batch, Before, as_they_came, merged, unkept
from treadle.spec import New

NEW = New(when_changed="read")


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


def test_the_very_equal_goes_first_whatever_the_columns_of_others() -> None:
    rows = pl.DataFrame({"x": [5, 5, 5], "y": ["a", "a", "b"], "z": [None, 1, None]}, schema_overrides={"z": pl.Int64})
    one, two = pl.DataFrame({"x": [5]}), pl.DataFrame({"x": [5], "y": ["a"]})
    assert fresh(rows, one, two) == fresh(rows, two, one) == [False, False, True]
    assert fresh(rows, one, two, two) == [False, False, False], "then what has most columns"


def test_a_row_came_with_the_columns_that_had_a_value_by_then() -> None:
    table = pl.DataFrame(
        {"n": [None, 2, None, None], "x": [5, None, 6, 7], "y": [None, None, "a", None], "z": [None] * 4}
    )
    parts = as_they_came(table, table["n"].is_null())
    assert [(each.columns, each["x"].to_list()) for each in parts] == [(["x"], [5]), (["n", "x", "y"], [6, 7])]
    assert as_they_came(table.clear(), pl.Series([], dtype=pl.Boolean)) == []
    bare = as_they_came(pl.DataFrame({"n": [None, None]}), pl.Series([True, True]))
    assert [each.shape for each in bare] == [(2, 1)], "rows without any value are rows"


def test_a_row_without_a_key_stands_once_however_often_its_file_is_read_after_it_gained_a_column() -> None:
    def put(kept: pl.DataFrame, text: str) -> pl.DataFrame:
        rows = pl.read_csv(text.encode())
        of_file = Batch(rows, None, pl.Series([True] * rows.height))
        found = merged(Before(kept.schema, lambda columns: kept.select(columns or pl.all())), of_file, ("n",), NEW, "")
        return found.rows if found.whole else pl.concat([kept, found.rows], how="diagonal")

    kept = pl.read_csv(b"n,x\n1,1\n,5\n")
    for more, rows in (("", 2), ("2,2,red\n", 3), (",5,blue\n", 4)):
        kept = put(kept, "n,x,colour\n1,1,red\n,5,red\n" + more)
        assert kept.height == rows
