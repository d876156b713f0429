"""Checkpoints and interruptions: Daly's formulas by hand, and the draws held to them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.plans.spot import expected, interval, simulate


def test_the_interval_of_daly_by_hand():
    """d = 10 s, M = 36,000 s: sqrt(720,000) = 848.528; x (1 + 0.011785/3 + 0.000139/9) = 851.875; - 10."""
    assert interval(10, 36_000) == pytest.approx(841.875, abs=0.001)
    assert interval(100, 50) == 50, "where a checkpoint takes longer than twice the gap"


def test_the_expected_time_by_hand():
    """T = 3600, t = 600, d = 60, R = 120, M = 7200: 7200 e^(1/60) (5 (e^(660/7200) - 1) + e^(600/7200) - 1)."""
    whole, last = math.exp(0.0916667) - 1, math.exp(0.0833333) - 1
    assert expected(3600, 600, 60, 120, 7200) == pytest.approx(7200 * math.exp(1 / 60) * (5 * whole + last))
    assert expected(3600, 600, 60, 120, 7200) == pytest.approx(4150.3, abs=0.5)


def test_a_job_shorter_than_its_interval_writes_no_checkpoint_by_hand():
    """T = 100, M = 7200, R = 0: 7200 (e^(1/72) - 1) = 100.7 s; by Daly's own sum it is 114.1 s."""
    assert expected(100, 100, 60, 0, 7200) == pytest.approx(100.697, abs=0.001)
    assert simulate(100, 60, 0, 0.5).interval_s == 100


@pytest.mark.parametrize("work", [1.0, 60.0, 700.0, 3600.0, 36_000.0, 360_000.0])
@pytest.mark.parametrize(("checkpoint", "restart", "rate"), [(10.0, 120.0, 0.5), (600.0, 0.0, 0.1), (30.0, 60.0, 4.0)])
def test_the_draws_agree_with_the_formula_for_short_jobs_and_long_ones(
    work: float, checkpoint: float, restart: float, rate: float
):
    """By Daly's own formula a job of a second that checkpoints in ten would take eleven."""
    done = simulate(work, checkpoint, restart, rate, draws=20_000)
    assert done.mean_s == pytest.approx(done.expected_s, rel=0.02)
    assert work <= done.low_s * (1 + 1e-9) and done.low_s <= done.high_s


def test_the_interval_is_near_the_best_of_others():
    best = simulate(72_000.0, 30.0, 60.0, 0.5)
    for factor in (0.25, 4.0):
        assert expected(72_000.0, best.interval_s * factor, 30.0, 60.0, 7200.0) > best.expected_s


def test_without_interruptions_nothing_is_added_and_with_very_many_it_never_ends():
    assert simulate(1000.0, 10.0, 60.0, 0.0).mean_s == 1000.0
    assert simulate(36_000.0, 600.0, 600.0, 60.0).mean_s == math.inf
    many = simulate(1e6, 1.0, 1.0, 3600.0)
    assert many.mean_s == many.expected_s > 1e7, "so many that nothing need be drawn"


@given(st.floats(1, 2e4), st.floats(0.1, 60), st.floats(0, 300), st.floats(0, 3))
def test_it_takes_at_least_the_work_and_at_most_an_interval_is_lost_each_time(work, checkpoint, restart, rate):
    done = simulate(work, checkpoint, restart, rate, draws=50)
    if done.mean_s == math.inf:
        return
    assert done.mean_s >= work * (1 - 1e-9)
    writes = math.ceil(work / done.interval_s) * checkpoint
    lost = done.interruptions * (done.interval_s + checkpoint + restart)
    assert done.mean_s <= (work + writes + lost) * (1 + 1e-9) + 1e-6
