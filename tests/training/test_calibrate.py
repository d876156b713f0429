"""Calibration helps when it is needed, keeps the order, and is the same one by one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.scoring import Calibrator
from treadle.spec.brief import Mistakes
from treadle.training.calibrate import choose, choose_classes, choose_shifts, floors, isotonic, platt
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


def test_maps_are_judged_on_rows_that_they_were_not_fitted_on():
    """What one fold wants is the contrary of what the other does: fitted on its own rows each map would seem a gain."""
    random, fold = np.random.default_rng(1), np.arange(2000) % 2
    margin = random.normal(size=2000) * 1.5
    y = (random.random(2000) < 1 / (1 + np.exp(-margin))).astype(float)
    times = np.where(fold == 0, 4.0, 0.25)
    _, losses = choose(margin * times, y, fold)
    assert losses["sigmoid"] > losses["none"]
    wide = np.column_stack([margin, np.zeros(2000), random.normal(size=2000)])
    kinds = np.argmax(wide + random.gumbel(size=wide.shape), axis=1).astype(float)
    found, losses = choose_classes(wide * times[:, None], kinds, fold)
    assert losses["temperature"] > losses["none"] and found.a == 1.0
    quantiles = margin[:, None] + np.array([-1.0, 0.0, 1.0]) + np.where(fold == 0, 5.0, -5.0)[:, None]
    found, losses = choose_shifts(quantiles, margin + random.normal(size=2000), fold, (0.1, 0.5, 0.9))
    assert losses["shifts"] > losses["none"] and not any(found.offsets)


def test_a_gain_of_less_than_a_thousandth_is_none():
    """Ties and a second number are no price to pay for it."""
    found, losses = choose(*_rows(lambda m: 1.04 * m, 10_000))
    assert losses["none"] * 0.999 < losses["sigmoid"] < losses["none"] and found == Calibrator()
    random = np.random.default_rng(2)
    wide = random.normal(size=(3000, 3)) * 1.5
    kinds = np.argmax(wide + random.gumbel(size=wide.shape), axis=1).astype(float)
    found, losses = choose_classes(1.03 * wide, kinds, np.arange(3000) % 2)
    assert losses["none"] * 0.999 < losses["temperature"] < losses["none"] and found.a == 1.0


def test_few_rows_that_were_all_told_right_make_no_map_that_is_sure():
    y = np.repeat([0.0, 1.0], 10)
    assert platt(2 * y - 1, y).vector(np.array([-1.0, 1.0])) == pytest.approx([1 / 12, 11 / 12])
    steps = isotonic(np.arange(40.0), np.repeat([0.0, 1.0], 20))
    assert steps.y == pytest.approx((0.5 / 21, 20.5 / 21))
    label = np.arange(30) % 3.0
    found, _ = choose_classes(2.0 * np.eye(3)[label.astype(int)], label, np.arange(30) % 4)
    assert 1.2 < found.a < 2.0, "the loss alone would go on to five"


def test_rows_of_one_margin_are_told_their_mean_however_they_stand():
    """The first 100 of them false and the next 100 true: cut into blocks of 20, the lowest of them would win."""
    margins, y = np.repeat([-1.0, 1.0], 200), np.concatenate([np.zeros(100), np.ones(300)])
    steps = isotonic(margins, y)
    assert steps.x == (-1.0, 1.0) and steps.y == pytest.approx((100.5 / 201, 200.5 / 201))
    random = np.random.default_rng(2)
    few = np.round(random.normal(size=3000), 1)
    told = (random.random(3000) < 1 / (1 + np.exp(-few))).astype(float)
    weight = random.uniform(0.5, 2, 3000)
    found = isotonic(few, told, weight)
    assert len(set(found.x)) == len(found.x) and sorted(found.y) == list(found.y)
    middle = np.abs(few) < 0.05
    assert found.vector(np.zeros(1))[0] == pytest.approx(np.average(told[middle], weights=weight[middle]), abs=0.1)


def test_a_new_row_counts_as_one_more_on_the_outer_side():
    """Of 20 labels the 0.9 quantile is the 19th and not the 18th; the median is drawn to neither side."""
    found, _ = choose_shifts(np.full((20, 3), -100.0), np.arange(1.0, 21.0), np.arange(20) % 2, (0.12, 0.5, 0.9))
    assert found.offsets == (102.0, 110.0, 119.0)


def test_of_one_fold_one_half_is_told_by_the_other():
    margins, y, _ = _rows(lambda m: 3 * m, 400)
    assert choose(margins, y, np.zeros(400))[1] == choose(margins, y, np.arange(400) % 2)[1]


def test_ten_rows_of_a_class_are_enough_to_have_no_floor():
    assert floors(np.repeat([0.0, 1.0], 10), 2) == () and floors(np.repeat([0.0, 1.0], [10, 9]), 2) != ()
