"""Which of the tried settings become a blend: chosen step by step, few, light, and only where it is surely better."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from treadle.scoring import task_of
from treadle.training import blending, split
from treadle.training.blending import MOST, MOST_MEMBERS, _surely_better, blend
from treadle.training.families import Footprint
from treadle.training.folds import Folds

LIGHT = Footprint(row_us=1.0, mb=0.1)


class Near:
    """Folds in which the best margins are those nearest to `wanted`."""

    def __init__(self, wanted):
        self.wanted = wanted

    def objective(self, margins):
        return -float(((margins - self.wanted) ** 2).sum())


def drawn(seed):
    random = np.random.default_rng(seed)
    margins = list(np.round(random.normal(size=(6, 5)), 1))
    near = Near(np.round(random.normal(size=5) * 0.3, 1))
    return near, margins, [near.objective(each) for each in margins]


@pytest.fixture
def sure(monkeypatch):
    monkeypatch.setattr(blending, "_surely_better", lambda *args: True)


def test_the_one_that_helps_most_is_added_again_and_again(sure):
    near, margins, values = drawn(3)
    found = blend(near, margins, values, [LIGHT] * 6)
    assert found == pytest.approx({1: 1 / 8, 2: 2 / 8, 3: 4 / 8, 4: 1 / 8})


def test_there_are_few_members(sure):
    margins = list(np.eye(6))
    found = blend(Near(np.full(6, 1 / 6)), margins, [0.0] * 6, [LIGHT] * 6)
    assert len(found) == MOST_MEMBERS == 4 and found == pytest.approx(dict.fromkeys(range(4), 1 / 4))


def test_what_would_hardly_weigh_is_left_out_and_the_others_share_its_weight(sure):
    near, margins, values = drawn(5302)
    assert blend(near, margins, values, [LIGHT] * 6) == pytest.approx({0: 7 / 13, 4: 6 / 13})


def test_the_best_begins_and_is_what_is_left_where_no_blend_is_sure(monkeypatch):
    near, margins, values = drawn(3)
    compared = []
    monkeypatch.setattr(blending, "_surely_better", lambda folds, one, other: compared.append((one, other)))
    best = int(np.argmax(values))
    assert blend(near, margins, values, [LIGHT] * 6) == {best: 1.0}
    ((one, other),) = compared
    assert other is margins[best] and near.objective(one) > values[best]
    assert one == pytest.approx((margins[1] + 2 * margins[2] + 4 * margins[3] + margins[4]) / 8)


def test_all_members_together_are_within_the_footprint_and_the_time(sure):
    near, margins = Near(np.full(6, 1 / 6)), list(np.eye(6))
    third = Footprint(row_us=MOST.row_us * 0.4, mb=0.1)
    assert len(blend(near, margins, [0.0] * 6, [third] * 6)) == 2, "three would be too slow"
    heavy = Footprint(row_us=1.0, mb=MOST.mb / 3)
    assert len(blend(near, margins, [0.0] * 6, [heavy] * 6)) == 3
    assert len(blend(near, margins, [0.0] * 6, [LIGHT] * 6, [2.0] * 6, 6.5)) == 3, "the best has its time too"
    found = blend(near, margins, [0.0] * 6, [LIGHT] * 6, [1.0, 9.0, 1.0, 1.0, 1.0, 1.0], 3.0)
    assert set(found) == {0, 2, 3}, "what is slow gives way to what is not"


@pytest.fixture
def folds(table, spec):
    def made(metric="log_loss", **columns):
        rows, project = replace(table(300), **columns), spec()
        return Folds(rows, split(rows, project.predict).folds, task_of("classification"), metric, 7)

    return made


def says(folds, random, noise):
    return np.where(folds.truth > 0.5, 1.0, -1.0)[:, None] + noise * random.normal(size=(len(folds.rows), 1))


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_better_is_less_of_a_loss_and_more_of_a_gain(folds, metric):
    made, random = folds(metric), np.random.default_rng(1)
    good, bad = says(made, random, 0.5), says(made, random, 3.0)
    assert _surely_better(made, good, bad) and not _surely_better(made, bad, good)
    assert not _surely_better(made, good, good.copy()), "alike is not better"


def test_what_nine_of_ten_draws_do_not_show_is_not_sure(folds, monkeypatch):
    made, random = folds(), np.random.default_rng(4)
    one, other = says(made, random, 2.0), says(made, random, 2.0)
    likelier, lesser = sorted((one, other), key=made.objective, reverse=True)
    assert not _surely_better(made, likelier, lesser)
    monkeypatch.setattr(blending, "_SURE", 0.5)
    assert _surely_better(made, likelier, lesser) and not _surely_better(made, lesser, likelier)


def test_rows_count_by_their_weight_and_all_folds_do(folds):
    made = folds(weight=np.where(np.arange(300) % 5 == 0, 100.0, 1.0))
    right = np.where(made.truth > 0.5, 1.0, -1.0)[:, None]
    heavy = (made.weight > 1)[:, None]
    assert _surely_better(made, np.where(heavy, right, -right), np.where(heavy, -right, right))
    first = (made.number == 0)[:, None]
    made = folds()
    assert _surely_better(made, np.where(first, 3 * right, 0.9 * right), np.where(first, -3 * right, right))


def test_a_draw_in_which_a_fold_tells_nothing_leaves_the_others_to_tell(folds):
    """One positive in each fold: more than a third of the draws of a fold are without it."""
    made = folds("roc_auc")
    made.truth = np.zeros(len(made.rows))
    made.truth[[int(np.argmax(made.number == number)) for number in range(3)]] = 1.0
    right = np.where(made.truth > 0.5, 1.0, -1.0)[:, None]
    assert _surely_better(made, right, -right)


def of_days(table, spec):
    """A hundred days of 24 rows, in order of time."""
    rows, project = table(2400, kind="regression"), spec("regression")
    return Folds(rows, split(rows, project.predict).folds, task_of("regression"), "mae", 7)


def of_lucky(folds, together):
    """Margins off by nothing where one of eight of `together` is (days, say), by two elsewhere, and such that are off
    by twelve there and by one elsewhere: the first are the better ones on average, for those few alone."""
    chosen = np.concatenate([_first_eighth(together[fold.valid]) for fold in folds.folds])
    return [(folds.truth + np.where(chosen, there, else_))[:, None] for there, else_ in ((0.0, 2.0), (12.0, 1.0))]


def _first_eighth(values):
    known = np.unique(values)
    return np.isin(values, known[: max(1, len(known) // 8)])


def test_a_gain_that_is_owed_to_a_few_lucky_days_is_not_sure(table, spec):
    made = of_days(table, spec)
    days = made.table.at.astype("datetime64[D]")
    assert min(len(np.unique(days[fold.valid])) for fold in made.folds) >= 16
    lucky, other = of_lucky(made, days)
    assert made.objective(lucky) > made.objective(other) and not _surely_better(made, lucky, other)
    untimed = of_days(table, spec)
    untimed.table = replace(untimed.table, at=None)
    assert _surely_better(untimed, lucky, other), "as many rows, each lucky by itself"


def test_a_gain_that_is_owed_to_few_groups_is_not_sure(table, spec):
    made = of_days(table, spec)
    group = np.arange(2400) % 25
    made.table = replace(made.table, at=None, group=[f"g{number}" for number in group])
    lucky, other = of_lucky(made, group)
    assert made.objective(lucky) > made.objective(other) and not _surely_better(made, lucky, other)


def test_where_days_are_too_few_rows_are_drawn_one_by_one(folds):
    made = folds()
    assert made.drawn(0).block.kind == "rows" and len(np.unique(made.table.at.astype("datetime64[D]"))) < 15


def test_the_later_folds_count_by_the_rows_that_they_were_fitted_on(table, spec):
    """The earliest fold was fitted on a third of the rows of the latest: a loss there twice as large as the gain here
    is none on the whole."""
    made = of_days(table, spec)
    rows = [len(fold.train) for fold in made.folds]
    assert rows[0] > 2.5 * rows[-1]
    latest, earliest = (made.number == number for number in (0, len(made.folds) - 1))
    one = (made.truth + np.where(earliest, 2.0, np.where(latest, 0.0, 1.0)))[:, None]
    other = (made.truth + np.where(earliest, 0.0, 1.0))[:, None]
    assert _surely_better(made, one, other) and made.objective(one) > made.objective(other)


@pytest.mark.parametrize(("gains", "sure"), [(36, True), (35, False)])
def test_nine_of_ten_draws_are_36_of_40(gains, sure):
    """Of two rows one is told better by the first, the other by the second; each draw has one of them."""
    first, second = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    near = SimpleNamespace(
        folds=[0], number=np.zeros(2), truth=np.zeros(2), metric="mae", rule=0.5, mean=lambda scores: scores[0],
        told=lambda margins, here: margins[:, 0], drawn=lambda fold: lambda number: first if number < gains else second,
    )  # fmt: skip
    assert _surely_better(near, second[:, None], first[:, None]) == sure


def test_each_fold_is_drawn_by_itself_and_its_rows_keep_their_weight(table, spec):
    weight = np.random.default_rng(1).uniform(1, 9, 2400)
    made = of_days(table, spec)
    made = Folds(replace(made.table, weight=weight), made.folds[::-1], made.task, "mae", 7)
    draws = [made.drawn(number) for number in (0, 1)]
    assert [draw.block.kind for draw in draws] == ["days", "days"]
    assert not np.array_equal(draws[0](0)[:200] > 0, draws[1](0)[:200] > 0)
    for number, draw in enumerate(draws):
        mine = made.weight[made.number == number]
        assert (draw.whole == mine).all() and np.isin(np.round(draw(0) / mine, 6), np.arange(40)).all()
