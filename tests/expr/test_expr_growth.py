"""A text that grows without bounds is refused when the expression is read; what is not refused keeps to the bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import ExpressionError
from treadle.expr import Growth, growth, parse, row_function

TYPES: Any = {"s": "str", "u": "str", "i": "int", "a": "timestamp"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("repeat('x', 1000000000)", "1:1"),
        ("repeat(s, 1001)", "1:1"),
        ("length(repeat(repeat(s, 999), 999))", "1:8"),
        ("replace(s, 'a', '" + "x" * 1001 + "')", "1:1"),
        ("replace(replace(s, 'a', '" + "a" * 100 + "'), 'a', '" + "a" * 100 + "')", "1:1"),
        ("lpad(s, 100001, ' ')", "1:1"),
        ("rpad(s, 2000000000, 'ab')", "1:1"),
        ("length(repeat(s, 600) || repeat(u, 600))", "1:8"),
        ("coalesce(s, repeat(u, 1001))", "1:13"),
    ],
)
def test_a_text_that_grows_too_long_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ExpressionError, match=f"expression {place}: .* makes a text too long") as told:
        parse(text, TYPES)
    assert "1,000 times as long as a column" in str(told.value)


def test_what_stays_within_the_bound_is_allowed() -> None:
    assert row_function(parse("repeat(s, 1000)", TYPES))({"s": "ab"}) == "ab" * 1000
    assert row_function(parse("lpad(s, 100000, ' ')", TYPES))({"s": "a"}) == "a".rjust(100_000)
    assert row_function(parse("repeat(s, -1)", TYPES))({"s": "a"}) == ""


def test_a_column_that_an_expression_made_grows_on() -> None:
    """Row features stand on each other: doubled forty times, a letter fills the memory of the machine."""
    grown: dict[str, Growth] = {}
    with pytest.raises(ExpressionError, match="makes a text too long"):
        for number in range(40):
            before = f"v{number - 1}" if number else "s"
            found = parse(f"{before} || {before}", {"s": "str", before: "str"}, grown=grown)
            grown[f"v{number}"] = growth(found.tree, grown)
    assert number == 9, "2 ** 10 is more than 1,000"


_TEXTS = st.recursive(
    st.sampled_from(["s", "u", "'ab'", "''", "cast(i as varchar)", "cast(a as varchar)"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"concat({two[0]}, i, {two[1]}, a)"),
        st.tuples(inner, st.integers(-1, 5)).map(lambda two: f"repeat({two[0]}, {two[1]})"),
        st.tuples(inner, st.sampled_from(["a", "ab", ""]), st.text("ab", max_size=5)).map(
            lambda three: f"replace({three[0]}, '{three[1]}', '{three[2]}')"
        ),
        st.tuples(inner, st.integers(0, 30)).map(lambda two: f"lpad({two[0]}, {two[1]}, 'xy')"),
        inner.map(lambda one: f"regexp_replace({one}, 'a*', 'abc')"),
        st.tuples(inner, inner).map(lambda two: f"coalesce(nullif({two[0]}, 'a'), {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"case when i > 0 then {two[0]} else greatest({two[1]}, s) end"),
        inner.map(lambda one: f"trim(reverse(left({one}, 20)))"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.text("ab ", max_size=9), st.text("ab", max_size=9), st.integers(-(2**63), 2**63 - 1))
def test_no_text_is_longer_than_its_growth_says(text: str, s: str, u: str, i: int) -> None:
    from datetime import UTC, datetime

    try:
        found = parse(text, TYPES)
    except ExpressionError as refused:
        assert "too long" in str(refused)
        return
    value = row_function(found)({"s": s, "u": u, "i": i, "a": datetime(2024, 1, 1, 1, 1, 1, 123456, tzinfo=UTC)})
    most = growth(found.tree, {})
    assert value is None or len(value) <= most.times * max(len(s), len(u)) + most.more
