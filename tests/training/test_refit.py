"""Fitted again on all rows: the same recipe, whatever the kind; sealed labels teach the released model alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from treadle.spec import ProjectSpec
from treadle.training import FittedModel, Refitted, TrainingTable, fit, in_units, refit, search, split
from treadle.training.keep import dump

Table = Callable[..., TrainingTable]
Spec = Callable[..., ProjectSpec]


def timeless(model: FittedModel) -> bytes:
    """The model without how long its fit took."""
    return dump(replace(model, summary=msgspec.structs.replace(model.summary, seconds=0.0)))


@pytest.mark.parametrize(("kind", "decides"), [("classification", True), ("regression", False)])
def test_it_is_the_same_recipe_on_more_rows(table: Table, spec: Spec, kind: str, decides: bool) -> None:
    rows, project = table(kind=kind), spec(kind, trials=2)
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    model, apart = refit(rows, parts, found, twin, project)
    assert (apart.rows, apart.twin_rows, apart.sealed) == (len(rows), len(parts.train), len(parts.test))
    assert len(parts.train) + len(parts.test) < len(rows)  # the gap before the cut, and labels that came too late
    assert 0 < apart.mean < apart.largest and (apart.turned is not None) == decides
    assert model.summary.members == twin.summary.members and model.threshold == twin.threshold
    assert model.calibrator == twin.calibrator and (model.unseen == twin.unseen).all()
    assert dump(refit(rows, parts, found, twin, project)[0]) == dump(model)


def test_sealed_labels_change_the_released_model_and_not_its_twin(table: Table, spec: Spec) -> None:
    rows, project = table(), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    label = rows.label.copy()
    label[parts.test] = 1 - label[parts.test]
    other = replace(rows, label=label)
    assert timeless(fit(other, parts, found, project)) == timeless(twin)
    model, apart = refit(rows, parts, found, twin, project)
    turned, far = refit(other, parts, found, twin, project)
    assert dump(model) != dump(turned) and far.largest > apart.largest


def test_rows_of_unlike_weight_are_weighed_over_all_of_them(table: Table, spec: Spec) -> None:
    """Whatever unit weights come in, so that penalties weigh as they do without weights."""
    rows, project = table(), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    weighed = in_units(replace(rows, weight=np.linspace(0.1, 3.0, len(rows))), parts.train)
    found = search(weighed, parts, project)
    twin = fit(weighed, parts, found, project)
    heavier = replace(weighed, weight=weighed.weight * 50)
    told = [refit(each, parts, found, twin, project)[0].predict(rows.frame) for each in (weighed, heavier)]
    assert np.abs(told[0] - told[1]).max() < 1e-9


def test_what_is_said_of_it_names_both_and_their_distance() -> None:
    said = Refitted(rows=2000, twin_rows=1500, sealed=500, largest=0.0312, mean=0.0049, turned=3).said()
    assert "all 2,000 rows" in said and "1,500 training rows" in said and "3 decisions" in said and "0.031" in said
    assert "decisions" not in Refitted(10, 8, 2, 0.5, 0.2, None).said()
