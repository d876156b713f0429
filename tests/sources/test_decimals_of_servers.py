"""Decimals come as text, in parts, and are told apart as decimals of files are."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.address import Address
from treadle.sources.databases import gathered
from treadle.sources.decimals import as_written
from treadle.sources.reader import Wanted
from treadle.spec import Layout

NUMBERS = st.decimals(min_value=-(10**19), max_value=10**19, places=3) | st.integers(-(2**60), 2**60).map(Decimal)
WANTED = Wanted(Address("sqlite:x.db", ""), "sqlite:x.db", Path(), Layout())
CUTS = st.lists(st.lists(NUMBERS | st.none(), min_size=1, max_size=6), min_size=1, max_size=4)


@given(CUTS)
def test_however_parts_are_cut_no_value_becomes_another(cuts: list[list[Decimal | None]]) -> None:
    written = [[None if each is None else f"{each:f}" for each in cut] for cut in cuts]
    parts = [pl.DataFrame([as_written(pl.Series("x", cut, dtype=pl.String))]) for cut in written]
    frame = gathered(iter(parts), WANTED).frame
    values = [each for cut in cuts for each in cut]
    assert frame["x"].n_unique() == len(set(values))
    for value, kept in zip(values, frame["x"].to_list(), strict=True):
        assert (value is None) == (kept is None)
        if value is not None:
            assert Decimal(str(kept)) == value or abs(Decimal(kept) - value) <= abs(value) * Decimal(2) ** -53


FAR, WIDE = "1" + "0" * 29 + ".5", "12345678901234567890123456789012345"


@pytest.mark.parametrize(
    ("cuts", "values"),
    [
        ([["1.5", "2.25"]], [1.5, 2.25]),
        ([["0.25", None], ["0.5"]], [0.25, None, 0.5]),
        ([["-Infinity", "7"], ["0.5"]], [float("-inf"), 7.0, 0.5]),
        # together of more digits than a decimal has: nothing goes missing, and no digit of a fraction
        ([[FAR, "0.123456789012"]], [1e29, 0.123456789012]),
        ([[FAR], ["0.123456789012"]], [1e29, 0.123456789012]),
        ([[FAR, "0.123456789012"], ["0.25"]], [1e29, 0.123456789012, 0.25]),
        ([["9223372036854775808"], ["0.5"]], [2.0**63, 0.5]),
        # of as many digits as a decimal has at most, no two become one
        ([[f"{WIDE}.125", f"{WIDE}.126"]], [f"{WIDE}.125", f"{WIDE}.126"]),
        ([[f"0.{'1' * 38}", f"0.{'1' * 37}2"]], [f"0.{'1' * 38}", f"0.{'1' * 37}2"]),
        # a fraction that is none leaves whole numbers whole
        ([["9007199254740993"], ["7.00"], ["9007199254740992"]], [2**53 + 1, 7, 2**53]),
        ([["-9007199254740993.125", "-9007199254740993.250"]], ["-9007199254740993.125", "-9007199254740993.250"]),
    ],
)
def test_what_decimals_are_together(cuts: list[list[str | None]], values: list[object]) -> None:
    parts = [pl.DataFrame([as_written(pl.Series("x", cut, dtype=pl.String))]) for cut in cuts]
    assert gathered(iter(parts), WANTED).frame["x"].to_list() == values


@pytest.mark.parametrize(
    ("parts", "values"),
    [
        ([[None], [2**53 + 1], [7.0]], [None, 2**53 + 1, 7]),
        ([[None], [2**53 + 1], [0.5]], [None, str(2**53 + 1), "0.5"]),
        ([[7.0, 0.5], [None], ["a"]], ["7", "0.5", None, "a"]),
    ],
)
def test_what_parts_of_several_types_are_together(parts: list[list[object]], values: list[object]) -> None:
    frames = [pl.DataFrame({"x": part}) for part in parts]
    assert gathered(iter(frames), WANTED).frame["x"].to_list() == values


WRITTEN = [
    "NaN",
    "9007199254740993",
    "9007199254740992",
    "0.5",
    "0.50",
    "7",
    "7.00",
    FAR,
    "0.123456789012",
    "1" * 40,
    None,
]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=8), st.sets(st.integers(1, 7)))
def test_where_parts_are_cut_does_not_tell_what_values_are(written: list[str | None], cuts: set[int]) -> None:
    def together(ends: list[int]) -> pl.DataFrame:
        cut = [written[start:end] for start, end in pairwise([0, *ends, len(written)])]
        parts = (pl.DataFrame([as_written(pl.Series("x", each, dtype=pl.String))]) for each in cut)
        return gathered(parts, WANTED).frame

    assert together(sorted(each for each in cuts if each < len(written))).equals(together([]), null_equal=True)


def test_beside_what_is_no_number_no_two_become_one() -> None:
    far = ["9007199254740993", "9007199254740992"]
    for odd in (["NaN"], ["1" + "0" * 25, "0.1234567890123456"]):
        for cuts in ([[*far, *odd]], [far, odd], [[*far, "0.5"], odd], [[*odd, far[0]], far[1:]]):
            parts = [pl.DataFrame([as_written(pl.Series("x", cut))]) for cut in cuts]
            assert gathered(iter(parts), WANTED).frame["x"].n_unique() == sum(map(len, cuts)), cuts
