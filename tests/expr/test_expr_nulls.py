"""What NULL, NaN and types of columns mean: written out, and equal in Polars, row and DuckDB."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from oracle import COLUMNS, Oracle

from treadle.expr import column_types, parse, row_function, to_polars

ROW: dict[str, Any] = {
    "i": 3, "j": None, "f": 0.5, "g": None, "s": "ab", "u": None, "p": True, "q": None,
    "d": date(2016, 2, 29), "e": None, "a": datetime(2016, 2, 29, 12, tzinfo=UTC), "b": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle([ROW])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("q and false", False),
        ("q and true", None),
        ("false and q", False),
        ("q or true", True),
        ("q or false", None),
        ("not q", None),
        ("q and q", None),
        ("j = j", None),
        ("j <> 1", None),
        ("j = null", None),
        ("null = null", None),
        ("j is null", True),
        ("i is null", False),
        ("j is not null", False),
        ("j is distinct from null", False),
        ("j is distinct from i", True),
        ("j is not distinct from null", True),
        ("q is true", False),
        ("q is not true", True),
        ("i in (3, null)", True),
        ("i in (4, null)", None),
        ("i not in (4, null)", None),
        ("i not in (3, null)", False),
        ("j in (3)", None),
        ("i between 1 and j", None),
        ("i between 4 and j", False),
        ("i not between 4 and j", True),
        ("j between 1 and 2", None),
        ("i + j", None),
        ("i / 0", None),
        ("i // 0", None),
        ("i % 0", None),
        ("f / 0.0", None),
        ("sqrt(-f)", None),
        ("ln(i - 3)", None),
        ("exp(1000 * i)", None),
        ("power(-8, f)", None),
        ("9000000000000000000 * i", None),
        ("case when q then 1 else 2 end", 2),
        ("case when q then 1 end", None),
        ("case j when null then 1 else 2 end", 2),
        ("coalesce(j, null, i)", 3),
        ("nullif(i, 3)", None),
        ("nullif(i, j)", 3),
        ("nullif(j, j)", None),
        ("greatest(j, i, 2)", 3),
        ("least(j, null)", None),
        ("s || u", None),
        ("concat(s, u, i)", "ab3"),
        ("concat(u)", ""),
        ("u like '%'", None),
        ("u = ''", None),
        ("length(u)", None),
        ("b + interval '1 hour'", None),
        ("minutes_between(a, b)", None),
        ("make_date(2015, 2, 29)", None),
        ("cast(u as int)", None),
        ("cast('x' || s as int)", None),
        ("cast('1.5' || left(s, 0) as int)", None),
        ("cast('2015-02-29' || left(s, 0) as date)", None),
    ],
)
def test_null_is_neither_true_nor_equal(text: str, value: object, oracle: Oracle) -> None:
    oracle.agree(text)
    assert row_function(parse(text, COLUMNS))(ROW) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("round(2.5)", 3.0),
        ("round(-2.5)", -3.0),
        ("round(0.49999999999999994)", 0.0),
        ("round(1234, -2)", 1200),
        ("round(0.285, 2)", 0.28),
        ("cast(2.5 as int)", 2),
        ("cast(3.5 as int)", 4),
        ("7 / 2", 3.5),
        ("-7 // 2", -3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("log10(1000)", 3.0),
        ("log2(8)", 3.0),
        ("-2 ^ 2", 4.0),
        ("weekday(date '2016-02-29')", 0),
        ("week(date '2016-01-03')", 53),
        ("date_trunc('week', timestamp '2016-03-02 05:00:00')", datetime(2016, 2, 29, tzinfo=UTC)),
        ("date '2016-02-29' + interval '36 hours'", datetime(2016, 3, 1, 12, tzinfo=UTC)),
        ("minutes_between(timestamp '2016-02-29 12:00:00', timestamp '2016-02-29 11:59:30')", -0.5),
        ("date '2016-02-29' = timestamp '2016-02-29 00:00:00'", True),
        ("substring('abc', -2, 1)", "b"),
        ("substring('abc', 2, -1)", ""),
        ("split_part('a,b', ',', 9)", ""),
        ("strpos('abc', 'z')", 0),
        ("regexp_replace('a1b1', '\\d', '$1')", "a$1b1"),
        ("'Ä' ilike 'ä'", True),
        ("length('日本')", 2),
        ("cast('yes' as bool)", True),
        ("cast(' 12 ' as int)", 12),
        ("cast('1_000' as int)", None),
        ("cast('2016-02-29 05:00' as date)", None),
    ],
)
def test_a_meaning_that_could_have_been_another(text: str, value: object, oracle: Oracle) -> None:
    text = text.replace("cast('", "cast('' || '") if text.startswith("cast('") else text  # no constant, so no refusal
    oracle.agree(text)
    assert row_function(parse(text, COLUMNS))(ROW) == value


def test_a_column_that_is_known_to_be_finite_is_not_looked_at_again() -> None:
    found = parse("f > g", COLUMNS)
    assert str(to_polars(found)).count("is_finite") == 2 and str(to_polars(found, {"f"})).count("is_finite") == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_null(value: float) -> None:
    frame = pl.DataFrame({"f": [value]})
    for text, wanted in [("f", None), ("f is null", True), ("coalesce(f, 1)", 1.0), ("f > 0", None), ("f + 1", None)]:
        found = parse(text, column_types(frame))
        assert frame.select(to_polars(found)).item() == wanted
        assert row_function(found)({"f": value}) == wanted


def test_text_that_grows_when_its_case_changes_is_equal_in_batch_and_online() -> None:
    # apart, since databases change these letters each in its own way
    texts = ["ß", "İ", "ΑΣ", "ǆ", "e\u0301", "ﬁ", "ſ", "K"]
    frame = pl.DataFrame({"s": texts})
    for text in ("lower(s)", "upper(s)", "reverse(s)", "length(s)", "s ilike 'ss'", "s ilike '_'", "s ilike 'k'"):
        found = parse(text, {"s": "str"})
        assert frame.select(x=to_polars(found))["x"].to_list() == [row_function(found)({"s": s}) for s in texts], text


@pytest.mark.parametrize(
    ("dtype", "values", "text", "wanted"),
    [
        (pl.Categorical(), ["b", "A"], "lower(s) || s", ["bb", "aA"]),
        (pl.Enum(["b", "a"]), ["b", "a"], "s > 'a'", [True, False]),
        (pl.Float32(), [1.5, math.nan], "s + 1", [2.5, None]),
        (pl.Decimal(10, 2), ["1.5", "2"], "s / 2", [0.75, 1.0]),
        (pl.Int8(), [100, -100], "s * 2", [200, -200]),
        (pl.UInt32(), [0, 7], "s - 5", [-5, 2]),
        (pl.Datetime("ns"), [datetime(2016, 1, 1)] * 2, "date_trunc('day', s)", [datetime(2016, 1, 1, tzinfo=UTC)] * 2),
        (pl.Datetime("ms", "Asia/Tokyo"), [datetime(2016, 1, 1)] * 2, "hour(s)", [0, 0]),
    ],
)
def test_columns_of_any_width_are_read_as_one_type(
    dtype: pl.DataType, values: list[Any], text: str, wanted: list[Any]
) -> None:
    frame = pl.DataFrame({"s": pl.Series(values).cast(dtype)})
    assert frame.select(x=to_polars(parse(text, column_types(frame))))["x"].to_list() == wanted


def test_a_column_of_a_type_that_the_language_lacks_is_not_there() -> None:
    assert column_types(pl.DataFrame({"list": [[1]], "time": [None], "i": [1]})) == {"i": "int"}
