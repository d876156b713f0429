"""The seed of a project reaches all that is drawn by chance, and another seed draws something else."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from treadle.scoring import task_of
from treadle.scoring.bootstrap import draws
from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Number
from treadle.testing.families import sample_of, task_named
from treadle.training import (
    FeatureColumn,
    Fitted,
    TrainingTable,
    chance,
    describe,
    evaluate,
    evaluation,
    fitting,
    folds,
    suited,
    train,
)
from treadle.training.families import Linear, families
from treadle.training.prepare.levels import fit_levels


def test_one_seed_reaches_everything_that_is_drawn(table, spec, monkeypatch):
    seen = defaultdict(set)

    def spied(module, name):
        real = getattr(module, name)

        def told(*args, **options):
            seen[module.__name__.rpartition(".")[2], name].add(options.get("seed"))
            return real(*args, **options)

        monkeypatch.setattr(module, name, told)

    asked = (
        (fitting, "split"), (fitting, "fit_encoder"), (folds, "fit_encoder"), (suited, "families"),
        (evaluation, "draws"), (describe, "importance"), (chance, "reached"),
    )  # fmt: skip
    for module, name in asked:
        spied(module, name)
    rows, project = table(300), spec(by="random", families=("linear",), search="none", seed=11)
    model, parts, _ = train(rows, project)
    evaluate(model, rows, parts, project, replicates=10)
    assert len(seen) == len(asked) and all(seeds == {11} for seeds in seen.values()), dict(seen)


@pytest.mark.parametrize("how", ["rows", "days", "groups", "dealt"])
def test_other_seeds_draw_other_rows(how):
    y = (np.arange(60) % 3 == 0).astype(float)
    at = np.datetime64("2024-01-01", "us") + np.arange(60) * np.timedelta64(86_400_000_000, "us")
    more = {"group": np.arange(60) % 20} if how == "groups" else {"dealt_from": 300} if how == "dealt" else {}
    one, other = (draws(y, at if how == "days" else None, seed=seed, **more)(3) for seed in (7, 8))
    assert not np.array_equal(one, other)


def test_other_seeds_deal_other_labels_and_shuffle_other_rows():
    random = np.random.default_rng(1)
    x = random.normal(size=200)
    y = (x + random.normal(size=200) > 0).astype(float)
    reached = [chance.reached("brier", y, 1 / (1 + np.exp(-x)), 0.5, seed=seed) for seed in (7, 8)]
    assert reached[0] != reached[1]
    model = Fitted(
        Encoder(("x",), (Number("x"),)),
        Linear(np.ones((1, 1), np.float32), np.zeros(1, np.float32)),
        task_of("classification").plain(),
    )
    rows = TrainingTable(pl.DataFrame({"x": x}), y, None, None, range(200), (FeatureColumn("x", "float"),))
    told = [describe.importance(model, rows, "brier", 0.5, seed=seed)[0].drop for seed in (7, 7, 8)]
    assert told[0] == told[1] != told[2]


def test_other_seeds_tell_training_rows_by_other_labels(table):
    rows = table(200, timed=False)
    one, again, other = (fit_levels(("city",), rows, False, seed)[1] for seed in (7, 7, 8))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["lightgbm", "extra_trees", "random_forest", "mlp"])
def test_another_seed_is_another_fit(name):
    rows, task = sample_of("regression", "linear", 300), task_named("regression")
    told = []
    for seed in (7, 7, 8):
        (family,) = families((name,), task, threads=1, seed=seed)
        told.append(family.fit(rows, {**family.defaults(), "rounds": 3, "trees": 3, "width": 8}).margin(rows.x))
    assert np.array_equal(told[0], told[1]) and not np.array_equal(told[0], told[2])


def test_a_network_begins_and_goes_on_by_its_seed():
    rows, task = sample_of("regression", "linear", 200), task_named("regression")
    one, other = (families(("mlp",), task, threads=1, seed=seed)[0] for seed in (7, 8))
    params = {**one.defaults(), "width": 4, "depth": 1}
    begun = [family._first(6, rows.y, params, np.ones(200))[0] for family in (one, other)]
    assert not np.array_equal(*begun)
    start = one.fit(rows, {**params, "rounds": 1})
    further = [family.resume(start, rows, {**params, "rounds": 2}).margin(rows.x) for family in (one, other)]
    assert not np.array_equal(*further), "in which order rows come, and what is left out"
