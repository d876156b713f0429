"""What a search compares where the metric is of decisions."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from treadle.scoring.tasks import task_of
from treadle.spec.brief import Mistakes
from treadle.training import search, split
from treadle.training.folds import Folds


def test_metrics_of_decisions_are_compared_as_costs_decide(table, spec):
    """What the folds say is what scikit-learn says of the decisions that the costs make of the same margins."""
    rows = table(500, timed=False)
    wanted = spec(by="stratified", trials=2)
    brief = msgspec.structs.replace(wanted.brief, mistakes=Mistakes(missed=9, false_alarm=1))
    wanted = msgspec.structs.replace(
        wanted, brief=brief, predict=msgspec.structs.replace(wanted.predict, metric="accuracy")
    )
    found = search(rows, split(rows, wanted.predict), wanted, threads=1)
    held, fold, margins = found.held.arrays()
    p = task_of("classification").link(margins)
    by_costs, by_half = (
        np.mean([accuracy_score(rows.label[held][fold == k], p[fold == k] >= at) for k in np.unique(fold)])
        for at in (0.1, 0.5)
    )
    assert found.value == pytest.approx(by_costs, abs=1e-3) and by_costs != pytest.approx(by_half, abs=1e-2)


def test_of_several_classes_too(table, spec):
    rows = table(400, timed=False)
    label = np.clip(np.floor(rows.label + rows.frame["count"].to_numpy() / 4), 0, 2)
    costs = ((0.0, 1.0, 9.0), (1.0, 0.0, 9.0), (1.0, 1.0, 0.0))
    rows = type(rows)(rows.frame, label, None, None, rows.ids, rows.features, classes=("a", "b", "c"))
    task = task_of("multiclass", rows.classes, costs)
    folds = Folds(rows, split(rows, spec("multiclass", by="stratified").predict).folds, task, "f1", 7, task.rule(0.5))
    margins = np.random.default_rng(3).normal(size=(len(folds.rows), 3))
    p = task.link(margins)
    decided = np.argmin(p @ np.array(costs), axis=1)
    by_hand = [
        f1_score(folds.truth[folds.number == k], decided[folds.number == k], average="macro")
        for k in range(len(folds.folds))
    ]
    assert [folds.score(margins[folds.number == k], k) for k in range(len(folds.folds))] == pytest.approx(by_hand)
