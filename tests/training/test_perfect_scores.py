"""No score without a mistake has an interval of no width: shares have an exact bound, others say why they have none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta

from treadle.monitoring.quality import Measured, measure
from treadle.scoring import task_of
from treadle.training import evaluate, report, train

SHARES, OTHERS = ("accuracy", "recall", "precision"), ("roc_auc", "average_precision", "f1", "balanced_accuracy")


def rows_of(right, n=40):
    label = np.tile([0.0, 1.0], n // 2)
    return pl.DataFrame({"label": label, "score": np.where((label > 0.5) == right, 0.9, 0.1)})


@pytest.mark.parametrize("metric", SHARES)
@pytest.mark.parametrize("right", [True, False])
def test_a_share_has_the_bound_of_clopper_and_pearson(metric, right):
    units = 40 if metric == "accuracy" else 20
    found = measure(rows_of(right), metric, 0.5, task_of("classification"), at=None)
    bound = beta.ppf(0.05, units, 1)
    assert (found.value, found.low, found.high) == pytest.approx((1.0, bound, 1.0) if right else (0.0, 0.0, 1 - bound))
    assert bound == pytest.approx(1 - 3 / units, abs=0.011)


@pytest.mark.parametrize("metric", OTHERS)
def test_other_metrics_have_none(metric):
    assert measure(rows_of(True), metric, 0.5, task_of("classification"), at=None) == Measured(1.0, None, None)


def test_rows_of_one_day_are_one_witness():
    """Twenty days of two rows each: the bound is that of 20, not of 40."""
    at = np.datetime64("2024-01-01", "us") + np.repeat(np.arange(20), 2) * np.timedelta64(86_400_000_000, "us")
    assert measure(rows_of(True), "accuracy", 0.5, task_of("classification"), at=at).low == pytest.approx(
        0.05 ** (1 / 20)
    )


def test_recall_of_a_model_that_never_acts_is_bounded_and_its_precision_is_not():
    frame = rows_of(True).with_columns(score=pl.lit(0.1))
    found = measure(frame, "recall", 0.5, task_of("classification"), at=None)
    assert (found.value, found.low) == (0.0, 0.0)
    assert measure(frame, "precision", 0.5, task_of("classification"), at=None) == Measured(0.0, None, None)


def test_a_perfect_model_passes_and_says_that_it_has_no_interval(table, spec):
    rows = table(400, timed=False)
    rows = replace(rows, label=(rows.frame["amount"].fill_null(0.0) > 0).cast(pl.Float64).to_numpy())
    project = spec(by="random", search="none", families=("lightgbm",))
    model, parts, _ = train(rows, project)
    found = evaluate(model, rows, parts, project, replicates=40)
    assert (found.metric, found.value.value, found.value.low) == ("average_precision", 1.0, None)
    assert found.value.why == f"every resample is perfect, {found.rows} rows"
    assert found.scores["accuracy"].low == pytest.approx(0.05 ** (1 / found.rows))
    assert found.gain_is_real
    assert f"no interval: {found.value.why}" in report(found, project)
    assert any(found.value.why in note for note in found.notes)
