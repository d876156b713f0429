"""What each better trial gained, and what was paid on the way to it."""

from __future__ import annotations

import pytest

from treadle.money import money
from treadle.training import SearchResult, Trial
from treadle.training.forward import forward, steps_shown


def found(metric, *trials):
    made = tuple(
        Trial(number, "linear", {}, (value,), value, seconds, state)
        for number, (value, seconds, state) in enumerate(trials)
    )
    return SearchResult(metric, "linear", {}, 0.0, made, 0.0, "trials")


def test_only_whole_trials_that_beat_all_before_are_steps():
    steps = forward(found("roc_auc", (0.9, 1, "pruned"), (0.80, 2, "complete"), (0.0, 1, "failed"),
                          (0.79, 3, "complete"), (0.84, 4, "complete"), (0.84, 5, "complete")))  # fmt: skip
    assert [(s.trial.number, s.until, s.seconds) for s in steps] == [(1, 3, 3), (4, 11, 8)]
    assert steps[0].points is None and steps[1].points == pytest.approx(5.0), "0.04 of 0.80, in hundredths"


def test_where_lower_is_better_a_gain_is_a_fall():
    steps = forward(found("rmse", (50.0, 1, "complete"), (60.0, 1, "complete"), (40.0, 1, "complete")))
    assert [s.points for s in steps] == [None, pytest.approx(20.0)]


def test_a_first_score_of_nothing_has_no_points():
    assert [s.points for s in forward(found("r2", (0.0, 1, "complete"), (0.1, 1, "complete")))] == [None, None]


def test_money_is_told_where_there_is_a_price():
    search = found("roc_auc", (0.80, 10, "complete"), (0.88, 30, "complete"), (0.5, 60, "pruned"))
    shown = steps_shown(search, "ROC AUC", money("0.001", "EUR"))
    assert "Paid, EUR" in shown and "0.04000" in shown, "40 seconds"
    assert "0.003000" in shown, "30 seconds for ten points"
    assert "60.0 s of trials (0.06000 EUR) after the last" in shown
    plain = steps_shown(search, "ROC AUC", None)
    assert "Paid" not in plain and "+10.00" in plain and "60.0 s of trials after the last" in plain


def test_a_search_of_nothing_shows_nothing():
    assert "Trial" in steps_shown(found("roc_auc"), "ROC AUC", None)
