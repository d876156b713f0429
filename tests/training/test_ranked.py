"""Numbers by rank: the order is kept, tails are drawn in, and few values are left as far apart as they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, spearmanr

from treadle.scoring.steps import HIGHEST, LOWEST, Ranked, Scaled
from treadle.training.prepare import Recipe, fit_encoder
from treadle.training.prepare.ranked import FEW_VALUES, KNOTS, fit_ranked


def told(step, values):
    return step.columns(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))[0]


def test_a_long_tail_comes_to_a_normal_distribution():
    values = np.exp(3 * np.random.default_rng(0).normal(size=4000))
    found = told(fit_ranked("x", pl.Series("x", values)), values)
    assert kstest(found, "norm").pvalue > 0.05 and spearmanr(found, values).statistic > 0.99999


def test_what_is_beyond_all_that_was_seen_is_no_further_than_the_last():
    step = fit_ranked("x", pl.Series("x", np.arange(1000.0)))
    low, least, most, high = told(step, [-1e30, 0.0, 999.0, 1e30])
    assert low == least < -3 and high == most > 3 and most == pytest.approx(-least)


def test_a_number_that_is_mostly_zero_tells_the_others_apart():
    values = np.where(np.arange(5000) % 12 == 0, np.arange(5000), 0).astype(float)
    zero, few, many = told(fit_ranked("x", pl.Series("x", values)), [0.0, 600.0, 4000.0])
    assert zero < few - 1 and few < many - 1


def test_missing_is_told_and_filled_with_the_middle():
    values = [float("nan"), None, float("inf"), *np.arange(101.0)]
    step = fit_ranked("x", pl.Series("x", values, dtype=pl.Float64))
    assert isinstance(step, Ranked) and step.indicator and step.fill == 50.0
    filled, flagged = step.columns(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))
    assert abs(filled[0]) < 1e-9 and flagged.tolist() == [1.0] * 3 + [0.0] * 101


def test_few_values_and_none_are_scaled():
    for values in (np.arange(500) % FEW_VALUES, np.zeros(0), np.full(5, np.nan)):
        assert isinstance(fit_ranked("x", pl.Series("x", values.astype(float))), Scaled)
    assert isinstance(fit_ranked("x", pl.Series("x", (np.arange(500) % (FEW_VALUES + 1)).astype(float))), Ranked)


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=FEW_VALUES + 1, max_size=300, unique=True))
def test_the_order_is_kept(values):
    step = fit_ranked("x", pl.Series("x", values, dtype=pl.Float64))
    found = told(step, sorted(values))
    assert (np.diff(found) >= 0).all() and np.isfinite(found).all() and np.abs(found).max() < 3.2
    assert isinstance(step, Ranked) and len(step.knots) <= KNOTS and (np.diff(step.knots) > 0).all()


def test_a_recipe_asks_for_ranks(table):
    rows = table(400)
    assert Recipe.of({"numbers": "ranked"}).ranked and not Recipe.of({"numbers": "scaled"}).ranked
    kinds = {
        ranked: {type(step) for step in fit_encoder(rows, linear=True, recipe=Recipe(ranked=ranked))[0].steps}
        for ranked in (False, True)
    }
    assert Ranked in kinds[True] and Ranked not in kinds[False]
    assert Ranked not in {type(step) for step in fit_encoder(rows, linear=False, recipe=Recipe(ranked=True))[0].steps}


def test_what_is_too_large_to_be_known_is_missing_and_the_middle_is_no_mean():
    far = [HIGHEST, LOWEST, 1e300]
    values = [*far, *(2.0**n for n in range(41))]
    step = fit_ranked("x", pl.Series("x", values))
    assert isinstance(step, Ranked) and step.fill == 2.0**20 and step.indicator
    assert step.knots[0] == 1.0 and step.knots[-1] == 2.0**40
    assert not fit_ranked("x", pl.Series("x", values[3:])).indicator


def test_numbers_that_float32_does_not_tell_apart_are_few():
    assert isinstance(fit_ranked("x", pl.Series("x", 1e9 + np.arange(60.0) / 10)), Scaled)


def test_an_even_number_has_a_knot_in_each_of_128_parts():
    step = fit_ranked("x", pl.Series("x", np.arange(129.0)))
    assert isinstance(step, Ranked) and step.knots == tuple(np.arange(129.0))
