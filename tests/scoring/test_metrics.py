"""Metrics are scikit-learn's, weights are repetitions, intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import SpecError
from treadle.scoring import metrics, scores, task_of
from treadle.scoring.bootstrap import blocks, draws, interval, of_score
from treadle.spec import choices

PAIRS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])), min_size=4, max_size=60
).filter(lambda rows: len({a for a, _ in rows}) == 2)


@given(PAIRS)
@settings(max_examples=100)
def test_classification_equals_scikit_learn(rows):
    y, p = np.array([float(a) for a, _ in rows]), np.array([b for _, b in rows])
    ours, act = scores(y, p, 0.5), p >= 0.5
    theirs = {
        "average_precision": sk.average_precision_score(y, p),
        "roc_auc": sk.roc_auc_score(y, p),
        "log_loss": sk.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15), labels=[0, 1]),
        "brier": sk.brier_score_loss(y, p),
        "accuracy": sk.accuracy_score(y, act),
        "balanced_accuracy": sk.balanced_accuracy_score(y, act),
        "precision": sk.precision_score(y, act, zero_division=0),
        "recall": sk.recall_score(y, act),
        "f1": sk.f1_score(y, act, zero_division=0),
    }
    assert ours == {name: pytest.approx(value, abs=1e-9) for name, value in theirs.items()}


def test_regression_equals_scikit_learn():
    random = np.random.default_rng(0)
    y, p = random.normal(size=200), random.normal(size=200)
    ours = scores(y, p, kind="regression", own={"worst": lambda y, p, t: float(np.abs(y - p).max())})
    assert ours == {
        "rmse": pytest.approx(sk.root_mean_squared_error(y, p)),
        "mae": pytest.approx(sk.mean_absolute_error(y, p)),
        "mse": pytest.approx(sk.mean_squared_error(y, p)),
        "r2": pytest.approx(sk.r2_score(y, p)),
        "worst": pytest.approx(np.abs(y - p).max()),
    }


@pytest.mark.parametrize("name", [*choices.CLASSIFICATION, *choices.REGRESSION])
def test_a_weight_is_a_repetition(name):
    random = np.random.default_rng(3)
    y, p = (random.random(80) < 0.4).astype(float), random.random(80).round(1)
    weights = random.integers(0, 4, 80)
    again = np.repeat(np.arange(80), weights)
    value = metrics.weighted(name, y, p, 0.5)(weights.astype(float))
    assert value == pytest.approx(metrics.weighted(name, y[again], p[again], 0.5)(np.ones(len(again))))


def test_the_metric_is_derived():
    rare, even = np.array([0.0] * 95 + [1.0] * 5), np.array([0.0, 1.0] * 50)
    binary = task_of("classification")
    assert binary.metric(None, rare) == "average_precision"
    assert binary.metric(None, even) == "roc_auc"
    assert binary.metric(None, even, missed=5.0) == "average_precision"
    assert task_of("regression").metric(None, even) == "rmse"
    with pytest.raises(SpecError, match="rocauc"):
        binary.metric("rocauc", even)


def test_days_give_wider_intervals_than_rows():
    random = np.random.default_rng(0)
    days = np.repeat(np.arange(40), 50)
    p = np.clip(random.normal(size=40)[days] * 0.2 + 0.5, 0, 1)
    at = np.datetime64("2024-01-01", "us") + days * np.timedelta64(86_400_000_000, "us")
    y = (random.random(2000) < p).astype(float)
    value = metrics.weighted("brier", y, np.full(2000, 0.5) + (y - 0.5) * 0 + p * 0.1)
    widths = []
    for when in (at, None):
        draw = draws(y, when)
        found = interval(value(np.ones(2000)), [value(draw(k)) for k in range(200)], draw.block)
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[0] > widths[1]


def test_undefined_metrics_have_no_interval():
    assert interval(0.5, [float("nan")] * 100, blocks(np.zeros(9), None)).low is None


def test_an_interval_needs_half_of_its_draws_to_be_defined():
    nothing, block = [float("nan")] * 50, blocks(np.zeros(9), None)
    assert interval(0.5, [0.4, 0.6] * 25 + nothing, block).low is not None
    told = interval(0.5, [0.4, 0.6] * 24 + [*nothing, float("nan")], block)
    assert (told.low, told.high, told.why) == (None, None, "too few rows")
    assert interval(0.5, [0.4, 0.6] * 4, block).low is None, "and ten of them"


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e6])
def test_a_small_error_is_none_only_beside_the_label(unit):
    """Labels of a metre with errors of half a thousandth of a millimetre, and the same told in kilometres."""
    random = np.random.default_rng(2)
    y = unit * random.uniform(0.5, 1.5, 60)
    for p, right in ((y + unit * 5e-7 * random.normal(size=60), False), (y * (1 + 2e-16), True), (y, True)):
        for name in ("mse", "rmse", "mae", "r2", "poisson_deviance"):
            found, drawn = metrics.weighted(name, y, p), draws(y, None)
            told = of_score(name, y, p, 0.5, found(np.ones(60)), [found(drawn(k)) for k in range(60)], drawn.block)
            assert (told.low is None) is right, (name, told)
            assert ("every resample is perfect, 60 rows" in told.why) is right


def test_a_score_that_is_no_number_is_not_called_perfect():
    told = of_score("r2", np.ones(9), np.ones(9), 0.5, float("nan"), [float("nan")] * 50, blocks(np.zeros(9), None))
    assert (told.low, told.why) == (None, "too few rows")


def test_what_a_metric_can_be_at_all():
    assert metrics.within("brier") == metrics.within("roc_auc") == (0.0, 1.0)
    assert metrics.within("rmse") == (0.0, np.inf) and metrics.within("r2") == (-np.inf, 1.0)
    assert [metrics.best(name) for name in ("roc_auc", "rmse")] == [1.0, 0.0]
