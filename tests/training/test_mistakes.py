"""Costs of mistakes among classes as the brief states them, and decisions beside rules that look at nothing."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import SpecError
from treadle.scoring.bootstrap import Interval, draws
from treadle.scoring.decisions import NEVER
from treadle.scoring.tasks import task_of
from treadle.spec.brief import Mistakes
from treadle.training import costs_of, describe, evaluate, report, train
from treadle.training.mistakes import (
    COUNTED,
    FixedRule,
    Money,
    choose_threshold,
    idle,
    of_classes,
    of_decisions,
    row_costs,
)

NAMES = ("a", "b", "c")
DEAR = {"c": {"a": 20.0, "b": 20.0}}


def test_costs_stand_by_number_and_what_is_not_listed_costs_what_is_said():
    assert costs_of(Mistakes(), NAMES) == () == costs_of(Mistakes(costs=DEAR, unlisted=1), ())
    assert costs_of(Mistakes(costs=DEAR, unlisted=1), NAMES) == ((0, 1, 1), (1, 0, 1), (20, 20, 0))
    assert costs_of(Mistakes(unlisted=2), NAMES[:2]) == ((0, 2), (2, 0))
    right_costs = {"a": {"a": 0.5, "b": 3}, "b": {"a": 0}}
    assert costs_of(Mistakes(costs=right_costs), NAMES[:2]) == ((0.5, 3), (0, 0))


@pytest.mark.parametrize(
    ("costs", "unlisted", "what", "where", "mend"),
    [
        ({"aa": {"b": 1}}, 1, 'there is no class "aa"', "brief.mistakes.costs", 'did you mean "a"'),
        ({"a": {"bb": 1}}, 1, 'there is no class "bb"', "brief.mistakes.costs.a", 'did you mean "b"'),
        ({"a": {"b": 1, "c": 1}, "b": {"a": 1, "c": 1}}, None, 'rows that are "c"', "brief.mistakes.costs", "unlisted"),
        (
            {"a": {"b": 1, "c": 1}, "b": {"a": 1}, "c": {"a": 1, "b": 2}},
            None,
            '"b" taken for "c"',
            "brief.mistakes.costs.b",
            "unlisted: 1",
        ),
    ],
)
def test_costs_that_are_wrong_are_one_clear_error(costs, unlisted, what, where, mend):
    with pytest.raises(SpecError) as found:
        costs_of(Mistakes(costs=costs, unlisted=unlisted), NAMES)
    assert what in found.value.what and found.value.where == where and mend in found.value.mend


def test_all_that_is_wrong_with_costs_is_told_at_once():
    with pytest.raises(SpecError) as found:
        costs_of(Mistakes(costs={"x": {"a": 1}, "a": {"y": 1}}), NAMES)
    assert len(found.value.faults) == 5  # two names, two rows that are not there, one that lacks two classes


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_decisions_among_classes_cost_is_what_their_rows_cost(seed, weighed):
    random = np.random.default_rng(seed)
    p, y = random.dirichlet([1, 1, 1], 80), random.integers(0, 3, 80).astype(float)
    w = random.choice([1.0, 5.0], 80) if weighed else np.ones(80)
    matrix = random.integers(0, 9, (3, 3)) * (1 - np.eye(3)) + 0.5
    task = task_of("multiclass", NAMES, tuple(map(tuple, matrix.tolist())))
    shares = np.bincount(y.astype(int), weights=w, minlength=3)
    draw = draws(y, None, weight=w if weighed else None)
    found = of_classes(p, y, task, "EUR", "accuracy", draw, 50, shares=shares / shares.sum())
    told = [NAMES.index(task.decided(tuple(row), None).prediction) for row in p]
    each = [matrix[int(t), k] for t, k in zip(y, told, strict=True)]
    assert found.model.value == pytest.approx(np.average(each, weights=w))
    always = [np.average(matrix[y.astype(int), k], weights=w) for k in range(3)]
    common = found.fixed[0]
    assert common.name == f'always say "{NAMES[shares.argmax()]}", the commonest'
    assert common.cost == pytest.approx(always[shares.argmax()])
    assert common.score == pytest.approx(shares.max() / shares.sum())
    assert found.cheapest.cost == pytest.approx(min(always)) and found.currency == "EUR"
    assert found.saved.value == pytest.approx(min(always) - found.model.value)


def test_where_nothing_is_said_of_costs_each_mistake_is_one():
    p, y = np.array([[0.7, 0.2, 0.1]] * 40), np.array([0.0] * 30 + [1.0] * 10)
    shares = np.array([0.5, 0.4, 0.1])
    found = of_classes(p, y, task_of("multiclass", NAMES), "EUR", "log_loss", draws(y, None), 50, shares=shares)
    assert found.model.value == 0.25 and found.currency == COUNTED and found.unsaved == ""
    assert found.fixed == (FixedRule('always say "a", the commonest', 0.25, None),)


def test_the_commonest_class_is_that_of_the_training_rows_and_is_judged_on_the_test_rows():
    p, y = np.array([[0.7, 0.2, 0.1]] * 40), np.array([0.0] * 30 + [1.0] * 10)
    shares, draw = np.array([0.1, 0.9, 0.0]), draws(y, None)
    found = of_classes(p, y, task_of("multiclass", NAMES), "EUR", "accuracy", draw, 50, shares=shares)
    assert found.fixed == (FixedRule('always say "b", the commonest', 0.75, 0.25),)
    assert found.saved.value == pytest.approx(0.5)


def test_never_and_always_acting_stand_beside_the_model():
    y, p = np.array([1.0] * 10 + [0.0] * 30), np.linspace(0.9, 0.1, 40)
    found = of_decisions(p, y, 0.5, Mistakes(missed=4, false_alarm=1), "accuracy", draws(y, None), 50)
    assert found.fixed == (FixedRule("never act", 1.0, 0.75), FixedRule("always act", 0.75, 0.25))
    assert found.cheapest.name == "always act" and found.model.value == pytest.approx((p[10:] >= 0.5).mean() * 30 / 40)
    ranked = of_decisions(p, y, NEVER, Mistakes(missed=4, false_alarm=1), "roc_auc", draws(y, None), 50)
    assert ranked.model.value == 1.0 and [rule.score for rule in ranked.fixed] == [None, None]


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (Interval(0.1, 0.02, 0.2), False),
        (Interval(0.1, -0.02, 0.2), True),
        (Interval(0.0, 0.0, 0.0), True),
        (Interval(-0.1, -0.2, 0.0), True),
        (Interval(0.1, None, None, "few"), False),
        (Interval(0.0, None, None, "few"), True),
    ],
)
def test_a_model_that_surely_saves_nothing_says_so(saved, said):
    found = Money(Interval(0.4, 0.3, 0.5), (FixedRule("never act", 0.5), FixedRule("always act", 0.9)), saved, "EUR")
    assert bool(found.unsaved) is said
    if said:
        assert "0.40 (0.30 to 0.50) EUR, which is not surely less than to never act (0.5 EUR)" in found.unsaved
    assert msgspec.structs.replace(found, currency=COUNTED).unsaved == ""


def test_to_act_upon_nobody_is_a_threshold_too():
    random = np.random.default_rng(1)
    y, p = (random.random(500) < 0.05).astype(float), np.full(500, 0.05) + random.normal(scale=0.01, size=500)
    assert choose_threshold(p, y, Mistakes(missed=1, false_alarm=50)) == NEVER or p.max() < 50 / 51
    rank = np.where(y > 0.5, 0.2, 0.9)  # whoever is told likely is none: each action costs more than it saves
    assert choose_threshold(rank, y, Mistakes(missed=1, false_alarm=1)) == NEVER
    assert choose_threshold(np.array([0.2, 0.8]), np.array([0.0, 1.0]), Mistakes(missed=1, false_alarm=1)) == 0.5


def classes_of(table):
    """Three classes of unlike size, by the amount and some noise."""
    label = table.frame.get_column("amount").fill_null(0.0).to_numpy() + np.random.default_rng(2).normal(
        size=len(table)
    )
    return replace(table, label=np.digitize(label, [0.3, 1.4]).astype(float), classes=NAMES)


def test_a_model_of_classes_decides_by_costs_wherever_it_is_judged(table, spec):
    rows, plain = classes_of(table(700, timed=False)), spec(kind="multiclass", by="stratified", trials=5)
    brief = msgspec.structs.replace(plain.brief, mistakes=Mistakes(costs=DEAR, unlisted=1, currency="EUR"))
    wanted = msgspec.structs.replace(
        plain, brief=brief, predict=msgspec.structs.replace(plain.predict, metric="accuracy")
    )
    model, parts, _ = train(rows, wanted)
    found = evaluate(model, rows, parts, wanted, replicates=60)
    test = rows.rows(parts.test)
    p, y = model.predict(test.frame), test.label.astype(int)
    matrix = np.array(costs_of(wanted.brief.mistakes, NAMES))
    told = (p @ matrix).argmin(axis=1)
    assert model.summary.costs == found.costs == tuple(map(tuple, matrix.tolist())) and (told != p.argmax(axis=1)).any()
    assert found.value.value == pytest.approx((told == y).mean())
    assert found.money.model.value == pytest.approx(matrix[y, told].mean())
    assert found.classes.counts == tuple(tuple(int(((y == i) & (told == j)).sum()) for j in range(3)) for i in range(3))
    assert found.baseline.value == pytest.approx(np.bincount(y).max() / len(y)), "who knows nothing says the commonest"
    assert sum(found.histogram.positives) == (told == y).sum()
    assert found.money.model.value < min(matrix[y, k].mean() for k in range(3))
    page = report(found, wanted)
    assert "EUR per decision" in page and "least expected cost" in page and "Always say &quot;a&quot;, the comm" in page
    likeliest = evaluate(train(rows, plain)[0], rows, parts, plain, replicates=60)
    assert likeliest.costs == () and likeliest.money.currency == COUNTED
    assert "mistakes per decision" in report(likeliest, plain)


def test_a_class_that_no_row_has_is_refused_before_a_search(table, spec):
    rows, wanted = classes_of(table(300, timed=False)), spec(kind="multiclass", by="stratified", trials=1)
    brief = msgspec.structs.replace(wanted.brief, mistakes=Mistakes(costs={"d": {"a": 1}}, unlisted=1))
    with pytest.raises(SpecError, match='no class "d"'):
        train(rows, msgspec.structs.replace(wanted, brief=brief))


def test_a_probability_at_the_threshold_is_acted_upon_wherever_it_counts():
    p, y, task = np.array([0.5, 0.4]), np.array([1.0, 0.0]), task_of("classification")
    dear = Mistakes(missed=4, false_alarm=1)
    assert row_costs(p, y, 0.5, task, dear).tolist() == [0.0, 0.0]
    assert of_decisions(p, y, 0.5, dear, "accuracy", draws(y, None), 20).model.value == 0.0
    assert describe.confusion(p, y, 0.5, dear, np.ones(2)).true_alarms == 1
    assert idle(task, p, 0.5) == "" and idle(task, p[:1], 0.5).startswith("Every test row is acted upon")
    assert idle(task, p[1:], 0.5).startswith("No test row is acted upon")


def test_decisions_without_a_mistake_have_no_interval_of_what_they_cost():
    y = np.arange(60) % 2.0
    paid = of_decisions(y, y, 0.5, Mistakes(missed=4, false_alarm=1), "accuracy", draws(y, None), 60).model
    assert (paid.value, paid.low, paid.high, paid.why) == (0.0, None, None, "every resample is perfect, 60 rows")
    once = of_decisions(
        np.where(np.arange(60) == 1, 0.1, y), y, 0.5, Mistakes(missed=4), "f1", draws(y, None), 60
    ).model
    assert once.low == 0.0 < once.value < once.high


def test_what_is_saved_has_the_interval_of_the_savings():
    """Told right it costs nothing; of the rules that look at nothing the cheaper one costs a half."""
    y = np.arange(200) % 2.0
    found = of_decisions(y, y, 0.5, Mistakes(missed=4, false_alarm=1), "accuracy", draws(y, None), 60)
    assert found.saved.value == 0.5 and 0.35 < found.saved.low < 0.5 < found.saved.high < 0.65
