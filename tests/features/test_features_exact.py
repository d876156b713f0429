"""Sums, means and spreads of windows are the exact ones, rounded: held to fractions, on all data that spoils sums."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.features.events import Values
from treadle.features.state import History

LARGEST = 9.2e18
HUGE = float.fromhex("0x1.fffffffffffffp+1023")
Number = float | int | bool | None


# ---- the oracle


def nearest(exact: Fraction) -> float:
    """The float next to a fraction; infinite beyond the largest."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def root_within_an_ulp(found: float, square: Fraction) -> bool:
    step = Fraction(math.ulp(found))
    low, high = max(Fraction(found) - step, Fraction(0)), Fraction(found) + step
    return low * low <= square <= high * high


def hold(values: Sequence[Number], windows: Sequence[tuple[int, int]], history: History | None = None) -> None:
    """Batch and online are equal over these windows, and what the fractions say."""
    kind = float if any(type(v) is float for v in values) else int
    column = pl.Series(values, dtype=pl.Float64 if kind is float else pl.Int64)
    batch = Values(column)
    lo, hi = (np.array([w[i] for w in windows], dtype=np.int64) for i in (0, 1))
    count = batch.count_between(lo, hi)
    sums, means = batch.totals.sums(lo, hi).tolist(), batch.totals.means(lo, hi, count).tolist()
    spreads = batch.totals.spreads(lo, hi, count).tolist()
    wholes, fits = batch.totals.whole_sums(lo, hi) if kind is int else (lo, lo)
    online = history or told(values)
    for i, (first, end) in enumerate(windows):
        known = [Fraction(v) for v in values[first:end] if v is not None]
        assert online.count(0, first, end) == count[i] == len(known)
        if not known:
            continue
        total = sum(known, Fraction(0))
        assert online.total(0, first, end) == sums[i] == nearest(total)
        assert online.mean(0, first, end, len(known)) == means[i] == nearest(total / len(known))
        if kind is int:
            wanted = int(total) if abs(total) < LARGEST else None
            assert online.whole(0, first, end) == (int(wholes[i]) if fits[i] else None) == wanted
        spread = online.spread(0, first, end, len(known))
        if len(known) < 2:
            assert spread is None
            continue
        assert spread == spreads[i]
        square = (sum(x * x for x in known) - total * total / len(known)) / (len(known) - 1)
        assert spread is not None and (math.isinf(spread) or root_within_an_ulp(spread, square))
        assert not math.isinf(spread) or square > Fraction(HUGE) ** 2 * 99 / 100


def told(values: Sequence[Number]) -> History:
    made = History(1)
    for at, value in enumerate(values):
        made.put(at, "", (value,))
    return made


def some_windows(size: int, seed: int = 0, count: int = 40) -> list[tuple[int, int]]:
    draw = random.Random(seed)
    found = [(0, size), (0, 0), (size, size)]
    for _ in range(count):
        a, b = sorted((draw.randint(0, size), draw.randint(0, size)))
        found += [(a, b), (a, min(a + 3, size))]
    return found


# ---- data that spoils sums

