"""A verdict by an interval and a margin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from treadle.scoring.bootstrap import Interval
from treadle.scoring.margins import beyond

NUMBERS = st.floats(-2, 2, allow_nan=False)
TURNED = {"first": "second", "second": "first", "same": "same", "untold": "untold"}


def test_no_bounds_tell_nothing() -> None:
    assert beyond(Interval(0.4, None, None), 0.1) == "untold"


def test_what_touches_the_margin_is_not_beyond_it() -> None:
    assert beyond(Interval(0.2, 0.1, 0.3), 0.1) == "untold"
    assert beyond(Interval(0.2, 0.11, 0.3), 0.1) == "first"
    assert beyond(Interval(-0.2, -0.3, -0.11), 0.1) == "second"
    assert beyond(Interval(0.0, -0.1, 0.1), 0.1) == "same"


def test_a_gain_that_is_surely_there_and_surely_too_small_is_no_difference() -> None:
    assert beyond(Interval(0.02, 0.01, 0.03), 0.05) == "same"


@given(NUMBERS, NUMBERS, st.floats(0, 1))
def test_who_is_called_first_decides_nothing(one: float, other: float, margin: float) -> None:
    low, high = sorted((one, other))
    said, turned = beyond(Interval(0.0, low, high), margin), beyond(Interval(0.0, -high, -low), margin)
    assert turned == TURNED[said]


@given(NUMBERS, NUMBERS, st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_makes_no_winner(one: float, other: float, margin: float, more: float) -> None:
    low, high = sorted((one, other))
    before, after = (beyond(Interval(0.0, low, high), each) for each in (margin, margin + more))
    if after in ("first", "second"):
        assert before == after
    if before == "same":
        assert after == "same"


def test_of_two_that_are_alike_about_one_in_forty_wins_by_chance() -> None:
    """By simulated normal gains: an interval of 95 % lies wholly above zero 2.5 times in 100."""
    drawn = np.random.default_rng(3).normal(0, 1, 20_000)
    won = sum(beyond(Interval(x, x - 1.96, x + 1.96), 0.0) == "first" for x in drawn)
    assert 400 <= won <= 600
