"""Rows that do not count alike: what a weight may be, and that it counts wherever a row does."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from treadle.errors import DataError
from treadle.scoring.bootstrap import blocks, draws, interval, of_score
from treadle.scoring.metrics import weighted
from treadle.scoring.steps import Levels
from treadle.scoring.tasks import task_of
from treadle.spec.brief import Mistakes
from treadle.training import calibrate, chance, check, describe, evaluate, fit, in_units, search, split, train, weighing
from treadle.training.blending import _surely_better
from treadle.training.folds import Folds
from treadle.training.keep import dump
from treadle.training.mistakes import choose_threshold
from treadle.training.prepare import fit_encoder
from treadle.training.weights import effective

WEIGHTS = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(0.01, 1e6))


def random_weights(table, seed=3):
    return np.random.default_rng(seed).choice([0.5, 1.0, 4.0], len(table))


def judged(table, spec):
    """The model's bytes without its seconds, what the test rows show, and the model with its split."""
    model, parts, _ = train(table, spec)
    found = evaluate(model, table, parts, spec, replicates=60)
    members = tuple(msgspec.structs.replace(member, seconds=0.0) for member in model.summary.members)
    timeless = msgspec.structs.replace(model.summary, seconds=0.0, members=members)
    return dump(replace(model, summary=timeless)), found, (model, parts)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([1.0, np.nan, np.nan, 2.0], "the weight w is missing, or no finite number, in 2 of 4 rows"),
        ([1.0, np.inf, 2.0, 2.0], "the weight w is missing, or no finite number, in 1 of 4 rows"),
        ([1.0, -2.5, -1.0, 2.0], "the weight w is below zero (the least is -2.5) in 2 of 4 rows"),
        ([0.0, 0.0, 0.0, 0.0], "the weight w is zero in all 4 rows"),
    ],
)
def test_weights_that_are_none_are_one_error_with_a_count(bad, said):
    with pytest.raises(DataError) as found:
        weighing(np.array(bad), "w")
    assert found.value.what == said and found.value.where == "predict.weight" and found.value.mend


def test_all_that_is_wrong_with_weights_is_told_at_once():
    with pytest.raises(DataError) as found:
        weighing(np.array([-1.0, np.nan, 1.0]), "w")
    assert [fault.what.partition(" in ")[2] for fault in found.value.faults] == ["1 of 3 rows", "1 of 3 rows"]


def test_rows_of_no_weight_are_told_apart():
    assert weighing(np.array([0.0, 2.0, 1e-300]), "w").tolist() == [False, True, True]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_table_with_such_a_weight_is_refused(table, bad):
    rows = table(200)
    weight = np.ones(200)
    weight[7] = bad
    with pytest.raises(DataError, match="weight"):
        check(replace(rows, weight=weight), task_of("classification"))
    with pytest.raises(DataError, match="`weight` has 3 rows"):
        check(replace(rows, weight=np.ones(3)), task_of("classification"))


@given(WEIGHTS, st.floats(1e-3, 1e3))
@settings(max_examples=60)
def test_weights_are_proportions(weight, factor):
    rows = np.arange(len(weight))
    one, other = (in_units(_rows(w), rows).weight for w in (weight, weight * factor))
    if (weight == weight[0]).all():
        assert one is None
    else:
        assert one is not None and one.mean() == pytest.approx(1.0)
        assert other is None or np.allclose(one, other)
    assert 1 - 1e-9 <= effective(weight) <= len(weight) * (1 + 1e-9)


def _rows(weight):
    from treadle.training import TrainingTable

    n = len(weight)
    return TrainingTable(pl.DataFrame({"x": np.zeros(n)}), np.zeros(n), None, None, range(n), (), weight=weight)


@pytest.mark.parametrize("by", ["time", "stratified"])
def test_equal_weights_are_the_model_without_to_the_last_byte(table, spec, by):
    rows, wanted = table(400, timed=by == "time"), spec(by=by, trials=2)
    without, with_equal = (judged(each, wanted) for each in (rows, replace(rows, weight=np.full(len(rows), 3.7))))
    assert without[0] == with_equal[0]
    assert without[1].value == with_equal[1].value


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_twice_all_weights_is_the_same_model(table, spec, kind):
    rows = table(400, kind=kind, timed=False)
    weight = random_weights(rows)
    wanted = spec(kind=kind, by="random", trials=2)
    once, twice = (judged(replace(rows, weight=weight * times), wanted) for times in (1.0, 2.0))
    assert once[0] == twice[0] and once[1].value == twice[1].value and once[1].slices == twice[1].slices
    p = once[2][0].predict(rows.frame)
    thrice = judged(replace(rows, weight=weight * 3.0), wanted)
    assert np.abs(thrice[2][0].predict(rows.frame) - p).max() < 1e-6 * max(1.0, np.abs(p).max())
    assert once[0] != judged(rows, wanted)[0], "weights change the model"


