"""Metrics of several classes and of counts are scikit-learn's, whatever the weights of rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as known

from treadle.errors import SpecError
from treadle.scoring import scores, weighted
from treadle.scoring.metrics import within
from treadle.spec.choices import METRICS

Array = np.ndarray[Any, Any]


def _roc(y: Array, p: Array, w: Array) -> float:
    """One against the rest; the mean over classes that are there, and are not all that is there."""
    there = [k for k in range(p.shape[1]) if 0 < (y == k).sum() < len(y)]
    return float(np.mean([known.roc_auc_score(y == k, p[:, k], sample_weight=w) for k in there]))


ORACLES: dict[str, Callable[[Array, Array, Array], float]] = {
    "log_loss": lambda y, p, w: known.log_loss(y, p, sample_weight=w, labels=range(p.shape[1])),
    "accuracy": lambda y, p, w: known.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: known.balanced_accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "f1": lambda y, p, w: known.f1_score(y, p.argmax(axis=1), sample_weight=w, average="macro"),
    "roc_auc": _roc,
}


@st.composite
def judged(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """Labels, probabilities with ties, and weights, some zero, of a few rows and classes."""
    rows, classes = draw(st.integers(2, 30)), draw(st.integers(2, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = random.integers(1, 6, (rows, classes)).astype(float)
    y = random.integers(0, draw(st.integers(2, classes)), rows).astype(float)
    y[:2] = 0.0, 1.0  # one class only is of no interest to roc_auc
    w = random.integers(0, 4, rows).astype(float) if draw(st.booleans()) else random.random(rows) + 0.1
    w[:2] = np.maximum(w[:2], 1.0)
    return y, p / p.sum(axis=1, keepdims=True), w


def test_every_metric_of_several_classes_has_an_oracle() -> None:
    assert set(ORACLES) == set(METRICS["multiclass"])


@pytest.mark.parametrize("name", sorted(ORACLES))
@given(judged())
def test_metrics_of_classes_are_those_of_scikit_learn(name: str, rows: tuple[Array, Array, Array]) -> None:
    y, p, w = rows
    seen = w > 0  # scikit-learn counts a class of weight zero as one that is there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = ORACLES[name](y[seen], p[seen], w[seen])
    found = weighted(name, y, p)(w)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    low, high = within(name)
    assert low <= found <= high + 1e-12


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(1e-3, 1e6), st.floats(0.01, 9)), min_size=1, max_size=30))
def test_the_poisson_deviance_is_that_of_scikit_learn(rows: list[tuple[int, float, float]]) -> None:
    y, p, w = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    wanted = known.mean_poisson_deviance(y, p, sample_weight=w)
    assert weighted("poisson_deviance", y, p)(w) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_a_perfect_and_a_constant_answer_have_their_values() -> None:
    y = np.array([0.0, 1.0, 2.0, 2.0])
    perfect = scores(y, np.eye(3)[y.astype(int)], kind="multiclass")
    assert perfect == {
        "log_loss": pytest.approx(0, abs=1e-12), "accuracy": 1, "balanced_accuracy": 1, "f1": 1, "roc_auc": 1,
    }  # fmt: skip
    flat = scores(y, np.full((4, 3), 1 / 3), kind="multiclass")
    assert flat["log_loss"] == pytest.approx(np.log(3)) and flat["roc_auc"] == 0.5
    assert scores(y, np.maximum(y, 1e-300), kind="counts")["poisson_deviance"] == pytest.approx(0, abs=1e-12)


def test_a_class_that_was_never_thought_possible_is_dear_and_not_infinite() -> None:
    assert 30 < weighted("log_loss", np.array([1.0]), np.array([[1.0, 0.0]]))(np.ones(1)) < 40


def test_rows_without_weight_have_no_value_and_other_metrics_are_refused() -> None:
    y, p = np.array([0.0, 1.0]), np.array([[0.6, 0.4], [0.2, 0.8]])
    assert all(np.isnan(weighted(name, y, p)(np.zeros(2))) for name in ORACLES)
    with pytest.raises(SpecError, match="no metric of several classes"):
        weighted("brier", y, p)
