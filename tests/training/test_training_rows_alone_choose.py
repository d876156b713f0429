"""What is tried, by which metric, with which families and in which units: training rows say so, and no test row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from treadle.errors import DataError
from treadle.training import in_units, search, searching, split, train
from treadle.training.recency import days_ahead
from treadle.training.suited import make_families


def test_ways_metric_and_sizes_are_those_of_training_rows(table, spec, monkeypatch):
    rows, project = table(300), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    seen = {}

    def spied(name, place):
        real = getattr(searching, name)

        def told(*args, **options):
            seen[name] = options["rows"] if place is None else args[place]
            return real(*args, **options)

        monkeypatch.setattr(searching, name, told)

    for name, place in (("offers_groups", 0), ("with_more", 1), ("metric_of", 2), ("SearchState", None)):
        spied(name, place)
    search(rows, parts, project)
    ids = [rows.ids[place] for place in parts.train]
    assert seen["offers_groups"].ids == seen["with_more"].ids == ids
    assert np.array_equal(seen["metric_of"], rows.label[parts.train])
    assert seen["SearchState"] == len(parts.train), "what a model of so many rows costs who serves it"


def test_whether_a_class_is_rare_is_told_by_training_rows(table, spec):
    rows, project = table(400), spec(families=("linear",))
    parts = split(rows, project.predict)
    label = np.zeros(400)
    label[parts.train[::20]] = label[parts.test[::2]] = 1.0
    (family,) = make_families(replace(rows, label=label), parts, project, 1)
    assert family.weight_option and label.mean() > 0.1


def test_the_days_ahead_are_those_that_training_rows_span(table, spec):
    rows = table(400)
    parts = split(rows, spec().predict)
    times = rows.at[parts.train]
    assert days_ahead(rows, parts) == pytest.approx(float((times[-1] - times[0]) / np.timedelta64(1, "D")))
    assert days_ahead(rows, replace(parts, by="random")) is None and days_ahead(replace(rows, at=None), parts) is None


def test_units_are_those_of_training_rows(table):
    count = np.arange(1.0, 201.0)
    found = in_units(replace(table(200), weight=count, exposure=count), np.arange(50))
    assert found.weight[:50].mean() == pytest.approx(1.0) and found.unit == 25.5


def test_a_table_that_nothing_can_be_learned_from_is_refused_before_anything_is_tried(table, spec):
    rows = table(300)
    label = np.where(np.arange(300) == 4, np.nan, rows.label)
    with pytest.raises(DataError, match="label of row 4 is nan"):
        train(replace(rows, label=label), spec())
