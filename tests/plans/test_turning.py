"""The number of decisions from which on another way is the cheapest: of all that there are, on either side."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.plans.buying import turning


def test_the_turning_point_is_of_whichever_is_the_cheapest_next_and_not_of_the_second_now():
    """At 100: ours 110, the second 115, the third 116. 10 + v = 106 + 0.1 v at 106.7, = 140 + 0.1 v at 144.4; the
    second, = 65 + 0.5 v, not before 110. Below, 10 + v = 3 v at 5, and = 2 v at 10: 10 comes first."""
    lines = [("ours", 10.0, 1.0), ("second", 65.0, 0.5), ("third", 106.0, 0.1), ("fourth", 140.0, 0.1),
             ("rule", 0.0, 3.0), ("other rule", 0.0, 2.0)]  # fmt: skip
    assert turning(lines, 100) == [
        "10 decisions a month or fewer: then other rule", "107 decisions a month or more: then third",
    ]  # fmt: skip
    assert turning([("ours", 10.0, 1.0), ("as steep", 11.0, 1.0)], 100) == []
    assert turning([("ours", 0.0, 1.0), ("dearer", 5.0, 2.0)], 100) == [], "not even of none"


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), min_size=2, max_size=8), st.integers(1, 200))
@settings(max_examples=50)
def test_beyond_the_turning_points_the_named_is_the_cheapest_and_between_them_the_advised(ways, now):
    lines = sorted(((f"w{n}", float(a), float(b)) for n, (a, b) in enumerate(ways)), key=lambda w: w[1] + w[2] * now)

    def costs(volume: float, name: str) -> float:
        return next(fixed + each * volume for known, fixed, each in lines if known == name)

    def least(volume: float) -> float:
        return min(costs(volume, name) for name, _, _ in lines)

    best, ends = lines[0][0], {"fewer": 0.0, "more": 1e4}
    for said in turning(lines, now):
        number, way, name = re.fullmatch(r"([\d,]+) decisions a month or (\w+): then (.+)", said).groups()
        ends[way] = float(number.replace(",", ""))
        beyond = max(ends[way] + (-0.51 if way == "fewer" else 0.51), 0.0)
        assert costs(beyond, name) <= costs(beyond, best)
    for volume in np.linspace(ends["fewer"] + 0.51, ends["more"] - 0.51, 7):
        if ends["fewer"] + 0.51 <= volume <= ends["more"] - 0.51:
            assert costs(volume, best) == pytest.approx(least(volume))
