"""What is said of casts and of text in docs/expr.md."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import ExpressionError
from treadle.expr import parse, row_function, to_polars, to_sql

TYPES: Any = {"s": "str", "d": "date"}


def both(text: str, value: str | None) -> Any:
    found = parse(text, TYPES)
    online = row_function(found)({"s": value, "d": None})
    frame = pl.DataFrame({"s": [value], "d": [None]}, schema={"s": pl.String, "d": pl.Date})
    batch = frame.with_columns(to_polars(found).alias("x"))["x"][0]
    assert batch == online and type(batch) is type(online)
    return online


@pytest.mark.parametrize("kind", ["date", "timestamp", "int", "double", "boolean"])
@pytest.mark.parametrize("wrong", ["X", "", "2024-02-30", "2024-01-01 25:00:00", "１２"])
def test_try_cast_gives_null_for_what_cannot_be_cast_constant_or_not(kind: str, wrong: str) -> None:
    assert both(f"try_cast(s as {kind})", wrong) is None
    assert both(f"try_cast('{wrong}' as {kind})", None) is None
    assert both(f"coalesce(try_cast('{wrong}' as {kind}), try_cast(s as {kind})) is null", wrong) is True
    found = parse(f"try_cast('{wrong}' as {kind})", TYPES)
    assert duckdb.connect().execute(f"select {to_sql(found)}").fetchall() == [(None,)]


@pytest.mark.parametrize("text", ["cast('X' as date)", "date 'X'", "timestamp '2024-02-30'", "'X'::date"])
def test_a_constant_that_is_no_time_is_a_mistake_of_whoever_wrote_it(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"is no (date|timestamp)"):
        parse(text, TYPES)


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        st.one_of(st.sampled_from("aé\u0301\u200d👨👩🇩🇪\r\n日"), st.characters(exclude_categories=("Cs",))), max_size=6
    )
)
def test_reverse_is_by_characters_in_both_paths(text: str) -> None:
    assert both("reverse(s)", text) == text[::-1]


def test_reverse_differs_from_duckdb_where_the_page_says_so() -> None:
    """DuckDB keeps together what looks like one letter."""
    text = "xe\u0301y"
    assert both("reverse(s)", text) == "y\u0301ex"
    assert duckdb.connect().execute("select reverse(?)", [text]).fetchall() == [("ye\u0301x",)]
    assert duckdb.connect().execute("select reverse(?)", ["xéy"]).fetchall() == [(both("reverse(s)", "xéy"),)]
