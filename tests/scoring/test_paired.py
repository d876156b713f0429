"""Two models on the same rows: the difference is scikit-learn's, its interval that of the differences, draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from treadle.scoring.bootstrap import draws
from treadle.scoring.over_served import OverServed
from treadle.scoring.paired import Answers, Paired, paired

ORACLES = {
    "average_precision": oracle.average_precision_score,
    "roc_auc": oracle.roc_auc_score,
    "log_loss": oracle.log_loss,
    "brier": oracle.brier_score_loss,
}


def rows(n: int = 120, seed: int = 1) -> tuple[np.ndarray, Answers, Answers, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(n) < 0.4).astype(float)
    good, poor = (np.clip(0.5 + pull * (y - 0.5) + random.normal(0, 0.25, n), 0.01, 0.99) for pull in (0.6, 0.2))
    return y, Answers(good, 0.4), Answers(poor, 0.6), random.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("metric", sorted(ORACLES))
@pytest.mark.parametrize("weighs", [False, True])
def test_the_difference_is_scikit_learns_on_the_same_rows_and_weights(metric: str, weighs: bool) -> None:
    y, ours, theirs, weight = rows()
    weight = weight if weighs else np.ones(len(y))
    draw = draws(y, None, weight=weight)
    found = paired(metric, y, ours, theirs, draw, 60)
    sign = -1 if metric in ("log_loss", "brier") else 1

    def gain(w: np.ndarray) -> float:
        one, other = (ORACLES[metric](y, told.p, sample_weight=w) for told in (ours, theirs))
        return sign * (one - other)

    assert found.gain.value == pytest.approx(gain(weight)) and found.gain.value > 0
    each = [gain(draw(number)) for number in range(60)]
    low, high = np.quantile(each, (0.025, 0.975))
    assert found.gain.low <= low and found.gain.high >= high, "widened by Student's t, never narrowed"
    wide = (found.gain.high - found.gain.low) / (high - low)
    assert 1 <= wide < 1.1


def test_each_decides_by_its_own_rule() -> None:
    """As a server would: the served version by its own threshold, also where that is another."""
    y, ours, theirs, _ = rows()
    found = paired("accuracy", y, ours, theirs, draws(y, None), 40)
    assert found.ours.value == oracle.accuracy_score(y, ours.p >= 0.4)
    assert found.theirs.value == oracle.accuracy_score(y, theirs.p >= 0.6)


def test_the_interval_of_the_gain_is_narrower_than_the_two_values_allow() -> None:
    """What both find hard is hard for both: that is no doubt about which is better."""
    y, ours, _, _ = rows(400)
    found = paired("brier", y, ours, Answers(np.clip(ours.p + 0.05, 0, 1), 0.4), draws(y, None), 200)
    apart = np.hypot(*(each.high - each.low for each in (found.ours, found.theirs)))
    assert found.gain.high - found.gain.low < apart / 2


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), min_size=8, max_size=60),
    st.sampled_from(["average_precision", "roc_auc", "brier", "log_loss", "f1"]),
    st.booleans(),
)
def test_against_itself_nothing_is_gained_and_who_swaps_them_turns_the_sign(
    told: list[tuple[bool, float, float]], metric: str, timed: bool
) -> None:
    y = np.array([float(yes) for yes, _, _ in told])
    one, other = (Answers(np.array([row[place] for row in told]), 0.5) for place in (1, 2))
    at = np.datetime64("2024-01-01", "us") + np.arange(len(y)) * np.timedelta64(12, "h") if timed else None
    draw = draws(y, at)
    same = paired(metric, y, one, one, draw, 30).gain
    assert same.value == 0 or np.isnan(same.value)
    assert same.low in (0, None) and same.high in (0, None)
    there, back = (paired(metric, y, *both, draw, 30).gain for both in ((one, other), (other, one)))
    assert there.value == -back.value or np.isnan(there.value)
    assert there.why == back.why and (there.low is None) == (back.low is None)
    if there.low is not None:
        assert there.low == pytest.approx(-back.high, abs=1e-12) and there.high == pytest.approx(-back.low, abs=1e-12)


def over(gain: float, low: float | None, high: float | None, untold: str = "", left_out: int = 0) -> OverServed:
    from treadle.scoring.bootstrap import Interval

    value = Interval(0.5, 0.4, 0.6)
    return OverServed(
        model="shop:1",
        bundle="b" * 64,
        metric="brier",
        rows=1234,
        left_out=left_out,
        found=Paired(value, value, Interval(gain, low, high)),
        untold=untold,
    )


def test_a_gain_is_told_in_one_sentence() -> None:
    assert over(0.02, 0.01, 0.03).said == (
        "a gain of +0.020 (+0.010 to +0.030) in brier over the served version shop:1, on 1,234 sealed rows"
    )
    assert over(0.02, -0.01, 0.03).said.startswith("no gain: in brier it is within noise of the served version shop:1,")
    assert over(-0.02, -0.03, -0.01).said.startswith("a loss: in brier it does worse than the served version shop:1,")
    assert over(0.02, None, None, "6 days are needed, 2 there").said == (
        "cannot be held against the served version shop:1: 6 days are needed, 2 there"
    )
    assert over(0.02, 0.01, 0.03, left_out=5).said.endswith("rows, without 5 that shop:1 may have learned from")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.2, "better"), (0.0, 0.2, "noise"), (-0.1, 0.2, "noise"), (-0.1, 0.0, "noise"), (-0.2, -0.1, "worse")],
)
def test_a_gain_is_judged_by_its_whole_interval(low: float, high: float, verdict: str) -> None:
    assert over((low + high) / 2, low, high).verdict == verdict
    assert over((low + high) / 2, low, high, untold="because").verdict == "untold"
