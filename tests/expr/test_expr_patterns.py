"""Patterns: batch and online agree on any pattern and text, and neither takes longer than the text is long."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import ExpressionError
from treadle.expr import parse, row_function, to_polars

TYPES: Any = {"s": "str"}


def both(text: str, values: list[str | None]) -> list[Any]:
    """What batch and online give; equal, of one type."""
    found = parse(text, TYPES)
    function = row_function(found)
    online = [function({"s": value}) for value in values]
    batch = pl.DataFrame({"s": pl.Series(values, dtype=pl.String)}).select(to_polars(found).alias("x"))["x"].to_list()
    wrong = [(v, b, o) for v, b, o in zip(values, batch, online, strict=True) if b != o or type(b) is not type(o)]
    assert not wrong, f"{text}: {wrong}"
    return online


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def soon() -> Iterator[None]:
    """Trips only on work that grows faster than the text."""

    def late(*_: Any) -> None:
        raise TimeoutError("it grows faster than the text")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ("s like '%a%a%a%a%a%a%a%a%a%b'", "a" * 20_000, False),
        ("s ilike '%A%a%A%a%a%a%a%a%a%b'", "a" * 20_000, False),
        ("s like '%_a_%_a_%_a_%_a_%_a_%b'", "a" * 20_000, False),
        ("regexp_matches(s, '^(a+)+$')", "a" * 60 + "!", False),
        ("regexp_matches(s, '(a|a|aa)+b')", "a" * 20_000, False),
        ("regexp_matches(s, '(.*,){11}P')", "1," * 5_000, False),
        ("regexp_replace(s, '^(a|aa)+$', 'x')", "a" * 60 + "!", "a" * 60 + "!"),
        ("regexp_extract(s, '((a*)*)*b')", "a" * 5_000, ""),
        ("cast(s as double)", "1" * 300_000 + "x", None),
        ("cast(s as double)", "1" * 300_000, None),
        ("cast(s as bigint)", "1" * 300_000, None),
        ("cast(s as bigint)", " " * 300_000 + "x", None),
        ("cast(s as date)", " " * 300_000 + "x", None),
        ("split_part(s, ',', -1)", "a," * 300_000, ""),
        ("replace(s, 'aa', 'b')", "a" * 300_001, "b" * 150_000 + "a"),
        ("strpos(s, 'aaaaaaaab')", "a" * 300_000, 0),
    ],
)
def test_no_text_takes_longer_than_it_is_long(text: str, value: str, wanted: Any) -> None:
    with soon():
        assert both(text, [value]) == [wanted]


# ---- any pattern over any text

_LETTERS = st.sampled_from(
    [*"aAbBkKsSß_09 .-,!\n\t\r\x0b\x00éÉİıςσΣ日😀", "\u0301", "\u212a", "\u017f", "\u2028", "\u00a0", "\x85"]
)
_TEXTS = st.one_of(st.none(), st.text(_LETTERS, max_size=8), st.text(max_size=5))
_ATOMS = st.one_of(
    st.sampled_from([*"abAksé日😀ß_ -,!", "\n"]),
    st.sampled_from(
        [".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", "^", "$", r"\A", r"\z", r"\.", r"\n", r"\x41", r"\B"]
    ),
    st.sampled_from(
        ["[a-c]", "[^a]", "[^a-z日]", r"[\d_]", r"[^\s\W]", "[[:alpha:]]", "[]a]", "[^]a]", "[a&&b]", "[-a]", r"[\]\\]"]
    ),
    st.sampled_from(["(?i)", "(?s)", "(?m)", "(?i:k)", "(?s:.)", "(?-i)", "(?P<n>a)", "(?=a)", r"\1"]),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    )


_PATTERNS = st.recursive(_ATOMS, _larger, max_leaves=7)


@settings(max_examples=500, deadline=None)
@given(_PATTERNS, st.lists(_TEXTS, min_size=1, max_size=12))
def test_any_pattern_finds_the_same_in_batch_and_online(pattern: str, texts: list[str | None]) -> None:
    try:
        parse(f"regexp_matches(s, {quoted(pattern)})", TYPES)
    except ExpressionError as refused:
        assert "is no pattern" in str(refused)
        return
    both(f"regexp_matches(s, {quoted(pattern)})", texts)
    both(f"regexp_replace(s, {quoted(pattern)}, '<$1>')", texts)
    for group in range(pattern.count("(") - pattern.count("(?") + 1):
        both(f"regexp_extract(s, {quoted(pattern)}, {group})", texts)


_LIKES = st.text(st.one_of(st.sampled_from("%%__aAbBé日ßİ\n.*+?()[]{}|^$\\#&-~"), _LETTERS), max_size=10)


@settings(max_examples=300, deadline=None)
@given(_LIKES, st.lists(_TEXTS, min_size=1, max_size=12))
def test_any_like_finds_the_same_in_batch_and_online(like: str, texts: list[str | None]) -> None:
    for word in ("like", "ilike"):
        both(f"s {word} {quoted(like)}", [*texts, like, like.replace("%", "xy").replace("_", "z")])


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\B", r"\B is not available"),
        ("(?=a)", "look-around"),
        (r"(a)\1", "is not available"),
        ("a{1001}", "repetition"),
        ("((a{100}){100}){100}", "repetition"),
        ("a**", "follows another"),
        ("(", "missing"),
        ("[b-a]", "range"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_with_its_place(pattern: str, why: str) -> None:
    with pytest.raises(ExpressionError, match=r"1:6: .* is no pattern") as told:
        parse(f"not (regexp_matches(s, {quoted(pattern)}))", TYPES)
    assert why in str(told.value)


def test_a_like_is_not_longer_than_both_engines_take() -> None:
    assert both(f"s like '{'_' * 1000}'", ["a" * 1000, "a" * 999]) == [True, False]
    with pytest.raises(ExpressionError, match="has 1,000 characters at most, found 1,001"):
        parse(f"s like '{'_' * 1001}'", TYPES)
