"""Rows that repeat a secret: found in texts, bytes and lists, and nothing breaks on what holds none."""

from __future__ import annotations

import polars as pl
import pytest

from treadle.sources.echoes import echoed

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("c", [f"it is {SECRET}!", None]),
        pl.Series("c", [f"it is {SECRET}!".encode(), None]),
        pl.Series("c", [[SECRET], None]),
        pl.Series("c", [{"deep": [SECRET]}, None]),
    ],
    ids=["text", "bytes", "list", "nested"],
)
def test_a_secret_is_found_and_not_said(column: pl.Series) -> None:
    said = echoed(column.to_frame(), [SECRET])
    assert said.startswith("1 rows repeat a secret") and said.endswith("in the column c") and SECRET not in said


@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Binary, pl.List(pl.String), pl.Struct({"a": pl.String}), pl.Int64, pl.Null]
)
@pytest.mark.parametrize("rows", [0, 3], ids=["no rows", "all missing"])
def test_a_column_without_a_value_repeats_nothing(dtype: pl.DataType, rows: int) -> None:
    frame = pl.DataFrame({"c": pl.Series([None] * rows, dtype=dtype)})
    assert echoed(frame, [SECRET, "pass12"]) == "" == echoed(frame, [SECRET]) == echoed(frame, ["pass12"])


def test_a_name_is_looked_at_too() -> None:
    assert "the name of column 1" in echoed(pl.DataFrame({SECRET: [1]}), [SECRET])


def test_a_short_secret_is_a_whole_name_or_none() -> None:
    assert "the name of column 2" in echoed(pl.DataFrame({"n": [1], "pin7": [1]}), ["pin7"])
    assert not echoed(pl.DataFrame({"n": [1], "spin7s": [1]}), ["pin7"])


@pytest.mark.parametrize("values", [[1, 8675309123], [1.0, 8675309123.0]])
@pytest.mark.parametrize("secret", ["8675309123", "008675309123"])
def test_a_secret_of_digits_is_found_as_a_number(values: list[float], secret: str) -> None:
    said = echoed(pl.DataFrame({"h": values}), [secret])
    assert said == "1 rows repeat a secret that it is asked with, as a number in the column h"
    assert not echoed(pl.DataFrame({"h": [1, 8675309124, None]}), [secret])
    assert not echoed(pl.DataFrame({"h": [1, 8675]}), ["8675"])  # the number of many a row