def test_every_figure_of_the_test_rows_is_weighted(table, spec):
    rows = table(900, timed=False)
    rows = replace(rows, weight=np.exp(np.random.default_rng(1).normal(size=900)))
    wanted = spec(by="stratified", trials=2)
    _, found, (model, parts) = judged(rows, wanted)
    test = rows.rows(parts.test)
    y, w, p = test.label, test.weight, model.predict(test.frame)
    act = p >= model.threshold
    theirs = {
        "average_precision": sk.average_precision_score(y, p, sample_weight=w),
        "roc_auc": sk.roc_auc_score(y, p, sample_weight=w),
        "log_loss": sk.log_loss(y, p, sample_weight=w),
        "brier": sk.brier_score_loss(y, p, sample_weight=w),
        "accuracy": sk.accuracy_score(y, act, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, act, sample_weight=w),
        "precision": sk.precision_score(y, act, sample_weight=w),
        "recall": sk.recall_score(y, act, sample_weight=w),
        "f1": sk.f1_score(y, act, sample_weight=w),
    }
    assert {name: value.value for name, value in found.scores.items()} == pytest.approx(theirs, rel=1e-9)
    assert found.value.low < found.value.value < found.value.high
    assert found.baseline.value == pytest.approx(np.average(y, weights=w))  # of the average precision
    assert found.share == pytest.approx(np.average(y, weights=w))
    cost = np.where(act, 1.0 - y, 5.0 * y)
    assert found.money.model.value == pytest.approx(np.average(cost, weights=w))
    assert [rule.cost for rule in found.money.fixed] == pytest.approx([5.0 * found.share, 1 - found.share])
    assert found.confusion.missed == round((w[~act & (y > 0.5)] / w.mean()).sum())
    told = next(each for each in found.slices if each.feature == "city")
    here = test.frame.get_column(told.feature).cast(pl.String).fill_null("(missing)").to_numpy() == told.level
    assert told.metric.value == pytest.approx(sk.average_precision_score(y[here], p[here], sample_weight=w[here]))
    assert found.by_rows == pytest.approx(sk.average_precision_score(y, p))
    assert model.summary.out_of_fold != found.by_rows
    mean = np.average(rows.label[parts.train], weights=rows.weight[parts.train])
    assert task_of("classification").link(model.baseline.margin(np.zeros(1)))[0] == pytest.approx(mean, abs=0.002)


def test_trials_are_compared_by_weighted_rows(table, spec):
    rows = table(600, timed=False)
    rows = replace(rows, weight=np.exp(np.random.default_rng(2).normal(size=600)))
    wanted = spec(by="stratified", trials=2)
    parts = split(rows, wanted.predict)
    found = search(in_units(rows, parts.train), parts, wanted)
    held, fold, margins = found.held.arrays()
    p = task_of("classification").link(margins)
    scores = [
        sk.average_precision_score(
            rows.label[held][fold == k], p[fold == k], sample_weight=rows.weight[held][fold == k]
        )
        for k in np.unique(fold)
    ]
    assert found.value == pytest.approx(np.mean(scores), rel=1e-3)
    model = fit(in_units(rows, parts.train), parts, found, wanted)
    told = model.calibrator.vector(margins)
    weight = in_units(rows, parts.train).weight[held]
    assert model.calibrator == calibrate.choose(margins[:, 0], rows.label[held], fold, weight)[0]
    assert model.threshold == choose_threshold(told, rows.label[held], wanted.brief.mistakes, weight)
    prices = [Mistakes(missed=missed, false_alarm=1) for missed in (2, 3, 4, 6, 8)]
    asked = [[choose_threshold(told, rows.label[held], price, w) for price in prices] for w in (weight, None)]
    assert asked[0] != asked[1], "weights move the threshold"
    assert model.summary.out_of_fold == pytest.approx(
        sk.average_precision_score(rows.label[held], told, sample_weight=rows.weight[held])
    )


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_a_weight_is_a_repetition_for_calibration_and_threshold(seed):
    random = np.random.default_rng(seed)
    margins = random.normal(size=120)
    y = (random.random(120) < 1 / (1 + np.exp(-1.5 * margins - 0.4))).astype(float)
    weight = random.integers(1, 5, 120)
    many = np.repeat(np.arange(120), weight)
    one, other = calibrate.platt(margins, y, weight.astype(float)), calibrate.platt(margins[many], y[many])
    grid = np.linspace(-3, 3, 50)
    assert np.abs(one.vector(grid) - other.vector(grid)).max() < 1e-6
    wide = random.normal(size=(120, 3))
    kinds, fold = random.integers(0, 3, 120).astype(float), np.arange(120) % 3
    losses = [
        calibrate.choose_classes(wide, kinds, fold, weight.astype(float))[1],
        calibrate.choose_classes(wide[many], kinds[many], fold[many])[1],
    ]
    assert losses[0] == pytest.approx(losses[1])
    p, mistakes = one.vector(margins), Mistakes(missed=4, false_alarm=1)
    chosen = choose_threshold(p, y, mistakes, weight.astype(float))

    def cost(threshold):
        return (weight * np.where(p >= threshold, 1 - y, 4 * y)).sum()

    assert cost(chosen) == pytest.approx(min(cost(each) for each in [*np.quantile(p, np.linspace(0, 1, 500)), 0.2]))


