"""The class of least expected cost, of one row and of many; a threshold is the same for yes and no."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.scoring.decisions import NEVER, acts_from, cheapest, chosen
from treadle.scoring.metrics import weighted
from treadle.scoring.tasks import task_of

SHARES = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(any)
COSTS = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.25, 1e9]), min_size=3, max_size=3), min_size=3, max_size=3)


@given(st.lists(SHARES, min_size=1, max_size=20), COSTS)
@settings(max_examples=150)
def test_one_row_is_decided_on_as_many_are_and_at_the_least_expected_cost(rows, matrix):
    p = np.array([np.array(row) / sum(row) for row in rows])
    costs = tuple(map(tuple, matrix))
    told = chosen(p, costs)
    assert [cheapest(tuple(row), costs) for row in p.tolist()] == told.tolist()
    expected = p @ np.array(costs)
    assert np.allclose(expected[np.arange(len(p)), told], expected.min(axis=1), rtol=1e-9)


def test_without_costs_the_likeliest_is_decided_on_and_of_equal_ones_the_first():
    p = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    assert chosen(p, ()).tolist() == [1, 0] and [cheapest(row, ()) for row in p.tolist()] == [1, 0]
    even = tuple(tuple(float(i != j) for j in range(3)) for i in range(3))
    assert chosen(p, even).tolist() == [1, 0]


@given(st.floats(0.0, 1.0), st.floats(0.01, 100), st.floats(0.01, 100))
def test_of_yes_and_no_it_is_a_threshold(share, missed, false_alarm):
    ideal = false_alarm / (false_alarm + missed)
    if abs(share - ideal) > 1e-9:
        assert cheapest((1 - share, share), ((0.0, false_alarm), (missed, 0.0))) == int(share > ideal)


def test_a_task_answers_by_its_costs_and_counts_what_came_of_that():
    dear = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (20.0, 20.0, 0.0))
    task, plain = (task_of("multiclass", ("a", "b", "c"), costs) for costs in (dear, ()))
    score = (0.5, 0.4, 0.1)
    assert (task.decided(score, None).prediction, task.decided(score, None).probability) == ("c", 0.1)
    assert plain.decided(score, None).prediction == "a" and task != plain and hash(task) != hash(plain)
    p, y = np.array([score, score]), np.array([0.0, 2.0])
    assert task.came_of(y, p) == 0.5 == plain.came_of(y, p)
    assert task.came_of(y[1:], p[1:]) == 1 and plain.came_of(y[1:], p[1:]) == 0
    assert task.one_each(p).tolist() == [0.1, 0.1] and plain.one_each(p).tolist() == [0.5, 0.5]
    for metric in ("accuracy", "balanced_accuracy", "f1"):
        by_costs, likeliest = (weighted(metric, y, p, each.rule(0.0))(np.array([0.0, 1.0])) for each in (task, plain))
        assert by_costs == 1 and likeliest == 0
    assert task_of("classification").rule(0.3) == 0.3


def test_a_threshold_that_no_probability_reaches_is_never():
    assert acts_from(NEVER) == "never" and acts_from(0.25) == "from a probability of 0.250"
    assert not task_of("classification").decided(1.0, NEVER).prediction
