"""A model of pure chance has no gain, by any metric; an honest one has. Both are simulated, with fixed seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from treadle.scoring.bootstrap import Interval, blocks, draws
from treadle.training import chance, evaluate, report, train
from treadle.training.evaluation import _beyond, _compare, _real

DRAWN = 200


def passes(metric, y, p, rival, seed):
    """Whether the gate "gain over the trivial baseline" would hold."""
    drawn = _compare(metric, y, p, np.full(len(y), rival), None, 0.5, draws(y, None, seed=seed), 40)
    real = _real(drawn["gain_over_baseline"])
    return real and _beyond(metric, drawn["value"].value, chance.reached(metric, y, p, 0.5, seed=seed))


def share_passed(metric, *, rows=200, share=0.1, skill=0.0, times=DRAWN):
    """Scores of random rows: how often they pass. `skill`: how far positives lie above the others, in deviations."""
    passed = 0
    for k in range(times):
        random = np.random.default_rng((20261124, k))
        if metric in ("rmse", "mae", "r2"):
            y = random.normal(size=rows)
            p = 0.1 * random.normal(size=rows) + skill * y
            passed += passes(metric, y, p, 0.0, k)
            continue
        y = (np.arange(rows) < rows * share).astype(float)
        p = 1 / (1 + np.exp(-(random.normal(size=rows) + skill * y)))
        passed += passes(metric, y, p, share, k)
    return passed / times


@pytest.mark.parametrize(
    "metric",
    ["average_precision", "roc_auc", "log_loss", "brier", "accuracy", "balanced_accuracy", "precision", "recall", "f1",
     "rmse", "mae", "r2"],
)  # fmt: skip
def test_chance_does_not_pass(metric):
    """At most 2.5 % may; of 200, 10 are allowed for. Average precision once let 11 % pass, precision all of them."""
    assert share_passed(metric) <= 0.05


def test_chance_does_not_pass_with_few_positives():
    assert share_passed("average_precision", rows=400, share=0.05) <= 0.05


@pytest.mark.parametrize(("metric", "skill"), [("average_precision", 1.2), ("roc_auc", 1.2), ("f1", 1.2), ("r2", 0.3)])
def test_an_honest_model_passes(metric, skill):
    assert share_passed(metric, skill=skill, times=40) >= 0.9


def test_what_chance_reaches_is_one_in_forty():
    """Of fresh deals of the same labels, 2.5 % are better: from 1 to 4.5 % by the luck of 199 and of 2000 deals."""
    random = np.random.default_rng(3)
    y, p = (np.arange(300) < 30).astype(float), random.random(300)
    for metric in ("average_precision", "brier"):
        luck = chance.reached(metric, y, p, 0.5)
        assert luck == chance.reached(metric, y, p, 0.5), "the same seed, the same figure"
        value = [chance.metrics.weighted(metric, random.permutation(y), p)(np.ones(300)) for _ in range(2000)]
        assert 0.01 <= np.mean([_beyond(metric, v, luck) for v in value]) <= 0.045


def test_a_constant_has_no_gain():
    y = (np.arange(200) < 20).astype(float)
    assert not _beyond("average_precision", 0.1, chance.reached("average_precision", y, np.full(200, 0.1), 0.5))


def test_the_verdict_says_so(table, spec):
    rows, project = table(timed=False), spec(by="stratified", families=("linear",), trials=1)
    model, parts, search = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=60)
    assert judged.gain_is_real and judged.chance < judged.value.value
    lucky = replace_struct(judged, chance=judged.value.value)
    assert not lucky.gain_is_real
    assert replace_struct(judged, chance=None).gain_is_real, "an evaluation from before the question was asked"
    assert "chance" in report(judged, project, search) or judged.reference is not None


def replace_struct(found, **fields):
    import msgspec

    return msgspec.structs.replace(found, **fields)


def test_a_gain_that_chance_reaches_too_is_called_none(table, spec, monkeypatch):
    rows, project = table(timed=False), spec(by="stratified", families=("linear",), trials=1)
    model, parts, _ = train(rows, project)
    monkeypatch.setattr(chance, "reached", lambda *_, **__: 0.999)
    judged = evaluate(replace(model, reference=None), rows, parts, project, replicates=60)
    assert not judged.gain_is_real and judged.chance == 0.999
    assert judged.verdict.startswith("No gain") and "once in 40" in judged.verdict


def timed(days, rows):
    """Rows in no order of their own: (number of the day, hour of the day, time)."""
    random = np.random.default_rng(9)
    mixed = random.permutation(days * rows)
    day, hour = mixed // rows, mixed % rows % 24
    return day, hour, np.datetime64("2024-01-01", "us") + (day * 24 + hour) * np.timedelta64(3_600_000_000, "us")


def test_chance_that_goes_by_the_day_does_not_pass():
    """Labels and predictions each have good and bad days, not the same: rows dealt one by one let 11 % pass."""
    day, _, at = timed(40, 25)
    beyond = 0
    for k in range(120):
        random = np.random.default_rng((5, k))
        y = (random.random(1000) < 1 / (1 + np.exp(2 - random.normal(size=40)[day]))).astype(float)
        p = 0.3 * random.normal(size=40)[day] + 0.1 * random.normal(size=1000)
        value = chance.metrics.weighted("average_precision", y, p)(np.ones(1000))
        beyond += _beyond("average_precision", value, chance.reached("average_precision", y, p, 0.5, at=at, seed=k))
    assert beyond / 120 <= 0.05


@pytest.mark.parametrize("goes_by", ["day", "hour"])
def test_a_model_that_knows_the_day_or_the_hour_passes(goes_by):
    day, hour, at = timed(40, 25)
    for k in range(20):
        random = np.random.default_rng((6, k))
        drive = random.normal(size=40)[day if goes_by == "day" else hour]
        y = (random.random(1000) < 1 / (1 + np.exp(2 - drive))).astype(float)
        value = chance.metrics.weighted("roc_auc", y, drive)(np.ones(1000))
        assert _beyond("roc_auc", value, chance.reached("roc_auc", y, drive, 0.5, at=at, seed=k))


def test_chance_that_goes_by_the_group_does_not_pass():
    """As by the day, but with groups of many sizes: rows dealt one by one let 15 % pass, groups cut in two 7 %."""
    beyond = 0
    for k in range(120):
        random = np.random.default_rng((7, k))
        group = random.permutation(np.repeat(np.arange(40), 5 + np.arange(40)))
        y = (random.random(len(group)) < 1 / (1 + np.exp(2 - random.normal(size=40)[group]))).astype(float)
        p = 0.3 * random.normal(size=40)[group] + 0.1 * random.normal(size=len(group))
        value = chance.metrics.weighted("average_precision", y, p)(np.ones(len(group)))
        beyond += _beyond(
            "average_precision", value, chance.reached("average_precision", y, p, 0.5, group=group, seed=k)
        )
    assert beyond / 120 <= 0.05


def test_a_model_that_knows_the_group_passes():
    for k in range(20):
        random = np.random.default_rng((8, k))
        group = random.permutation(np.repeat(np.arange(40), 5 + np.arange(40)))
        drive = random.normal(size=40)[group]
        y = (random.random(len(group)) < 1 / (1 + np.exp(2 - drive))).astype(float)
        value = chance.metrics.weighted("roc_auc", y, drive)(np.ones(len(group)))
        assert _beyond("roc_auc", value, chance.reached("roc_auc", y, drive, 0.5, group=group, seed=k))


def test_the_evaluation_deals_by_group_after_a_split_by_group(table, spec):
    rows, project = table(timed=True), spec(by="group", families=("linear",), trials=1)
    rows = replace(rows, group=[i % 37 for i in range(len(rows))])
    model, parts, search = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=40)
    test, p = rows.rows(parts.test), model.predict(rows.rows(parts.test).frame)
    dealt = {"rule": model.summary.threshold, "seed": project.train.seed}
    assert judged.chance == chance.reached(judged.metric, test.label, p, group=test.group, **dealt)
    assert judged.chance != chance.reached(judged.metric, test.label, p, at=test.at, **dealt)
    page = report(judged, project, search)
    assert judged.drawn == "groups" and "by bootstrap of whole groups" in page and "of whole days" not in page


@pytest.mark.parametrize(
    ("by", "timed", "words"), [("time", True, "of whole days, in runs"), ("stratified", False, "of rows")]
)
def test_the_report_says_what_was_drawn(table, spec, by, timed, words):
    rows, project = table(timed=timed), spec(by=by, families=("linear",), trials=1)
    model, parts, _ = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=40)
    for found in (judged, replace_struct(judged, drawn="")):
        assert f"by bootstrap {words};" in report(found, project)


def test_a_gain_that_few_days_cannot_tell_says_why(table, spec):
    rows, project = table(timed=False), spec(by="stratified", families=("linear",), trials=1)
    model, parts, _ = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=40)
    assert judged.gain_untold == "", "it is told"
    few = replace_struct(judged, gain_over_baseline=Interval(0.2, None, None, "6 days are needed, 4 there"))
    assert not few.gain_is_real and few.gain_untold == "it is +0.2000, but 6 days are needed, 4 there"
    assert replace_struct(few, chance=few.value.value).gain_untold == "", "chance reaches it, which was measured"
    assert replace_struct(few, gain_over_baseline=Interval(-0.1, None, None, "few")).gain_untold == ""


def test_groups_of_one_class_each_leave_a_figure():
    group, few = np.repeat(np.arange(12), 5), np.repeat(np.arange(12) == 3, 5).astype(float)
    p = np.random.default_rng(1).random(60)
    assert np.isfinite(chance.reached("roc_auc", few, p, 0.5, group=group))


def test_a_deal_by_group_gives_each_group_the_labels_of_one():
    block = blocks(np.zeros(30), None, np.repeat(np.arange(6), [2, 3, 4, 5, 7, 9]))
    deal = chance._deal(block)
    for k in range(20):
        giver = block.member[deal(np.random.default_rng(k))]
        per_group = [set(giver[block.member == group]) for group in range(6)]
        assert all(len(given) == 1 for given in per_group) and len(set.union(*per_group)) == 6
