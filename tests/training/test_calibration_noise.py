"""What the calibration error of probabilities that are right comes to, by chance alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from treadle.training.describe import calibration, noise


@pytest.mark.parametrize("rows", [100, 400, 5000])
@pytest.mark.parametrize("shape", [(1, 1), (2, 8), (8, 2)])
def test_it_is_what_simulations_show(rows, shape):
    random = np.random.default_rng(rows)
    errors, told = [], []
    for _ in range(150):
        p = random.beta(*shape, rows)
        error, bins = calibration(p, (random.random(rows) < p).astype(float), np.ones(rows))
        errors.append(error)
        told.append(noise(bins))
    assert np.mean(told) == pytest.approx(np.mean(errors), rel=0.12)


def test_rows_of_unlike_weight_say_less():
    random = np.random.default_rng(5)
    errors, told = [], []
    for _ in range(100):
        p, weight = random.beta(2, 8, 600), random.lognormal(sigma=1.2, size=600)
        error, bins = calibration(p, (random.random(600) < p).astype(float), weight)
        errors.append(error)
        told.append(noise(bins))
        as_rows = noise(tuple(msgspec.structs.replace(each, weight=0.0, effective=0.0) for each in bins))
    assert np.mean(told) == pytest.approx(np.mean(errors), rel=0.15) and as_rows < 0.8 * told[-1]


def test_probabilities_that_are_wrong_stand_out():
    random = np.random.default_rng(1)
    p = random.beta(2, 2, 2000)
    error, bins = calibration(p, (random.random(2000) < p**2).astype(float), np.ones(2000))
    assert error > 3 * noise(bins)


def test_sure_probabilities_leave_nothing_to_chance():
    error, bins = calibration(np.array([0.0] * 50 + [1.0] * 50), np.array([0.0] * 50 + [1.0] * 50), np.ones(100))
    assert error == noise(bins) == 0.0
