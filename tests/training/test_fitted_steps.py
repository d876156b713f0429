"""What preparation fits of rows, to the number: scaling, rates of levels, codes; and which rows say what helps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from treadle.training import FeatureColumn, TrainingTable
from treadle.training.prepare import Recipe, fit_encoder, levels
from treadle.training.prepare.levels import fit_codes, fit_levels
from treadle.training.prepare.pairs import gains_of
from treadle.training.prepare.scaled import fit_scaled


def towns(names, label) -> TrainingTable:
    frame = pl.DataFrame({"town": names})
    return TrainingTable(frame, label, None, None, range(len(label)), (FeatureColumn("town", "str"),))


def test_a_number_is_filled_clipped_and_scaled_by_what_is_known_of_it():
    known = np.arange(1001.0)
    known[1000] = 1e6
    step = fit_scaled("x", pl.Series("x", [None, *known]))
    filled = np.clip([500.0, *known], 1.0, 999.0)
    assert (step.fill, step.low, step.high) == pytest.approx((500.0, 1.0, 999.0)) and step.indicator
    assert (step.mean, step.scale) == pytest.approx((filled.mean(), filled.std()))
    assert not fit_scaled("x", pl.Series("x", known)).indicator
    assert fit_scaled("x", pl.Series("x", np.full(9, 4.0))).scale == 1.0, "a constant is not blown up"


def test_levels_beyond_the_most_are_told_as_never_seen(monkeypatch):
    monkeypatch.setattr(levels, "MOST_LEVELS", 2)
    monkeypatch.setattr(levels, "MOST_CODES", 2)
    rows = towns(np.repeat(["a", "b", "c"], [30, 20, 10]), np.repeat([0.0, 1.0, 1.0], [30, 20, 10]))
    step, _ = fit_levels(("town",), rows, False, 7)
    assert set(step.values) == {"a", "b"}
    assert step.unseen[0] == pytest.approx(0.5), "the rate of all, whatever that of the rare ones is"
    assert step.values["a"][0] == pytest.approx(10 / 50) and step.values["b"][0] == pytest.approx(30 / 40)
    codes = fit_codes(("town",), rows)
    assert codes.values == {"a": (0.0,), "b": (1.0,)} and codes.unseen == codes.null == (-1.0,)


def test_rates_of_training_rows_come_in_the_unit_of_those_of_new_rows():
    """For linear models, which want unit size; of so many levels none is one-hot."""
    random = np.random.default_rng(2)
    town = np.arange(2000) % 40
    rows = towns([f"t{k}" for k in town], (random.random(2000) < np.linspace(0.05, 0.95, 40)[town]).astype(float))
    step, own = fit_levels(("town",), rows, True, 7)
    new = step.columns(rows.frame)[0]
    assert abs(new.mean()) < 1e-9 and new.std() == pytest.approx(1.0)
    assert abs(own.mean()) < 0.1 and own.std() == pytest.approx(1.0, abs=0.15)


def test_what_helps_is_told_by_rows_as_they_weigh():
    """Of heavy rows one column tells the label, of light ones the other."""
    x = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    heavy = np.arange(400) % 2 == 0
    label = np.where(heavy, x[:, 0], x[:, 1]).astype(float)
    found = []
    for weight in (np.where(heavy, 99.0, 1.0), np.where(heavy, 1.0, 99.0)):
        rows = TrainingTable(pl.DataFrame({"x": label}), label, None, None, range(400), (), weight=weight)
        found.append(gains_of(rows, x, 7))
    assert found[0][0] > 5 * found[0][1] and found[1][1] > 5 * found[1][0]


def test_what_helps_is_told_by_rows_that_do_not_know_their_own_label(table, monkeypatch):
    rows, seen = table(300, timed=False), []
    encoder, plain = fit_encoder(rows, linear=False)
    module = "treadle.training.prepare.prepare"
    monkeypatch.setattr(f"{module}.gains", lambda table, encoder, x, seed, strata: seen.append(x.copy()) or {})
    monkeypatch.setattr(f"{module}.fit_groups", lambda table, chosen, encoder, x, **more: seen.append(x.copy()) or [])
    fit_encoder(rows, linear=False, recipe=Recipe(pairs=True, groups=True))
    assert len(seen) == 2 and all(np.array_equal(x, plain, equal_nan=True) for x in seen)
    assert not np.array_equal(plain, encoder.matrix(rows.frame), equal_nan=True)
