"""The whole path on small tables: both kinds, no leak from test rows, limits kept, bad tables refused."""

from __future__ import annotations

import time
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.errors import DataError, SpecError
from treadle.scoring import task_of
from treadle.training import Evaluation, SearchResult, check, evaluate, report, search, split, train
from treadle.training.model import Trial
from treadle.training.pruning import hopeless


@pytest.mark.parametrize(
    ("kind", "by"),
    [("classification", "time"), ("classification", "stratified"), ("regression", "time"), ("regression", "random")],
)
def test_train_evaluate_report(table, spec, kind, by):
    rows, project = table(timed=by == "time", kind=kind), spec(kind, by=by)
    seen, told = [], []
    model, parts, found = train(rows, project, on_trial=lambda told: seen.append(told.kept.trial),
                                progress=lambda done, text: told.append(done))  # fmt: skip
    assert [t.number for t in seen] == list(range(4)) and len(told) > 4 and all(0 <= d <= 1 for d in told)
    assert model.summary.metric == ("rmse" if kind == "regression" else "average_precision")
    judged = evaluate(model, rows, parts, project, own={"n": lambda y, p, t: float(len(y))}, replicates=100)
    assert judged.gain_over_baseline.low > 0 and judged.own == {"n": len(parts.test)}
    assert judged.reference is not None and judged.value.low < judged.value.value < judged.value.high
    assert msgspec.json.decode(msgspec.json.encode(judged), type=Evaluation) == judged
    assert msgspec.json.decode(msgspec.json.encode(found), type=SearchResult) == found
    strongest = [i.feature for i in judged.importance]
    assert strongest.index("amount") < strongest.index("flag")
    html = report(judged, project, found, costs=[("Money", "0.01 USD")], made="Made by a test.")
    assert html.startswith("<!doctype html>") and "<script" not in html and "http" not in html
    if kind == "classification":
        assert judged.confusion.missed + judged.confusion.true_alarms == int(rows.label[parts.test].sum())
        assert judged.money.saved.value >= 0 and 0 <= judged.calibration_error < 0.2


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_a_test_row_changes_no_fitted_parameter(table, spec, family):
    rows, project = table(), spec(families=(family,), trials=2)
    model, parts, _ = train(rows, project)
    frame, label = rows.frame, rows.label.copy()
    test = np.isin(np.arange(len(rows)), parts.test)
    other = frame.with_columns(
        pl.when(pl.Series(test)).then(pl.lit(1e6)).otherwise("amount").alias("amount"),
        pl.when(pl.Series(test)).then(pl.lit("elsewhere")).otherwise("city").alias("city"),
    )
    label[parts.test] = np.roll(label[parts.test], 7)
    again, _, _ = train(replace(rows, frame=other, label=label), project)
    assert again.encoder == model.encoder and again.calibrator == model.calibrator
    assert again.threshold == model.threshold
    assert again.baseline.values.tolist() == model.baseline.values.tolist()
    train_rows = frame[parts.train]
    assert np.array_equal(again.margin(train_rows), model.margin(train_rows))


def test_the_deadline_is_kept_and_said(table, spec):
    rows, project = table(), spec(trials=500)
    start = time.monotonic()
    found = search(rows, split(rows, project.predict), project, deadline_s=1.5)
    assert time.monotonic() - start < 15
    assert found.stopped == "deadline" and any("ended at its" in note for note in found.notes)


def test_good_enough_stops_the_search(table, spec):
    rows, project = table(), spec(trials=50)
    project = msgspec.structs.replace(
        project, brief=msgspec.structs.replace(project.brief, good_enough={"average_precision": 0.3})
    )
    found = search(rows, split(rows, project.predict), project)
    assert found.stopped == "good_enough" and len(found.trials) == 2


def test_search_none_tries_defaults_only(table, spec):
    rows, project = table(), spec(search="none")
    found = search(rows, split(rows, project.predict), project)
    assert found.stopped == "no_search" and len(found.trials) == 2


def test_the_same_seed_gives_the_same_model(table, spec):
    rows, project = table(), spec(trials=3, search="random")
    (one, _, a), (two, _, b) = train(rows, project), train(rows, project)
    assert [t.params for t in a.trials] == [t.params for t in b.trials]
    assert np.array_equal(one.predict(rows.frame), two.predict(rows.frame))


def test_noise_is_called_no_gain(table, spec):
    rows, project = table(), spec(trials=2)
    rows = replace(rows, label=(np.random.default_rng(5).random(len(rows)) < 0.3).astype(float))
    model, parts, _ = train(rows, project)
    assert evaluate(model, rows, parts, project, replicates=100).verdict.startswith("No gain")


def test_the_median_rule():
    earlier = [Trial(i, "linear", {}, (0.5, 0.5), 0.5, 1.0, "complete") for i in range(3)]
    assert hopeless([0.4], earlier, 1) and not hopeless([0.6], earlier, 1) and hopeless([0.6], earlier, -1)
    assert not hopeless([0.4], earlier[:2], 1)


def _with(rows, **changes):
    return replace(rows, **changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.rows(np.arange(0)), "no rows with a label"),
        (lambda r: r.rows(np.arange(9)), "only 9 rows"),
        (lambda r: _with(r, label=np.ones(len(r))), "one class only"),
        (lambda r: _with(r, label=r.label * 3), "must be true or false"),
        (lambda r: _with(r, label=np.where(np.arange(len(r)) == 4, np.nan, r.label)), "label of row 4 is nan"),
        (lambda r: _with(r, label=np.where(np.arange(len(r)) == 4, np.inf, r.label)), "label of row 4 is inf"),
        (lambda r: _with(r, label=(np.arange(len(r)) < 3).astype(float)), "rarer class"),
        (lambda r: _with(r, frame=r.frame.with_columns(amount=pl.lit(None, pl.Float64))), '"amount" is empty'),
        (lambda r: _with(r, frame=r.frame.drop("city")), 'no column "city"'),
        (lambda r: _with(r, features=()), "no features"),
        (lambda r: _with(r, ids=["x"]), "`ids` has 1 rows"),
    ],
)
def test_bad_tables_are_refused(table, change, words):
    with pytest.raises(DataError, match=words):
        check(change(table()), task_of("classification"))


def test_a_constant_number_is_refused(table):
    rows = table(kind="regression")
    with pytest.raises(DataError, match="in every row"):
        check(_with(rows, label=np.full(len(rows), 2.5)), task_of("regression"))


def test_unknown_families_are_named(table, spec):
    rows, project = table(), spec(families=("lightgmb",))
    with pytest.raises(SpecError, match="lightgmb"):
        search(rows, split(rows, project.predict), project)