DRAW = random.Random(7)
DATA: dict[str, list[Number]] = {
    "seconds since 1970": [1_700_000_000.0 + 65.0 * i + DRAW.random() for i in range(3000)],
    "whole seconds since 1970": [1_700_000_000 + 65 * i for i in range(3000)],
    "milliseconds since 1970": [1_700_000_000_000.0 + 65_000 * i + DRAW.randrange(900) for i in range(3000)],
    "whole numbers near 1e15": [10**15 + DRAW.randrange(100) for _ in range(3000)],
    "whole numbers near 2**53": [2**53 + DRAW.randrange(-5, 6) for _ in range(300)],
    "whole numbers near 2**63": [DRAW.choice((2**63 - 1, -(2**63), 2**62, -(2**62), 3, None)) for _ in range(300)],
    "huge and tiny": [1e200, 1e184, 1.0, -1e200, 1e-300, 5.0, -1e184, 3.0, 5e-324, -1.0, 2.0],
    "beyond the largest": [HUGE, HUGE, -HUGE, 1.0, -HUGE, -HUGE, HUGE, 3.0, 1e308, 1e308],
    "the smallest": [5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 0.0, -0.0, None, 3e-320],
    "very small": [1e-200 * DRAW.random() for _ in range(50)],
    "money": [round(DRAW.lognormvariate(3, 2), 2) for _ in range(3000)],
    "a huge value once": [1e17, *(float(i) for i in range(50)), 1e300, *(0.1 * i for i in range(50))],
    "all alike": [0.1] * 500,
    "quarters and NULLs": [DRAW.choice((0.25, -7.75, None, 12.5)) for _ in range(300)],
    "truth": [DRAW.choice((True, False, None)) for _ in range(300)],
    "ties of rounding": [float(2**53), 1.0, 1.0, 2.0**-1, 2.0**-53, -1.0, 2.0**-200, float(2**54), 3.0],
}


@pytest.mark.parametrize("name", DATA)
def test_what_spoils_running_sums_spoils_nothing(name: str) -> None:
    values = DATA[name]
    hold(values, some_windows(len(values)))


def test_the_spread_of_epoch_seconds_over_a_long_stream_is_right() -> None:
    draw = random.Random(1)
    for unit in (1, 1000):
        values = [unit * (1.7e9 + i * 0.5) for i in range(60_000)]
        lo, hi = np.array([59_936]), np.array([60_000])
        found = Values(pl.Series(values)).totals.spreads(lo, hi, hi - lo)[0]
        assert found == pytest.approx(unit * 0.5 * math.sqrt((64**2 - 1) / 12 * 64 / 63), rel=1e-12)
        hold(values[-2000:], [tuple(sorted((draw.randrange(2000), draw.randrange(2000)))) for _ in range(9)])


_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_SOME = st.one_of(
    _FLOATS,
    st.floats(-1e4, 1e4),
    st.sampled_from([1e200, -1e200, 1e184, 1.0, -1.0, 0.1, 5e-324, HUGE, -HUGE, 0.0, -0.0]),
    st.integers(-(10**15), 10**15).map(float),
    st.none(),
)
_WHOLE = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100), st.none())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(_SOME, min_size=1, max_size=30), st.lists(_WHOLE, min_size=1, max_size=30)))
def test_any_values_are_summed_exactly(values: list[Number]) -> None:
    hold(values, some_windows(len(values), count=8))


@settings(max_examples=100, deadline=None)
@given(st.lists(_SOME, min_size=2, max_size=20), st.data())
def test_a_history_that_was_changed_trimmed_and_read_again_sums_as_one_that_was_not(
    values: list[Number], data: st.DataObject
) -> None:
    """Asked in between, so that totals are there that must be made anew."""
    size = len(values)
    history = History(1)
    for at in data.draw(st.permutations(range(size))):
        history.put(at, "", (data.draw(_SOME),))
        history.spread(0, 0, len(history.known), history.count(0, 0, len(history.known)))
    for at in data.draw(st.permutations(range(size))):
        history.put(at, "", (values[at],))
        history.total(0, 0, len(history.known) // 2)
        history.count(0, 0, len(history.known))
    hold(values, some_windows(size, count=4), history)
    cut = data.draw(st.integers(0, size - 1))
    history.trim(cut)
    rest = values[cut:]
    hold(rest, some_windows(len(rest), count=4), history)
    hold(rest, some_windows(len(rest), count=4), History.unpacked(history.packed()))


def test_columns_of_every_width_take_every_way_to_the_same_answer() -> None:
    """From 64 bits by limbs to whole numbers of any size."""
    draw = random.Random(3)
    for wide in (1, 30, 60, 70, 100, 150, 250, 900):
        values: list[Any] = [math.ldexp(draw.random() - 0.5, -draw.randrange(wide)) for _ in range(200)]
        hold(values, some_windows(200, wide))
