"""Figures of an evaluation by hand: weeks, slices, importance, the user's own metrics, and what is noted."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.scoring import task_of
from treadle.scoring.bootstrap import draws, of_score
from treadle.scoring.decisions import NEVER
from treadle.scoring.encoder import Encoder
from treadle.scoring.metrics import weighted
from treadle.scoring.steps import Number
from treadle.spec.brief import Brief, People
from treadle.training import FeatureColumn, Fitted, Provenance, TrainingTable, chance, evaluate, in_units, train, views
from treadle.training.describe import (
    SLICE_REPLICATES,
    calibration,
    class_table,
    confusion,
    curves,
    importance,
    slices,
)
from treadle.training.evaluation import _compare, _periods
from treadle.training.families import Linear

TASK = task_of("classification")


def test_weeks_go_from_monday_to_sunday_and_are_told_by_their_own_rows(table):
    """Sixteen days from a Monday, an hour a row: of the two days at the end there are too few rows."""
    rows = replace(table(24 * 16), weight=np.random.default_rng(2).uniform(0.5, 2.0, 24 * 16))
    p = np.random.default_rng(1).random(len(rows))
    found = _periods(rows, p, "brier", 0.5, 11)
    assert [(each.start, each.rows) for each in found] == [("2024-01-01", 168), ("2024-01-08", 168)]
    first = np.arange(168)
    y, draw = rows.label[first], draws(rows.label[first], rows.at[first], seed=11, weight=rows.weight[first])
    value = weighted("brier", y, p[first])
    drawn = [value(draw(number)) for number in range(SLICE_REPLICATES)]
    assert found[0].metric == of_score("brier", y, p[first], 0.5, value(draw.whole), drawn, draw.block)


def linear(**coef: float) -> Fitted:
    steps = tuple(map(Number, coef))
    slopes = np.array(list(coef.values()), dtype=np.float32)[:, None]
    return Fitted(Encoder(tuple(coef), steps), Linear(slopes, np.zeros(1, np.float32)), TASK.plain())


def numbers(label, weight=None, **columns) -> TrainingTable:
    features = tuple(FeatureColumn(name, "float") for name in columns)
    return TrainingTable(pl.DataFrame(columns), label, None, None, range(len(label)), features, weight=weight)


def test_importance_counts_rows_by_their_weight():
    """Of heavy rows one column tells the label, of light ones the other; the model believes both."""
    random = np.random.default_rng(1)
    one, other = random.normal(size=(2, 400))
    heavy = np.arange(400) % 2 == 0
    label = np.where(heavy, one > 0, other > 0).astype(float)
    drops = {}
    for name, weight in (("alike", None), ("heavy", np.where(heavy, 1000.0, 1.0))):
        found = importance(linear(one=1.0, other=1.0), numbers(label, weight, one=one, other=other), "roc_auc", 0.5)
        drops[name] = {each.feature: each.drop for each in found}
    assert drops["alike"]["other"] > 0.1 and drops["heavy"]["one"] > 0.1 > 0.05 > drops["heavy"]["other"]


def test_features_are_asked_in_step_with_the_prediction_while_there_is_time():
    random, left = np.random.default_rng(1), iter([False, False, True])
    columns = dict(zip("abc", random.normal(size=(3, 300)), strict=True))
    rows = numbers((columns["b"] + random.normal(size=300) > 0).astype(float), **columns)
    found = importance(linear(a=1.0, b=9.0, c=0.1), rows, "roc_auc", 0.5, until=lambda: next(left))
    assert {each.feature for each in found} == {"a", "b"} and found[0].feature == "b"


def test_a_slice_of_few_days_has_no_interval():
    """A level that 20 of 75 days have: two runs of days say nothing of how they scatter."""
    day = np.repeat(np.arange(75), 4)
    at = np.datetime64("2024-01-01", "us") + day * np.timedelta64(86_400_000_000, "us")
    kind = np.where(day < 20, "early", "late")
    y = (np.arange(300) % 3 == 0).astype(float)
    rows = TrainingTable(pl.DataFrame({"kind": kind}), y, at, at, range(300), (FeatureColumn("kind", "str"),))
    p = np.random.default_rng(1).random(300)
    early, late = slices(rows, TASK, p, "brier", 0.5, draws(y, at))
    assert (early.level, early.rows, early.metric.why) == ("early", 80, "36 days are needed, 20 there")
    assert (late.level, late.rows, late.metric.why) == ("late", 220, "") and late.metric.low < late.metric.value


def test_the_baseline_too_is_no_more_than_can_be():
    y = np.r_[np.ones(19), 0.0]
    found = _compare("brier", y, y, np.zeros(20), None, 0.5, draws(y, None), 60)
    assert found["baseline"].value == pytest.approx(0.95) and found["baseline"].high == 1.0


def test_what_is_noted_of_rows_and_what_rules_may_know(table, spec, monkeypatch):
    """The last 30 rows, all of them sealed, are of a class that nobody could learn; the commonest class, by which a
    rule decides that looks at nothing, is that of the training rows as they weigh."""
    rows = table(400)
    label = np.where(np.arange(400) >= 370, 2.0, rows.label)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, 400)
    rows = replace(rows, label=label, classes=("a", "b", "c"), weight=weight)
    project = spec(kind="multiclass", families=("linear",), search="none")
    model, parts, _ = train(rows, project)
    asked, dealt, real = [], {}, views.of_classes
    monkeypatch.setattr(views, "of_classes", lambda *args, shares: asked.append(shares) or real(*args, shares=shares))
    monkeypatch.setattr(chance, "reached", lambda *args, **more: dealt.update(more) or 9.0)
    found = evaluate(model, rows, parts, project, replicates=10, provenance=Provenance(dropped=100))
    told = in_units(rows, parts.train)
    known, test = told.rows(parts.train), told.rows(parts.test)
    shares = np.bincount(known.label.astype(int), weights=known.weight, minlength=3)
    assert asked[0] == pytest.approx(shares / shares.sum()) and asked[0][2] == 0.0
    assert "100 of 500 rows were left out: they have no label, or no time." in found.notes
    (said,) = [note for note in found.notes if "in no training row" in note]
    assert said.startswith("1 class of the test rows is") and '"c" (30)' in said
    assert np.array_equal(dealt["weight"], test.weight) and np.array_equal(dealt["at"], test.at) and not dealt["group"]
    assert (found.test_from, found.test_to) == (str(test.at.min()), str(test.at.max()))
    assert {each.name for each in found.checks} == {"one_feature", "duplicates", "time_order", "label_known"}
    assert not [note for note in found.notes if note.startswith("Not checked")]


def test_a_metric_of_the_user_s_own_is_given_the_threshold_and_what_nobody_would_ask_for_is_noted(table, spec):
    """That no row is acted upon; that of labels nothing says when they were known."""
    rows, project = replace(table(400), known=None), spec(families=("linear",), search="none")
    model, parts, _ = train(rows, project)
    never = replace(model, summary=msgspec.structs.replace(model.summary, threshold=NEVER))
    found = evaluate(never, rows, parts, project, own={"at": lambda y, p, threshold: threshold}, replicates=10)
    assert found.own == {"at": NEVER}
    said = [note.partition(":")[0] for note in found.notes]
    assert "No test row is acted upon" in said and "Not checked" in said


def test_each_view_counts_rows_by_their_weight():
    random = np.random.default_rng(4)
    y, p, weight = (random.random(300) < 0.4).astype(float), random.random(300), random.uniform(0.1, 9.0, 300)
    model, spec = (
        SimpleNamespace(threshold=0.3, metric="brier"),
        SimpleNamespace(brief=Brief(people=People(owner="ada"))),
    )
    draw = draws(y, None, weight=weight)
    seen = views.VIEWS["decisions"](views.Seen(TASK, model, p, y, spec, draw, 10, None))
    assert (seen["calibration_error"], seen["calibration"]) == calibration(p, y, weight)
    assert seen["curves"] == curves(p, y, weight) != curves(p, y, np.ones(300))
    assert seen["confusion"] == confusion(p, y, 0.3, spec.brief.mistakes, weight)
    task, each = task_of("multiclass", ("a", "b")), np.column_stack([1 - p, p])
    seen = views.VIEWS["classes"](views.Seen(task, model, each, y, spec, draw, 10, numbers(y, weight, p=p)))
    told = (p > 0.5).astype(np.int64)
    assert seen["calibration_error"] == calibration(np.maximum(p, 1 - p), (told == y).astype(float), weight)[0]
    assert seen["classes"] == class_table(y.astype(np.int64), told, ("a", "b"), weight)
