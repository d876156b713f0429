"""95 % intervals hold what many days drawn anew would show, where days are alike and follow each other: simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from treadle.scoring.bootstrap import LEAST_BLOCKS, _expansion, blocks, draws, interval
from treadle.scoring.metrics import weighted
from treadle.training.evaluation import _compare, _real

METRICS = ("average_precision", "roc_auc", "brier", "log_loss", "rmse")
DEVIATION, USUAL = 0.8, -1.6
"""Of what a day adds to the log-odds of all its rows; the log-odds of a usual row."""
TIMES, REPLICATES = 200, 100


def world(random, days, correlation, least=20, most=40):
    """Per row its day, label, prediction, and a number with its prediction. Days follow an AR(1)."""
    new, effect = random.normal(size=days), np.empty(days)
    effect[0] = new[0]
    for day in range(1, days):
        effect[day] = correlation * effect[day - 1] + np.sqrt(1 - correlation**2) * new[day]
    member = np.repeat(np.arange(days), random.integers(least, most + 1, days))
    known = 1.2 * random.normal(size=len(member))
    drive = known + DEVIATION * effect[member]
    label = (random.random(len(member)) < 1 / (1 + np.exp(-(USUAL + drive)))).astype(float)
    return member, label, 1 / (1 + np.exp(-(USUAL + known))), drive + random.normal(size=len(member)), known


def truth(metrics=METRICS, days=50_000):
    _, label, told, number, guess = world(np.random.default_rng(99), days, 0.0)
    ones = np.ones(len(label))
    return {m: weighted(m, *((number, guess) if m == "rmse" else (label, told)))(ones) for m in metrics}


def when(member):
    return np.datetime64("2026-01-01", "us") + member * np.timedelta64(86_400_000_000, "us")


def shares(true, days, correlation, *, groups=False, times=TIMES, replicates=REPLICATES, seed=1):
    """In what share of simulated test sets each metric's interval holds the truth."""
    held = dict.fromkeys(true, 0.0)
    for k in range(times):
        member, label, told, number, guess = world(np.random.default_rng((seed, days, k)), days, correlation)
        draw = draws(label, None if groups else when(member), group=member if groups else None, seed=k)
        weights, ones = [draw(i) for i in range(replicates)], np.ones(len(label))
        for metric, wanted in true.items():
            value = weighted(metric, *((number, guess) if metric == "rmse" else (label, told)))
            found = interval(value(ones), [value(w) for w in weights], draw.block)
            assert found.low <= found.value <= found.high
            held[metric] += (found.low <= wanted <= found.high) / times
    return held


@pytest.fixture(scope="module")
def true():
    return truth(("average_precision", "brier"), 20_000)


@pytest.mark.parametrize(
    ("days", "correlation", "groups"), [(75, 0.6, False), (9, 0.0, False), (9, 0.6, False), (20, 0.0, True)]
)
def test_intervals_hold_the_truth(true, days, correlation, groups):
    """Of 200, give or take 4 % for luck. Drawn day by day without a wider interval, 75 % and 65 % of them did."""
    held = shares(true, days, correlation, groups=groups)
    assert all(0.88 <= share <= 1.0 for share in held.values()), held


def test_a_gain_of_none_is_not_real():
    """Twelve days that follow each other, and a model that is as good as its rival: at most 5 % are called real."""
    real = 0
    for k in range(TIMES):
        random = np.random.default_rng((3, k))
        member, label, *_ = world(random, 12, 0.6)
        mood = random.normal(size=12)[member]
        ours, theirs = (1 / (1 + np.exp(-(USUAL + sign * 0.5 * mood))) for sign in (1, -1))
        found = _compare("log_loss", label, ours, theirs, None, 0.5, draws(label, when(member), seed=k), 60)
        real += _real(found["gain_over_baseline"])
    assert real / TIMES <= 0.05


@pytest.mark.parametrize("kind", ["days", "groups"])
def test_too_few_have_no_interval_and_say_why(kind):
    for few in (1, LEAST_BLOCKS - 1, LEAST_BLOCKS):
        member = np.repeat(np.arange(few), 50)
        label = (np.arange(len(member)) % 5 == 0).astype(float)
        draw = draws(label, when(member) if kind == "days" else None, group=None if kind == "days" else member)
        found = interval(0.2, [float(draw(k) @ label / draw(k).sum()) for k in range(50)], draw.block)
        assert (found.low is None) == (few < LEAST_BLOCKS)
        assert found.why == ("" if few == LEAST_BLOCKS else f"{LEAST_BLOCKS} {kind} are needed, {few} there")


def test_days_are_drawn_in_runs():
    member = np.repeat(np.arange(75), 2)
    draw = draws(np.zeros(150), when(member))
    assert draw.block.length == 12 and draw.block.units == 6.25
    for number in range(20):
        weights = draw(number)
        days = weights[::2]
        assert np.array_equal(days, weights[1::2]) and days.sum() == 75
        assert np.count_nonzero(days != np.roll(days, 1)) <= 14, "runs have two ends each, seven of them"
    assert np.array_equal(draw(3), draw(3)) and not np.array_equal(draw(3), draw(4))


def test_a_part_of_the_days_counts_by_its_own():
    """The level of a feature that was seen on 20 of 75 days: two runs are too few to say how they scatter."""
    block = blocks(np.zeros(75), when(np.arange(75)))
    assert block.of(np.arange(48)).why == "" and block.of(np.arange(48)).units == 4
    assert block.of(np.arange(20)).why == "36 days are needed, 20 there"


def test_rows_count_by_their_rarer_class():
    label = (np.arange(300) < 30).astype(float)
    assert blocks(label, None).units == 30 and blocks(1 - label, None).units == 30
    assert blocks(np.arange(300.0), None).units == 300


@pytest.mark.parametrize("units", [2, 3, 3.5, 7.5, 30, 400])
def test_the_expansion_is_student_over_normal(units):
    wanted = np.sqrt(units / (units - 1)) * t.ppf(0.975, units - 1) / norm.ppf(0.975)
    assert _expansion(units) == pytest.approx(wanted, rel=1e-4)


def test_bounds_stay_within_what_can_be():
    block = blocks(np.zeros(6), when(np.arange(6)))
    found = interval(0.95, list(np.linspace(0.8, 1.0, 100)), block, within=(0.0, 1.0))
    assert found.high == 1.0 and 0 < found.low < 0.8
    assert interval(0.9, [0.95] * 100, block).low == 0.9, "a value stands within its interval"
