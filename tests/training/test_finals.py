"""The best settings once more on all rows, where they were compared on some."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from treadle.scoring.tasks import task_of
from treadle.training import search, search_state, split
from treadle.training.asking import Asking
from treadle.training.families import families
from treadle.training.finals import FINALISTS, LONGER, SHARE, UNHURRIED, Allowed, Finals, finals
from treadle.training.folds import Folds, Tried
from treadle.training.model import Trial
from treadle.training.prepare import Recipe, fit_encoder, sample_of
from treadle.training.search_state import SearchState

TASK = task_of("classification")


@pytest.fixture
def thinned(table, spec, monkeypatch):
    """Folds of 1,000 rows, of some 2,700 that there are."""
    monkeypatch.setattr("treadle.training.folds.MOST_FIT_ROWS", 1000)
    rows, project = table(5000), spec()
    return Folds(rows, split(rows, project.predict).folds, TASK, "log_loss", 7)


@pytest.fixture
def boosters():
    return {family.name: family for family in families(("lightgbm", "linear"), TASK, threads=1)}


def whole_trial(number, folds, family, params):
    found = folds.run(family, params, hopeless=lambda early: False)
    own = {**params, "rounds": found.rounds} if found.rounds else params
    return Trial(number, family.name, own, found.scores, folds.mean(found.scores), 1.0, "complete"), found


def judged(folds, boosters, *, seconds=math.inf, most=9, takes=1.0, clock=lambda: 0.0):
    quick, slow = {**boosters["lightgbm"].defaults(), "rate": 0.1}, {**boosters["linear"].defaults(), "c": 1.0}
    trials, known = zip(
        whole_trial(0, folds, boosters["lightgbm"], quick), whole_trial(1, folds, boosters["linear"], slow), strict=True
    )
    known = dict(enumerate(known))
    every = len(folds.table)
    found = finals(folds, trials, known, boosters, Allowed(most, every, seconds), lambda trial, rows: takes, clock)
    return found, trials, known


def test_a_final_is_what_all_rows_of_the_latest_fold_come_to(thinned, boosters, spec):
    found, trials, _ = judged(thinned, boosters, most=1)
    latest = split(thinned.table, spec().predict).folds[-1]
    train, held = (thinned.table.rows(part) for part in (latest.train, thinned.folds[0].valid))
    params, family = trials[0].params, boosters["lightgbm"]
    encoder, x = fit_encoder(train, linear=False, seed=7, recipe=Recipe.of(params))
    stop = sample_of(held, encoder, encoder.matrix(held.frame))
    alone = family.fit(sample_of(train, encoder, x), params, stop, metric="log_loss")
    final = found.trials[0]
    assert thinned.much_thinned and found.number == 1 and final.number == 0
    assert final.params == {**params, "rounds": alone.rounds} and alone.rounds != params["rounds"]
    assert found.tried[0].margins == pytest.approx(alone.margin(stop.x), rel=1e-6)
    assert final.value == final.fold_scores[0] == pytest.approx(found.folds.score(alone.margin(stop.x), 0), rel=1e-6)
    assert [len(fold.train) for fold in found.folds.folds] == [len(latest.train)]
    assert not thinned._kept, "what was encoded of some rows makes room for all of them"


def test_what_had_no_turn_stands_as_it_was_on_some_rows_of_the_same_fold(thinned, boosters):
    found, trials, known = judged(thinned, boosters, most=1, takes=2.0)
    other = found.trials[1]
    assert (other.number, other.fold_scores, other.params) == (1, trials[1].fold_scores[:1], trials[1].params)
    assert other.value == pytest.approx(found.folds.score(found.tried[1].margins, 0))
    assert np.array_equal(found.tried[1].margins, known[1].margins[thinned.number == 0])
    assert len(found.tried[1].margins) == len(found.tried[0].margins) == len(found.folds.rows)
    assert other.seconds == pytest.approx(2.5), "its fit is eight tenths of that"


def test_what_takes_longer_than_there_is_is_passed_over(thinned, boosters):
    latest = len(thinned.of_all().folds[0].train)
    needed = 1 + LONGER * len(thinned.table) / latest
    assert judged(thinned, boosters, seconds=needed * 0.99)[0].number == 0
    assert judged(thinned, boosters, seconds=needed * 1.01)[0].number == 2
    clock = SimpleNamespace(now=0.0)

    def later():
        clock.now += needed / 20
        return clock.now

    assert 0 < judged(thinned, boosters, seconds=needed * 1.15, clock=later)[0].number < 2


def test_what_was_cut_short_takes_away_no_rounds(thinned, boosters, monkeypatch):
    ran = []

    def run(self, family, params, *, hopeless, seconds):
        ran.append(seconds)
        margins = np.zeros((len(self.rows), 1))
        return Tried(tuple(self.score(margins, k) for k in range(len(self.folds))), 3, margins, (3,))

    trial = Trial(0, "lightgbm", {**boosters["lightgbm"].defaults(), "rounds": 777}, (0.5, 0.5), 0.5, 1.0, "complete")
    monkeypatch.setattr(Folds, "run", run)
    for ticks, rounds in (([0.0, 0.0, 4.0, 99.0], 777), ([0.0, 0.0, 4.0, 5.0], 3)):
        times = iter(ticks)
        every = len(thinned.of_all().folds[0].train)
        seconds = 20.0 * (1 + LONGER)
        clock = times.__next__
        found = finals(thinned, [trial], {}, boosters, Allowed(1, every, seconds), lambda t, n: 1.0, clock)
        assert found.trials[0].params["rounds"] == rounds
    assert ran == [12.0, 12.0], "a fifth went on encoding, and held rows are encoded too"


@pytest.mark.parametrize(
    ("error", "why"), [(MemoryError("too much"), "too much"), (RuntimeError("no kernel"), "RuntimeError: no kernel")]
)
def test_what_cannot_be_fitted_leaves_the_others_their_turn(thinned, boosters, monkeypatch, error, why):
    def heavy(*args, **more):
        raise error

    trials = [
        whole_trial(n, thinned, boosters[name], boosters[name].defaults())
        for n, name in ((0, "lightgbm"), (1, "linear"))
    ]
    monkeypatch.setattr(type(boosters["lightgbm"]), "fit", heavy)
    known, said = {trial.number: tried for trial, tried in trials}, []
    found = finals(
        thinned,
        [trial for trial, _ in trials],
        known,
        boosters,
        Allowed(9, 1, math.inf),
        lambda t, n: 1.0,
        lambda: 0.0,
        said.append,
    )
    assert [t.number for t in found.trials] == [1, 0] and found.number == 1
    assert found.passed == (f"Trial 0 (lightgbm) was not fitted on all rows of the latest fold: {why}.",)
    every = len(found.folds.folds[0].train)
    assert said == [
        f"trial {n} ({name}) on all {every:,} rows of the latest fold" for n, name in ((0, "lightgbm"), (1, "linear"))
    ]


def state(folds, spec, **more):
    asking = Asking(spec().train, list(families(("lightgbm", "linear"), TASK, threads=1)))
    return SearchState(spec(**more), folds, asking, lambda: 0.0, start=0.0)


def test_half_of_the_seconds_are_for_all_rows(thinned, table, spec):
    some = state(thinned, spec)
    assert some.refit_seconds(9000, 60.0) == SHARE * 60 and some.refit_seconds(9000) == 0.0
    whole = state(thinned.of_all(), spec)
    assert not whole.folds.much_thinned and whole.refit_seconds(9000, 60.0) == 0.0


def test_a_search_has_its_best_as_they_are_on_all_rows(table, spec, monkeypatch):
    """On few rows the small one leads, on all the large one does."""
    monkeypatch.setattr("treadle.training.folds.MOST_FIT_ROWS", 1000)
    rows, project = table(5000), spec(families=("linear", "lightgbm"), trials=6)
    parts = split(rows, project.predict)

    def run(self, family, params, *, hopeless, seconds=math.inf):
        many = len(self.folds[0].train) > 1000
        sure = {("linear", False): 1.0, ("lightgbm", False): 0.5, ("linear", True): 1.0, ("lightgbm", True): 3.0}
        noise = np.random.default_rng(1).normal(size=len(self.truth))
        margins = (noise + (self.truth * 2 - 1) * sure[family.name, many])[:, None]
        scores = tuple(self.score(margins[self.number == k], k) for k in range(len(self.folds)))
        return Tried(scores, 0, margins, (0,) * len(self.folds))

    monkeypatch.setattr(Folds, "run", run)
    found = search(rows, parts, project)
    by_family = {t.family: t.value for t in found.trials}
    assert by_family["lightgbm"] < by_family["linear"] < 0.99 and found.family == "lightgbm"
    latest = len(parts.folds[-1].train)
    assert any("compared on at most 1,000 training" in note for note in found.notes)
    assert any(f"were fitted on all {latest:,} rows of the latest fold" in note for note in found.notes)
    held, fold, margins = found.held.arrays()
    sure = margins[:, 0] * (rows.label[held] * 2 - 1)
    assert sure[fold == 0].mean() == pytest.approx(3.0, abs=0.2), "the latest fold as all of its rows tell it"
    assert sure[fold > 0].mean() == pytest.approx(0.5, abs=0.2), "the others as some rows do"
    assert np.array_equal(held[fold == 0], parts.folds[-1].valid) and set(fold.tolist()) == {0, 1, 2}


def test_the_first_whole_one_and_then_the_best_have_their_turn(thinned, spec, monkeypatch):
    """What follows is fitted in their time too: the model, and what it has to beat."""
    asked = []
    monkeypatch.setattr(search_state, "finals", lambda *args: asked.append(args) or Finals(thinned, 0, [], {}, ("no",)))

    def turns(seconds, **more):
        some = state(thinned, spec, **more)
        told = ((0.1, "pruned"), (0.6, "complete"), (0.5, "complete"), (0.3, "complete"), (0.4, "complete"))
        some.trials = [Trial(n, "linear", {}, (v,) * 2, v, 1.0, how) for n, (v, how) in enumerate(told)]
        some.tried = {n: Tried((0.5,) * 2, 0, None) for n in range(1, 5)}
        assert some.on_all_rows(900, seconds) is some and some.passed == ["no"]
        _, trials, _, by_name, allowed, *_ = asked[-1]
        assert set(by_name) == {"lightgbm", "linear"} and allowed.seconds == seconds
        assert allowed.rows == round(900 * (1 + some.beaten)) > 900
        return [trial.number for trial in trials], allowed.most

    assert turns(60.0) == ([1, 3, 4, 2], FINALISTS) and turns(math.inf) == ([1, 3, 4, 2], UNHURRIED)
    assert turns(60.0, search="none") == ([3], 1)
