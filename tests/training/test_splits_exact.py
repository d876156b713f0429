"""Splits to the row and leak checks to the word: where each border lies, and on which side a row on it falls."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.errors import DataError
from treadle.training import FeatureColumn, TrainingTable, split, splits


def plain(n, **columns):
    """A table without time whose features are all different; its label is its number."""
    frame = pl.DataFrame({"x": np.arange(n, dtype=float), **columns})
    features = tuple(FeatureColumn(name, "float") for name in frame.columns)
    return TrainingTable(frame, np.arange(n, dtype=float), None, None, [str(i) for i in range(n)], features)


def timed(n, hours=1):
    at = np.datetime64("2024-01-01", "us") + np.arange(n) * np.timedelta64(hours, "h").astype("timedelta64[us]")
    return replace(plain(n), at=at, known=at)


def cut(spec, table, by="random", **rule):
    predict = spec("regression", by=by).predict
    return split(table, msgspec.structs.replace(predict, split=msgspec.structs.replace(predict.split, **rule)))


def check(made, name):
    return next(c for c in made.checks if c.name == name)


def test_rows_are_dealt_like_cards():
    assert splits._deal(np.arange(10), 0.2, 4).tolist() == [-1, -1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert splits._deal(np.arange(4), 0.01, 2).tolist() == [-1, 1, 0, 1], "at least one to the test part"
    assert splits._deal(np.array([3, 1, 0, 2]), 0.5, 2).tolist() == [1, -1, -1, 0]


@pytest.mark.parametrize("by", ["random", "stratified"])
def test_each_fold_is_all_training_rows_in_two_parts(spec, by):
    made = cut(spec, plain(100), by=by, test=0.2, folds=4)
    assert len(made.test) == 20 and len(made.train) == 80 and len(made.folds) == 4
    for fold in made.folds:
        assert len(fold.valid) == 20 and len(fold.train) == 60
        assert sorted([*fold.train, *fold.valid]) == made.train.tolist()


def test_strata_are_dealt_one_by_one(table, spec):
    rows = table(timed=False)
    made = split(rows, spec(by="stratified").predict)
    for value in (0.0, 1.0):
        whole = int((rows.label == value).sum())
        assert int((rows.label[made.test] == value).sum()) == round(whole * 0.25)
    other = split(rows, spec(by="stratified").predict, seed=8)
    assert not np.array_equal(made.test, other.test)


def test_folds_need_twenty_rows_to_train_on_and_five_to_validate(spec):
    assert len(cut(spec, plain(31), test=0.2, folds=5).folds) == 5, "each of 20 and 5"
    with pytest.raises(DataError, match="no usable folds") as caught:
        cut(spec, plain(30), test=0.2, folds=5)
    assert caught.value.where == "predict.split" and "fewer folds" in caught.value.mend


def test_groups_must_be_more_than_folds(spec):
    rows = plain(120)
    assert cut(spec, replace(rows, group=[i % 4 for i in range(120)]), by="group", folds=3, test=0.25).folds
    with pytest.raises(DataError, match="3 groups are too few for a test part and 3 folds"):
        cut(spec, replace(rows, group=[i % 3 for i in range(120)]), by="group", folds=3)


def test_the_cut_in_time_is_exact(spec):
    made = cut(spec, timed(100), by="time", test=0.25, folds=3, gap="2h")
    assert made.test.tolist() == list(range(75, 100)) and made.cut == timed(100).at[75]
    # label known at once, gap of two hours: rows 73 and 74 lie in it
    assert made.train.tolist() == list(range(73)) and made.purged == 2
    assert [(fold.valid[0], fold.valid[-1]) for fold in made.folds] == [(18, 35), (36, 53), (54, 72)][
        -len(made.folds) :
    ]
    for fold in made.folds:
        assert fold.train.tolist() == list(range(fold.valid[0] - 2))


def test_folds_in_time_expand_from_the_first_slice_on(spec):
    made = cut(spec, timed(400), by="time", test=0.25, folds=3, gap="0d")
    assert made.train.tolist() == list(range(300)) and made.purged == 0
    assert [fold.train.tolist() for fold in made.folds] == [list(range(75 * k)) for k in (1, 2, 3)]
    assert [fold.valid.tolist() for fold in made.folds] == [list(range(75 * k, 75 * k + 75)) for k in (1, 2, 3)]


def test_a_label_known_at_the_cut_is_known_too_late(spec):
    rows = timed(100)
    late = rows.at.copy()
    late[10], late[11] = rows.at[75], rows.at[75] - np.timedelta64(1, "us")
    made = cut(spec, replace(rows, known=late), by="time", test=0.25, folds=3, gap="0d")
    assert 10 not in made.train and 11 in made.train and made.purged == 1


def test_nothing_known_in_time_is_refused(table, spec):
    rows = timed(100)
    never = rows.at + np.timedelta64(900, "D")
    with pytest.raises(DataError, match="no usable folds"):
        cut(spec, replace(rows, known=never), by="time")
    classes = table()
    with pytest.raises(DataError, match="one class only") as caught:
        split(replace(classes, known=classes.at + np.timedelta64(900, "D")), spec().predict)
    assert caught.value.where == "predict.split" and "stratified" in caught.value.mend


def test_one_class_in_the_test_part_alone_is_refused(table, spec):
    rows = table()
    label = rows.label.copy()
    label[450:] = 0.0
    with pytest.raises(DataError, match="one class only"):
        split(replace(rows, label=label), spec().predict)


def test_a_fold_of_one_class_is_left_out(table, spec):
    rows = table()
    label = rows.label.copy()
    label[:300] = 0.0
    assert 0 < len(split(replace(rows, label=label), spec().predict).folds) < len(split(rows, spec().predict).folds)


def test_times_are_told_to_the_minute(spec):
    made = cut(spec, timed(100), by="time", test=0.25, folds=3, gap="2h")
    assert check(made, "time_order").text == (
        "The last training row is predicted at 2024-01-04 00:00 UTC, the first test row at 2024-01-04 03:00 UTC."
    )
    assert check(made, "time_order").ok and check(made, "label_known").ok
    assert check(made, "label_known").text == (
        "2 rows before the cut were left out: they lie in the gap, or their label was not known yet. "
        "The last training label was known at 2024-01-04 00:00 UTC."
    )


def test_a_table_with_times_may_be_split_at_random(spec):
    assert [c.name for c in cut(spec, timed(100)).checks] == ["duplicates"]


def test_checks_fail_where_order_is_broken(spec):
    """Held against a split that was made wrong: the checks look at the rows, not at how they were cut."""
    rows = timed(100)
    made = cut(spec, rows, by="time", test=0.25, folds=3, gap="0d")
    wrong = replace(made, train=np.append(made.train, 75))
    found = {c.name: c for c in splits.leak_checks(rows, wrong)}
    assert not found["time_order"].ok and not found["label_known"].ok
    groups = replace(rows, group=[i // 2 for i in range(100)])
    assert not next(c for c in splits.leak_checks(groups, replace(made, by="group")) if c.name == "groups").ok


def twins(n, same):
    """`n` rows, each row alone; then the first `same` training rows' features are given to as many test rows."""
    rows = plain(n)

    def with_twins(made):
        x = rows.frame.get_column("x").to_numpy().copy()
        x[made.test[:same]] = x[made.train[:same]]
        return replace(rows, frame=pl.DataFrame({"x": x}))

    return with_twins


