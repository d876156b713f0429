"""Folds as settings are compared on them: which rows, how long they grow, what is kept, by models that are made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from treadle.errors import DataError
from treadle.scoring import task_of
from treadle.training import folds as module
from treadle.training import split
from treadle.training.families import families
from treadle.training.folds import Folds, Tried, _enough
from treadle.training.recency import RECENT
from treadle.training.splits import Fold
from treadle.training.thinning import thin


@dataclass(frozen=True)
class Grown:
    """Of `wanted` rounds, which can speak with `most`; what it says is how many it speaks with."""

    rounds: int
    most_rounds: int

    def margin(self, x):
        return np.full((len(x), 1), self.rounds / 10)

    def cut(self, rounds):
        assert rounds <= self.most_rounds
        return Grown(rounds, self.most_rounds)


@pytest.fixture
def folds(table, spec):
    def made(metric="log_loss", kind="classification", **columns):
        rows, project = table(300, kind=kind), spec(kind=kind)
        task = task_of(kind)
        return Folds(replace(rows, **columns), split(rows, project.predict).folds, task, metric, 7)

    return made


@pytest.fixture
def linear():
    (family,) = families(("linear",), task_of("classification"), threads=1)
    return family


def grows(monkeypatch, *found):
    """Each fit gives the next of them; how each was asked for."""
    asked, left = [], list(found)

    def learn(family, rows, params, held=None, **options):
        asked.append(params | options)
        return left.pop(0)

    monkeypatch.setattr(module, "learn", learn)
    return asked


def test_the_newest_fold_is_the_first(folds, table, spec):
    made = folds()
    newest_first = split(table(300), spec().predict).folds[::-1]
    assert [f.valid.tolist() for f in made.folds] == [f.valid.tolist() for f in newest_first]
    for number, fold in enumerate(made.folds):
        assert made.rows[made.number == number].tolist() == fold.valid.tolist()


def test_folds_speak_and_are_scored_with_the_middle_of_the_rounds_they_wanted(folds, linear, monkeypatch):
    made = folds()
    asked = grows(monkeypatch, Grown(9, 30), Grown(4, 5), Grown(7, 30))
    tried = made.run(linear, {}, hopeless=lambda early: False, seconds=3.0)
    assert tried.rounds == 7 and tried.grown == (30, 5, 30) and not tried.failed
    said = [np.unique(tried.margins[made.number == k]) for k in range(3)]
    assert np.concatenate(said) == pytest.approx([0.7, 0.5, 0.7]), "one cannot speak with so many"
    scores = [made.score(tried.margins[made.number == k], k) for k in range(3)]
    assert tried.scores == pytest.approx(scores) and tried.margins.dtype == np.float32
    assert {each["seconds"] for each in asked} == {3.0} and {each["metric"] for each in asked} == {"log_loss"}


def test_it_is_given_up_between_folds_and_not_after_the_last(folds, linear, monkeypatch):
    made, seen = folds(), []

    def hopeless(early):
        seen.append(list(early))
        return len(early) == 3

    grows(monkeypatch, *[Grown(5, 5)] * 3)
    wanted = [made.score(np.full((int((made.number == k).sum()), 1), 0.5), k) for k in range(3)]
    assert len(set(wanted)) == 3
    tried = made.run(linear, {}, hopeless=hopeless)
    assert [len(early) for early in seen] == [1, 2] and seen[-1] == pytest.approx(wanted[:2])
    assert tried.margins is not None
    grows(monkeypatch, Grown(5, 5), Grown(3, 5))
    tried = made.run(linear, {}, hopeless=lambda early: len(early) == 2)
    assert tried.margins is None and tried.rounds == 4 and not tried.failed and len(tried.scores) == 2


def test_a_score_that_is_no_number_fails_and_is_not_kept(folds, linear, monkeypatch):
    made = folds()
    grows(monkeypatch, Grown(5, 5), Grown(5, 5))
    score = Folds.score
    monkeypatch.setattr(Folds, "score", lambda self, m, k: float("nan") if k == 1 else score(self, m, k))
    tried = made.run(linear, {}, hopeless=lambda early: False)
    assert tried.failed and tried.margins is None and len(tried.scores) == 1 and np.isfinite(tried.scores[0])


def test_margins_are_made_anew_of_those_folds_alone_that_stopped_before(folds, linear, monkeypatch):
    made = folds()
    before = np.zeros((len(made.rows), 1))
    asked = grows(monkeypatch, Grown(7, 7))
    found = made.exact(linear, {"c": 1.0, "rounds": 3}, Tried((0.5,) * 3, 7, before, (7, 5, 9)))
    assert asked == [{"c": 1.0, "rounds": 7}]
    assert found[:, 0] == pytest.approx(np.where(made.number == 1, 0.7, 0.0)) and not before.any()
    assert not made.exact(linear, {}, Tried((0.5,) * 3, 0, before, (0, 0, 0))).any()


def test_the_pace_is_of_rounds_alone(folds, linear, monkeypatch):
    made, now, first = folds(), [0.0], [100.0]

    def learn(family, rows, params):
        if first[0]:
            assert len(rows) == min(module.LEAST_TRIED, len(made.folds[0].train)) > 100
        now[0] += 1.0 + 0.5 * params["rounds"] + first[0]
        first[0] = 0.0
        return Grown(params["rounds"] if params.get("grows") else 0, 9)

    monkeypatch.setattr(module, "learn", learn)
    assert made.pace(linear, {"grows": True}, lambda: now[0]) == pytest.approx(0.5), "what begins it counts for none"
    assert made.pace(linear, {}, lambda: now[0]) == 0.0, "it does not grow"


def test_what_was_encoded_longest_ago_is_forgotten_where_all_is_too_much(folds, monkeypatch):
    made = folds()
    cells = sum(part.x.size for part in made.get(0, "trees"))
    monkeypatch.setattr(module, "MOST_KEPT_CELLS", cells)
    first = made.get(0, "trees")
    made.get(1, "trees")
    assert made.get(0, "trees")[0] is first[0], "as much as may be kept is"
    made.get(2, "trees")
    assert {number for number, *_ in made._kept} == {1, 2}
    assert made.get(0, "trees")[0] is not first[0]


def test_old_rows_weigh_less_where_it_is_asked_for(folds, linear):
    made = folds()
    (recent,) = [name for name in RECENT if name == "fifth"]
    plain, held = made.rows_of(0, linear, {})
    aged, same = made.rows_of(0, linear, {"recent": recent})
    assert plain.weight is None and held is same and same.weight is None
    assert aged.weight[0] < aged.weight[-1]


def test_weights_and_exposures_of_rows_count_in_a_score(folds):
    weight, exposure = np.linspace(0.1, 9.0, 300), np.linspace(1.0, 3.0, 300)
    plain, heavy = folds(), folds(weight=weight)
    margins = np.linspace(-2, 2, len(plain.rows))[:, None]
    here = plain.number == 1
    p, y = 1 / (1 + np.exp(-margins[here, 0])), plain.truth[here]
    losses = -np.where(y > 0.5, np.log(p), np.log(1 - p))
    assert plain.score(margins[here], 1) == pytest.approx(losses.mean())
    wanted = np.average(losses, weights=weight[plain.rows[here]])
    assert heavy.score(margins[here], 1) == pytest.approx(wanted) and wanted != pytest.approx(losses.mean())
    over = folds(exposure=exposure, unit=2.0)
    times = exposure[over.rows[here]] / 2.0
    assert over.told(margins[here], here) == pytest.approx(plain.told(margins[here], here) * times)
    assert plain.objective(margins) == -plain.mean([plain.score(margins[plain.number == k], k) for k in range(3)])


def test_wide_tables_and_long_ones_are_compared_on_fewer_rows(table, spec, monkeypatch):
    rows, parts, task = table(300), split(table(300), spec().predict), task_of("classification")
    assert not Folds(rows, parts.folds, task, "log_loss", 7).thinned
    assert Folds(rows, parts.folds, task, "log_loss", 7).most_rows == module.MOST_FIT_ROWS
    monkeypatch.setattr(module, "MOST_CELLS", 6 * 5000)
    assert Folds(rows, parts.folds, task, "log_loss", 7).most_rows == 5000
    monkeypatch.setattr(module, "MOST_CELLS", 6)
    assert Folds(rows, parts.folds, task, "log_loss", 7).most_rows == 1000
    long = (Fold(np.arange(200), np.arange(200, 210)), Fold(np.arange(100), np.arange(200, 210)))
    few = [Fold(np.arange(1200) % 200, long[0].valid), long[1]]
    made = Folds(rows, tuple(few), task, "log_loss", 7)
    assert made.thinned and made.fitted_rows() == (1000 + 100) / 2
    monkeypatch.setattr(module, "MOST_VALID_ROWS", 9)
    assert Folds(rows, long, task, "log_loss", 7).thinned


@pytest.mark.parametrize(
    ("rows", "outputs", "wanted"),
    [(40_000, 1, 2), (15_000, 1, 2), (14_000, 1, 3), (10_000, 1, 3), (9_000, 1, 4), (5_000, 8, 3), (5_000, 7, 6)],
)
def test_of_many_rows_few_folds_tell_enough(rows, outputs, wanted):
    assert _enough((SimpleNamespace(train=range(7)), SimpleNamespace(train=range(rows))), outputs) == wanted


def test_thinned_rows_span_all_of_them():
    assert thin(np.arange(10, 20), 4).tolist() == [10, 13, 16, 19] and thin(np.arange(4), 4).tolist() == [0, 1, 2, 3]


def test_of_few_rows_held_ones_are_told_beside_their_own_labels_and_weights(folds, linear, monkeypatch):
    made, asked = folds(weight=np.linspace(0.1, 9.0, 300)), []

    class Says:
        def margin(self, x):
            return np.linspace(-2, 2, len(x))[:, None]

    def learn(family, rows, params, held, **options):
        asked.append((rows, held, options))
        return Says()

    monkeypatch.setattr(module, "LEAST_HELD", 20)
    monkeypatch.setattr(module, "learn", learn)
    found = made.on_few(linear, {"c": 1.0}, 10, 3.0)
    every = np.flatnonzero(made.number == 0)
    here = thin(every, 20)
    ((rows, held, options),) = asked
    assert len(here) == 20 < len(every) and options == {"metric": "log_loss", "seconds": 3.0}
    some = made.folds[0].train[np.linspace(0, len(made.folds[0].train) - 1, 10).astype(int)]
    assert np.array_equal(rows.y, made.table.label[some]) and np.array_equal(rows.weight, made.table.weight[some])
    assert np.array_equal(held.y, made.truth[here])
    p, y = 1 / (1 + np.exp(-np.linspace(-2, 2, 20))), made.truth[here]
    losses = -np.where(y > 0.5, np.log(p), np.log(1 - p))
    assert found == pytest.approx(np.average(losses, weights=made.weight[here]))


def test_the_latest_fold_is_judged_as_all_of_them_are(table, spec):
    rows = table(300)
    parts = split(rows, spec().predict)
    some = Folds(rows, parts.folds, task_of("classification"), "accuracy", 11, 0.2, 50)
    whole = some.of_all()
    assert (whole.metric, whole.seed, whole.rule) == ("accuracy", 11, 0.2)
    assert len(some.folds[0].train) == 50 and np.array_equal(whole.folds[0].train, parts.folds[-1].train)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("out of memory")])
def test_margins_stay_as_they_were_where_others_cannot_be_made(folds, linear, monkeypatch, error):
    def learn(*args, **options):
        raise error

    monkeypatch.setattr(module, "learn", learn)
    made, told = folds(), []
    before = np.ones((len(made.rows), 1))
    assert np.array_equal(made.exact(linear, {}, Tried((0.5,) * 3, 7, before, (7, 5, 9)), told.append), before)
    assert told == [error]


@pytest.mark.parametrize("error", [DataError("no", where="x", mend="y"), RuntimeWarning("no")])
def test_what_the_project_has_to_mend_ends_the_search(folds, linear, monkeypatch, error):
    def learn(*args, **options):
        raise error

    monkeypatch.setattr(module, "learn", learn)
    made = folds()
    with pytest.raises(type(error)):
        made.exact(linear, {}, Tried((0.5,) * 3, 7, np.ones((len(made.rows), 1)), (7, 5, 9)))
