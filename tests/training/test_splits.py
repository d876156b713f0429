"""No row on both sides, nothing known too late on the training side, and leaks said in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as replace_in

from treadle.errors import DataError
from treadle.training import split


def test_time_split_purges_what_was_not_known(table, spec):
    rows = table()
    made = split(rows, spec().predict)
    assert len(np.intersect1d(made.train, made.test)) == 0
    assert rows.at[made.test].min() == made.cut
    assert rows.known[made.train].max() < made.cut
    assert rows.at[made.train].max() < made.cut - np.timedelta64(3, "h")
    assert made.purged == len(rows) - len(made.train) - len(made.test) > 0
    for fold in made.folds:
        assert set(fold.train) | set(fold.valid) <= set(made.train)
        assert rows.known[fold.train].max() < rows.at[fold.valid].min()
    assert all(check.ok for check in made.checks)


def test_rows_of_one_instant_stay_together(table, spec):
    rows = table()
    rows = replace(rows, at=rows.at.astype("datetime64[D]").astype("datetime64[us]"))
    made = split(rows, spec().predict)
    assert rows.at[made.train].max() < rows.at[made.test].min()


def test_order_of_rows_does_not_matter(table, spec):
    rows = table()
    mixed = np.random.default_rng(0).permutation(len(rows))
    ids = {rows.ids[i] for i in split(rows, spec().predict).test}
    shuffled = rows.rows(mixed)
    assert {shuffled.ids[i] for i in split(shuffled, spec().predict).test} == ids


@pytest.mark.parametrize("by", ["random", "stratified"])
def test_untimed_splits(table, spec, by):
    rows = table(timed=False)
    made = split(rows, spec(by=by).predict)
    assert sorted(np.concatenate([made.train, made.test])) == list(range(len(rows)))
    assert sorted(np.concatenate([fold.valid for fold in made.folds])) == sorted(made.train)
    if by == "stratified":
        assert rows.label[made.test].mean() == pytest.approx(rows.label.mean(), abs=0.01)
    again = split(rows, spec(by=by).predict)
    assert np.array_equal(made.test, again.test)


def test_groups_stay_together(table, spec):
    rows = table(timed=False)
    rows = replace(rows, group=[i % 37 for i in range(len(rows))])
    made = split(rows, spec(by="group").predict)
    group = np.array(rows.group)
    assert not set(group[made.train]) & set(group[made.test])
    for fold in made.folds:
        assert not set(group[fold.train]) & set(group[fold.valid])


def test_leaks_are_said(table, spec):
    rows = table(timed=False)
    twice = rows.rows(np.concatenate([np.arange(len(rows)), np.arange(len(rows))]))
    checks = {c.name: c for c in split(twice, spec(by="random").predict).checks}
    assert not checks["duplicates"].ok and "exactly the features" in checks["duplicates"].text


def test_wrong_splits_are_refused(table, spec):
    with pytest.raises(DataError, match="needs the time"):
        split(table(timed=False), spec().predict)
    with pytest.raises(DataError, match="needs the group"):
        split(table(), spec(by="group").predict)
    rows = table()
    with pytest.raises(DataError, match="one class"):
        split(replace(rows, label=(np.arange(len(rows)) < 50).astype(float)), spec().predict)


def test_folds_from_which_nothing_can_be_learned_or_measured_are_left_out(table, spec):
    """A slow start: no count at all in what the first fold trains on, which boosting refuses."""
    rows = table(1200, kind="regression")
    late = replace(rows, label=np.where(np.arange(1200) < 500, 0.0, np.arange(1200) % 3.0))
    usual, made = (split(late, spec(kind).predict) for kind in ("regression", "counts"))
    assert len(usual.folds) == 3 > len(made.folds) > 0
    assert all(late.label[fold.train].any() for fold in made.folds)
    quiet = replace(rows, label=np.where((np.arange(1200) > 200) & (np.arange(1200) < 500), 4.0, rows.label))
    by_r2 = replace_in(spec("regression").predict, metric="r2")
    found = split(quiet, by_r2)
    assert 0 < len(found.folds) < len(split(quiet, spec("regression").predict).folds)
    assert all(np.ptp(quiet.label[fold.valid]) > 0 for fold in found.folds)


def test_folds_that_hold_nothing_are_left_out_whatever_is_measured(table, spec):
    """Rows dated by the year: an edge between folds that lies within one year leaves a fold without any row."""
    years = np.datetime64("2020-01-01", "us") + (np.arange(400) // 100) * np.timedelta64(365, "D")
    rows = replace(table(400, kind="regression"), at=years, known=years + np.timedelta64(1, "D"))
    usual, by_r2 = (
        replace_in(spec("regression").predict, metric=metric, split=replace_in(spec().predict.split, test=0.2, folds=4))
        for metric in (None, "r2")
    )
    assert len(split(rows, by_r2).folds) == len(split(rows, usual).folds) < 4