@pytest.mark.parametrize(("same", "ok"), [(0, True), (1, True), (2, False), (3, False)])
def test_one_test_row_in_a_hundred_may_have_a_twin(spec, monkeypatch, same, ok):
    monkeypatch.setattr(splits, "_by_chance", lambda rows: 0.0)
    made = cut(spec, plain(1000), test=0.2, folds=2)
    found = check(cut(spec, twins(1000, same)(made), test=0.2, folds=2), "duplicates")
    assert found.ok == ok and found.share == same / 200
    assert found.text.startswith(f"{same} of 200 test rows ({same / 200:.2%}) have exactly the features")


@pytest.mark.parametrize(("chance", "ok"), [(0.01 / 3, True), (0.01 / 3 - 1e-4, False)])
def test_twins_may_be_three_times_what_chance_gives(spec, monkeypatch, chance, ok):
    monkeypatch.setattr(splits, "_by_chance", lambda rows: chance)
    made = cut(spec, plain(1000), test=0.2, folds=2)
    found = check(cut(spec, twins(1000, 2)(made), test=0.2, folds=2), "duplicates")
    assert found.ok == ok
    assert ("With so few different values, chance gives about 0%" in found.text) == ok


def test_what_chance_gives():
    rows = pl.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 2, 3]})
    assert splits._by_chance(rows) == pytest.approx(1 - np.exp(-4 * np.sqrt(0.5 * 0.25)))


def test_groups_of_one_row_are_on_one_side(spec):
    rows = plain(100)
    found = check(cut(spec, replace(rows, group=list(range(100)))), "groups")
    assert found.ok and found.share == 0 and found.text.startswith("0 groups")
    half = replace(rows, group=[0 if i < 50 else i for i in range(100)])
    made = cut(spec, half)
    found = check(made, "groups")
    assert not found.ok and found.text.startswith("1 groups")
    assert found.share == (made.test < 50).mean()
