"""What a model says of rows that it was not fitted on, for calibration and drift, is what the final model would say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from treadle.models.reference import numbers, score_numbers
from treadle.monitoring.drift import line
from treadle.scoring import task_of
from treadle.training import FeatureColumn, TrainingTable, train
from treadle.training.families import Sample
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.prepare import fit_encoder

FEATURES = tuple(FeatureColumn(f"x{i}", "float") for i in range(8))


def drawn(random, n, moved=0.0):
    """Rows whose label follows some of eight numbers, one every half hour; `moved`: by how much the first is moved."""
    x = random.normal(size=(n, 8))
    x[:, 0] += moved
    drive = 1.5 * (x[:, 0] + 0.7 * x[:, 1] * x[:, 2] + 0.5 * np.abs(x[:, 3]) - 1.4)
    label = (random.random(n) < 1 / (1 + np.exp(-drive))).astype(float)
    return pl.DataFrame({f"x{i}": x[:, i] for i in range(8)}), label


@pytest.fixture
def fitted(spec):
    """A gradient-boosted model of 600 rows, and the same distribution to draw more from."""

    def fit(seed, by="random"):
        random = np.random.default_rng(seed)
        frame, label = drawn(random, 600)
        at = np.datetime64("2024-01-01", "us") + np.arange(600) * np.timedelta64(1_800_000_000, "us")
        when = at if by == "time" else None
        table = TrainingTable(frame, label, when, when, list(range(600)), FEATURES)
        model, parts, _ = train(table, spec(by=by, search="none", families=("lightgbm",)), threads=1)
        return model, parts, table, random

    return fit


@pytest.mark.parametrize("by", ["random", "time"])
def test_folds_speak_with_as_many_rounds_as_the_final_model(fitted, by):
    """And of the folds only those that know at least half of what it knows: the first of a split by time know less."""
    model, parts, table, _ = fitted(2, by)
    family, margins = LightGBMFamily(task_of("classification"), threads=1, seed=7), []
    for part in reversed(parts.folds):
        if 2 * len(part.train) >= len(parts.train):
            rows = table.rows(part.train)
            encoder, x = fit_encoder(rows, linear=False, seed=7)
            held = encoder.matrix(table.frame[part.valid])
            margins.append(family.fit(Sample(x, rows.label), model.summary.params | {"least_rows": 300}).margin(held))
    wanted = model.calibrator.vector(np.concatenate(margins))
    assert model.unseen == pytest.approx(wanted.astype(np.float32), abs=1e-6)
    assert (len(margins) < len(parts.folds)) == (by == "time")


def test_scores_of_new_rows_do_not_drift_and_those_of_moved_rows_do(fitted):
    """Folds that had stopped at rounds of their own raised an alarm in 5 of these 8, of the same distribution."""
    false, true = 0, 0
    for seed in range(8):
        model, _, _, random = fitted(seed)
        known = score_numbers(model.unseen)
        new = model.predict(drawn(random, 1000)[0])
        false += line("scores", known, list(new)).verdict == "moved"
        true += line("scores", known, list(model.predict(drawn(random, 1000, 1.5)[0]))).verdict == "moved"
    assert false <= 1 and true == 8


def test_a_score_that_many_rows_share_stays_in_its_bin_whatever_its_last_digit():
    random = np.random.default_rng(1)
    scores = np.where(random.random(1000) < 0.2, 0.0802469135, 0.1 + 0.8 * random.random(1000))
    other = scores * (1 + 1e-7)
    assert line("s", numbers(scores, bins=10), list(other)).psi > 0.25, "the trap: its bin ends where it stands"
    assert line("s", score_numbers(scores), list(other)).verdict == "steady"
    assert line("s", score_numbers(scores.astype(np.float32)), list(scores)).psi < 0.01
