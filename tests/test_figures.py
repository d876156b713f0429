"""A value stands within its interval as it is shown, whatever its size, with digits that the interval allows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from treadle.figures import figure

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


def read(text: str) -> float:
    return float(text.replace(",", ""))


@given(st.lists(NUMBERS, min_size=3, max_size=3).map(sorted), st.booleans())
@example([0.99949, 0.99996, 1.0], False)
@example([2.5e-13, 3e-13, 4e-13], False)
@example([-1e-9, 0.0, 1e-9], True)
def test_a_value_within_its_interval_is_shown_within_it(numbers, signed):
    low, value, high = numbers
    shown = figure(value, low, high, signed=signed)
    assert read(shown.low) <= read(shown.value) <= read(shown.high)


@pytest.mark.parametrize(
    ("numbers", "whole"),
    [
        ((0.53534, 0.47889, 0.58861), "0.535 (0.479 to 0.589)"),
        ((0.99996, 0.99951, 1.0), "0.99996 (0.99951 to 1.00000)"),
        ((251342.7, 248120.2, 254810.9), "251,300 (248,100 to 254,800)"),
        ((12.345, 3.2, 21.9), "12.3 (3.2 to 21.9)"),
        ((-0.0004, -0.06, 0.05), "0.000 (-0.060 to 0.050)"),
        ((0.5, 0.5, 0.5), "0.5000 (the same in every resample)"),
        ((0.12345678, None, None), "0.1235 (no interval)"),
        ((251342.7, None, None), "251,343 (no interval)"),
        ((float("nan"), 0.1, 0.2), "– (no interval)"),
        ((0.0, None, None), "0.000 (no interval)"),
    ],
)
def test_digits_follow_the_width_of_the_interval(numbers, whole):
    assert figure(*numbers).whole == whole


def test_a_difference_has_its_sign_and_a_missing_interval_its_reason():
    assert figure(0.0123, -0.004, 0.03, signed=True).whole == "+0.012 (-0.004 to +0.030)"
    assert figure(1.0, why="every resample is perfect, 40 rows").whole == (
        "1.000 (no interval: every resample is perfect, 40 rows)"
    )
