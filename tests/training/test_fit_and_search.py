"""What settings promise they do: weights change the fit, the bayesian search learns, stopped trials are told apart."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from treadle.scoring import task_of
from treadle.training import Evaluation, SearchResult, Trial, evaluate, report, search, split, train
from treadle.training.families import OWN as FAMILIES
from treadle.training.families import Sample
from treadle.training.keep import dump, restore
from treadle.training.suited import make_families, weight_option


def rare(n=1500, seed=1):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3)).astype(np.float32)
    return x, (x[:, 0] + random.normal(size=n) > 2.2).astype(float)


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=[pytest.mark.needs(FAMILIES[name].extra)] if FAMILIES[name].extra else [])
        for name in sorted(FAMILIES)
    ],
)
def test_even_classes_change_the_fit(family):
    """Positives weigh more, so that the model says yes more readily: by half the log-odds where nothing else tells."""
    x, y = rare()
    made = FAMILIES[family](task_of("classification"), weight_option=True)
    plain, even = (
        made.fit(Sample(x, y), {**made.defaults(), "rounds": 40, "even_classes": asked}).margin(x).mean()
        for asked in (False, True)
    )
    share = y.mean()
    assert 0 < share < 0.1
    assert even - plain == pytest.approx(np.log((1 - share) / share) / 2, rel=0.4)


def test_weights_even_out_by_the_square_root_of_the_odds():
    made = FAMILIES["linear"](task_of("classification"), weight_option=True)
    y = np.array([1.0] + [0.0] * 9)
    assert made.weights(y, {"even_classes": True}).tolist() == [3.0] + [1.0] * 9
    assert made.weights(y, {"even_classes": False}) is None and made.weights(y, {}) is None
    assert FAMILIES["linear"](task_of("regression")).weights(y, {"even_classes": True}) is None


def test_classes_are_evened_out_by_what_their_rows_weigh(table, spec):
    made, asked = FAMILIES["linear"](task_of("classification"), weight_option=True), {"even_classes": True}
    each = made.weights(np.array([1.0, 0.0, 0.0, 0.0]), asked)
    assert made.weights(np.array([1.0, 0.0, 0.0]), asked, np.array([1.0, 2.0, 1.0])).tolist() == each[:3].tolist()
    rows, project = table(), spec(families=("linear",))
    parts = split(rows, project.predict)
    light = replace(rows, weight=np.where(rows.label > 0.5, 0.05, 1.0))
    assert [make_families(each, parts, project, 1)[0].weight_option for each in (rows, light)] == [False, True]


@pytest.mark.parametrize(
    ("imbalance", "share", "asked"),
    [("auto", 0.09, True), ("auto", 0.11, False), ("auto", 0.95, True), ("weights", 0.5, True), ("none", 0.01, False)],
)
def test_when_evening_out_is_tried(spec, imbalance, share, asked):
    assert weight_option(spec(imbalance=imbalance), share) == asked


def test_a_search_with_weights_tries_both(table, spec):
    rows, project = table(), spec(trials=12, imbalance="weights", search="random", families=("linear",))
    parts = split(rows, project.predict)
    tried = {t.params["even_classes"] for t in search(rows, parts, project).trials}
    assert tried == {True, False}
    never = msgspec.structs.replace(project, train=msgspec.structs.replace(project.train, imbalance="none"))
    assert {t.params["even_classes"] for t in search(rows, parts, never).trials} == {False}


def test_a_kept_model_keeps_what_it_said_of_unseen_rows(table, spec):
    rows, project = table(), spec(trials=2, families=("linear",))
    model, parts, _ = train(rows, project)
    near = [fold for fold in parts.folds if 2 * len(fold.train) >= len(parts.train)]
    assert len(model.unseen) == sum(len(fold.valid) for fold in near) > 0
    again = restore(dump(model))
    assert np.array_equal(again.unseen, model.unseen)
    assert np.array_equal(again.reference.predict(rows.frame), model.reference.predict(rows.frame))


def test_a_stopped_trial_is_no_rival_of_a_whole_one(table, spec):
    """Its score is of its first folds: above the winner's it would look as if the winner were not the best."""
    rows, project = table(), spec(trials=2, families=("linear",))
    model, parts, _ = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=20)
    assert isinstance(judged, Evaluation)
    trials = (
        Trial(0, "linear", {"c": 0.5}, (0.5, 0.5), 0.5111, 1.0, "complete"),
        Trial(1, "linear", {"c": 0.6}, (0.9,), 0.9222, 1.0, "pruned"),
        Trial(2, "linear", {"c": 0.7}, (0.6, 0.6), 0.6333, 1.0, "complete"),
    )
    found = SearchResult("average_precision", "linear", {}, 0.6333, trials, 3.0, "trials")
    html = report(judged, project, found)
    rows_shown = html[html.index("<th", html.index("Settings") - 2000) :]
    places = [rows_shown.index(value) for value in ("0.6333", "0.5111", "0.9222")]
    assert places == sorted(places), "whole ones by score, then the stopped one"
    assert "stopped early after 1 fold" in rows_shown


def test_one_list_says_which_metrics_are_better_low():
    from treadle.monitoring import alerts
    from treadle.people import reviews
    from treadle.scoring import metrics
    from treadle.spec import choices

    lists = [module.LOWER_IS_BETTER for module in (alerts, reviews, metrics)]
    assert all(found is choices.LOWER_IS_BETTER for found in lists)
    assert set(choices.LOWER_IS_BETTER) == {
        "log_loss",
        "brier",
        "rmse",
        "mae",
        "mse",
        "poisson_deviance",
        "pinball",
        "width",
    }
    assert {m for of in choices.METRICS.values() for m in of if metrics.sign(m) < 0} == lists[0]


def test_a_setting_is_recorded_as_it_was_used(table, spec):
    """A leaf of at least 20 rows is none on 450: what was used is said, and not what was asked for."""
    rows, project = table(600), spec(search="none", families=("lightgbm",))
    model, parts, found = train(rows, project)
    (trial,) = found.trials
    assert trial.params["least_rows"] == 20
    assert trial.used == trial.params | {"least_rows": len(parts.folds[-1].train) // 50}
    assert model.summary.params["least_rows"] == len(parts.train) // 50
    booster = model.estimator.booster.model_to_string()
    assert f"[min_data_in_leaf: {len(parts.train) // 50}]" in booster