def test_isotonic_steps_are_weighted_means():
    margins, y = np.repeat([-1.0, 1.0], 200), np.tile([0.0, 1.0], 200)
    weight = np.where(y > 0.5, np.where(margins > 0, 9.0, 1.0), 1.0)
    told = calibrate.isotonic(margins, y, weight).vector(np.array([-1.0, 1.0]))
    assert told == pytest.approx([0.5, 0.9], abs=0.01)


def test_levels_are_told_by_weighted_labels(table):
    rows = table(500, timed=False)
    weight = np.random.default_rng(4).integers(1, 4, 500).astype(float)
    many = rows.rows(np.repeat(np.arange(500), weight.astype(np.int64)))
    for linear in (False, True):
        one, other = (fit_encoder(each, linear=False)[0] for each in (replace(rows, weight=weight), many))
        mine, theirs = (next(s for s in e.steps if isinstance(s, Levels)) for e in (one, other))
        assert mine.values.keys() == theirs.values.keys()
        for level, values in mine.values.items():
            assert values == pytest.approx(theirs.values[level], abs=0.02), linear


def test_chance_keeps_a_weight_with_its_label():
    random = np.random.default_rng(5)
    y, p = (random.random(400) < 0.1).astype(float), random.random(400)
    heavy = np.where(y > 0.5, 9.0, 1.0)
    luck = chance.reached("average_precision", y, p, 0.5, weight=heavy)
    rate = np.average(y, weights=heavy)
    assert rate < luck < rate + 0.15, "positives have half of the weight, so chance reaches a half"
    assert luck > chance.reached("average_precision", y, p, 0.5) + 0.2


def test_rows_of_unlike_weight_say_less():
    y = (np.arange(400) % 4 == 0).astype(float)
    even, uneven = draws(y, None).block, draws(y, None, weight=np.where(np.arange(400) < 40, 100.0, 1.0)).block
    assert even.evenness == 1 and even.units == 100
    assert uneven.units == pytest.approx(100 * uneven.evenness) and 0.1 < uneven.evenness < 0.12
    right = np.ones(400)
    found = [of_score("accuracy", y, np.where(y > 0.5, 0.9, 0.1), 0.5, 1.0, right, b) for b in (even, uneven)]
    assert found[0].low == pytest.approx(0.05 ** (1 / 400)) and found[1].low < found[0].low
    assert blocks(y, None).of(np.arange(9)).weight is None


@pytest.mark.parametrize("metric", ["brier", "accuracy", "roc_auc"])
def test_intervals_of_weighted_rows_hold_the_truth(metric):
    """Of 200 sets of 300 rows, whose weights go with the label: 95 % give or take 6."""

    def drawn(random, rows):
        score = random.normal(size=rows)
        y = (random.random(rows) < 1 / (1 + np.exp(-1.5 * score))).astype(float)
        return y, 1 / (1 + np.exp(-score)), np.exp(0.8 * random.normal(size=rows) + 0.5 * y)

    y, p, w = drawn(np.random.default_rng(0), 1_000_000)
    truth, held = weighted(metric, y, p)(w), 0
    for k in range(200):
        y, p, w = drawn(np.random.default_rng((9, k)), 300)
        draw, value = draws(y, None, seed=k, weight=w), weighted(metric, y, p)
        found = interval(value(draw.whole), [value(draw(number)) for number in range(100)], draw.block)
        held += found.low <= truth <= found.high
    assert 0.89 <= held / 200 <= 0.99


def test_a_group_of_rows_is_told_by_their_weights():
    p, y, w = np.repeat([0.2, 0.8], 50), np.tile([0.0, 1.0], 50), np.where(np.arange(100) % 2, 3.0, 1.0)
    error, bins = describe.calibration(p, y, w, bins=2)
    assert [b.observed for b in bins] == [0.75, 0.75] and error == pytest.approx((0.55 + 0.05) / 2)
    whole = describe.calibration(p, y, np.ones(100), bins=2)[1]
    assert bins[0].high - bins[0].low > 0.95 * (whole[0].high - whole[0].low)
    points = describe.curves(p, y, w)
    assert points[-1].precision == pytest.approx(0.75) and points[-1].recall == 1 and points[-1].false_alarm_rate == 1
    counts = describe.class_table(y.astype(np.int64), y.astype(np.int64), ("a", "b"), w).counts
    assert counts == ((25, 0), (0, 75))


def test_what_is_better_on_heavy_rows_is_surely_better(table, spec):
    rows = table(400, timed=False)
    heavy = np.arange(400) % 4 == 0
    wanted = spec(by="stratified")
    found = []
    for weight in (np.where(heavy, 30.0, 1.0), None):
        folds = Folds(
            replace(rows, weight=weight), split(rows, wanted.predict).folds, task_of("classification"), "brier", 7
        )
        right = np.where(folds.truth > 0.5, 2.0, -2.0)
        mostly = heavy[folds.rows]
        one, other = (np.where(knows, right, -right)[:, None] for knows in (mostly, ~mostly))
        found.append((_surely_better(folds, one, other), folds.objective(one) > folds.objective(other)))
    assert found == [(True, True), (False, False)]
