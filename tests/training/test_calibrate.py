"""Calibration helps when it is needed, keeps the order, and is the same one by one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.scoring import Calibrator
from treadle.spec.brief import Mistakes
from treadle.training.calibrate import choose, isotonic, platt
from treadle.training.mistakes import choose_threshold

KINDS = [
    Calibrator("identity"),
    Calibrator(),
    Calibrator("sigmoid", a=0.4, b=-2.0),
    Calibrator("isotonic", x=(-2.0, 0.0, 0.5, 3.0), y=(0.01, 0.2, 0.2, 0.97)),
]


@pytest.mark.parametrize("calibrator", KINDS)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20))
def test_scalar_equals_vector_and_keeps_order(calibrator, margins):
    whole = calibrator.vector(np.array(sorted(margins)))
    assert [calibrator.scalar(m) for m in sorted(margins)] == pytest.approx(list(whole), abs=1e-15)
    assert (np.diff(whole) >= -1e-15).all()
    assert msgspec.json.decode(msgspec.json.encode(calibrator), type=Calibrator) == calibrator


def _rows(distort, n=20_000):
    random = np.random.default_rng(0)
    margin = random.normal(-1, 1.5, n)
    y = (random.random(n) < 1 / (1 + np.exp(-margin))).astype(float)
    return distort(margin), y, np.arange(n) % 4


def test_good_margins_are_left_alone():
    assert choose(*_rows(lambda m: m))[0] == Calibrator()


def test_stretched_margins_get_platt():
    found, losses = choose(*_rows(lambda m: 3 * m + 1))
    assert found.kind == "sigmoid" and found.a == pytest.approx(1 / 3, rel=0.05)
    assert losses["sigmoid"] < losses["none"]


def test_bent_margins_get_isotonic():
    found, _ = choose(*_rows(lambda m: np.sign(m) * m**4))
    assert found.kind == "isotonic" and list(found.y) == sorted(found.y) and len(found.x) <= 100


def test_small_and_reversed_rows_do_not_break():
    assert platt(np.array([1.0, 2, 3, 4]), np.array([1.0, 1, 0, 0])) == Calibrator()
    assert isotonic(np.zeros(40), np.array([0.0, 1.0] * 20)) == Calibrator()


def test_threshold_follows_the_costs():
    random = np.random.default_rng(0)
    p = random.random(50_000)
    y = (random.random(50_000) < p).astype(float)
    assert choose_threshold(p, y, Mistakes(missed=4, false_alarm=1)) == pytest.approx(0.2, abs=0.05)
    assert choose_threshold(p, y, Mistakes(missed=1, false_alarm=1)) == pytest.approx(0.5, abs=0.05)
