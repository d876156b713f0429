"""What a search decides from what its trials came to: told trials, with scores and seconds that are made up."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from treadle.scoring import task_of
from treadle.training import FeatureColumn, search, search_state, searching, split
from treadle.training.asking import Asking
from treadle.training.families import Footprint, families
from treadle.training.folds import Folds, Tried
from treadle.training.model import Trial
from treadle.training.pruning import WARM_UP
from treadle.training.search_state import SearchState
from treadle.training.searching import (
    FIRST_SECONDS,
    _go_on,
    _members,
    _run,
)
from treadle.training.suited import make_families, weight_option


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def going(table, spec):
    """A search over three folds, before its first trial."""

    def begin(*, metric="log_loss", deadline_s=math.inf, **options):
        rows, project = table(300), spec(**options)
        parts, task = split(rows, project.predict), task_of("classification")
        chosen = families(project.train.families, task, threads=1)
        folds = Folds(rows, parts.folds, task, metric, 7)
        assert len(folds.folds) == 3
        return SearchState(project, folds, Asking(project.train, chosen), Clock(), deadline_s)

    return begin


def trial(number, value, family="linear", seconds=3.0, state="complete", folds=3):
    return Trial(number, family, {"at": number}, (value,) * folds, value, seconds, state)


def whole(going):
    return Tried((0.5,) * 3, 0, np.zeros((len(going.folds.rows), 1), np.float32))


def scripted(monkeypatch, *outcomes):
    """Trials come to these scores and take these seconds, the last for ever; what each was allowed for a fold."""
    allowed = []

    def run(going, asked, number, seconds):
        score, took = outcomes[min(number, len(outcomes) - 1)]
        allowed.append(seconds)
        going.clock.now += took
        return trial(number, score, asked.family.name, took), whole(going)

    monkeypatch.setattr(searching, "_run", run)
    return allowed


def test_the_best_is_the_least_of_a_loss_and_the_most_of_a_gain(going):
    for metric, best in (("log_loss", 0), ("roc_auc", 1)):
        search = going(metric=metric)
        assert search.best() is None and search.since_gain() == 0
        search.trials += [trial(0, 0.3), trial(1, 0.5), trial(2, 0.4)]
        search.trials += [trial(3, 0.1, state="pruned"), trial(4, 0.9, state="pruned")]
        assert search.best().number == best and search.since_gain() == 4 - best


def test_the_margins_of_the_best_and_of_the_best_of_each_family_are_kept(going, monkeypatch):
    monkeypatch.setattr(search_state, "CANDIDATES", 1)
    search = going()
    told = [(0.5, "linear"), (0.3, "lightgbm"), (0.4, "lightgbm"), (0.6, "linear"), (0.2, "mlp"), (0.25, "mlp")]
    search.trials += [trial(n, value, family) for n, (value, family) in enumerate(told)]
    search.tried = {n: whole(search) for n in range(len(told))}
    search.forget()
    assert set(search.tried) == {4, 1, 0}


def test_the_first_of_a_family_goes_on_where_the_rest_is_a_fifth_of_what_is_left(going):
    search = going()
    search.trials += [trial(n, 0.3) for n in range(WARM_UP)]
    (linear, other) = search.asking.chosen
    assert search.is_hopeless(linear, [0.9], 10.0, math.inf) and not search.is_hopeless(linear, [0.2], 10.0, 1.0)
    assert not search.is_hopeless(other, [0.9], 10.0, 101.0), "two folds of ten seconds are to come"
    assert search.is_hopeless(other, [0.9], 10.0, 99.0)
    assert not search.is_hopeless(other, [0.9, 0.9], 10.0, 26.0), "one of five is"
    assert search.is_hopeless(other, [0.9, 0.9], 10.0, 24.0)
    search.trials.pop()
    assert not search.is_hopeless(linear, [0.9], 10.0, math.inf), "too few are known"


def test_a_fold_may_be_slow_where_the_slowest_took_a_fourth(going):
    search = going()
    linear, other = search.asking.chosen
    search.trials += [trial(0, 0.3, seconds=3.0), trial(1, 0.3, seconds=30.0), trial(2, 0.0, "lightgbm", folds=0)]
    assert search.may_be_slow(linear, 39.0) and not search.may_be_slow(linear, 41.0), "ten seconds a fold, at the most"
    assert search.may_be_slow(other, 1e9) and not search.may_be_slow(other, math.inf)


def test_a_footprint_counts_the_columns_and_the_limit_may_be_reached(going):
    search = going()
    (linear, _), one = search.asking.chosen, trial(0, 0.3)
    alone, found = linear.footprint(one.params, 100), search.footprint(one, 100)
    assert found == alone.beside(Footprint.of_columns(search.folds.get(0, "linear")[0].x.shape[1]))
    assert found.row_us > alone.row_us
    told = search.weighed(one)
    assert (told.mb, told.row_us) == (round(found.mb, 3), round(found.row_us, 1)) and told.value == one.value
    for limit, large in ((None, False), (found.mb, False), (found.mb * 0.99, True)):
        limits = msgspec.structs.replace(search.spec.brief.limits, bundle_mb=limit)
        brief = msgspec.structs.replace(search.spec.brief, limits=limits)
        search.spec = msgspec.structs.replace(search.spec, brief=brief)
        assert search.too_large(one, 100) == large


def test_the_fits_on_all_rows_are_of_the_best_the_baseline_and_the_members(going):
    """Of three seconds a fold six tenths are a fit. The baseline is fitted twice, on five features of six."""
    search = going()
    rows = round(2 * search.folds.fitted_rows())
    twice = rows / search.folds.fitted_rows()
    assert search.refit_seconds(rows) == 0.0
    told = [(0.6, 1e6), (0.5, 27.0), (0.3, 9.0), (0.4, 18.0), (0.1, 1e6)]
    search.trials += [trial(n, value, seconds=took) for n, (value, took) in enumerate(told)]
    search.trials[-1] = trial(4, 0.1, seconds=1e6, state="pruned")
    best, second, third = (0.6 * seconds * twice for seconds in (3.0, 6.0, 9.0))
    assert search.refit_of(search.trials[2], rows) == pytest.approx(best)
    beaten = 2 * (0.2 + 0.8 * 5 / 6) * best
    assert search.refit_seconds(rows) == pytest.approx(best + beaten + second + third)
    assert search.refit_seconds(rows, 10.0) == pytest.approx(best + beaten + 2.5), "a blend has a fourth at the most"
    over = (FeatureColumn("days", "float", "exposure"), *search.folds.table.only(("request", "row")))
    search.folds.table = dataclasses.replace(search.folds.table, features=over)
    assert search.beaten == 0.0, "an exposure is no feature that a model to beat would be without"


def test_classes_are_evened_out_where_either_is_rare(spec):
    auto, asked, never = (spec(imbalance=mode) for mode in ("auto", "weights", "none"))
    assert [weight_option(auto, share) for share in (0.05, 0.15, 0.5, 0.85, 0.95)] == [True, False, False, False, True]
    assert weight_option(asked, 0.5) and not weight_option(never, 0.01)


def test_families_that_do_not_fit_or_cannot_be_released_are_taken_where_there_is_no_other(table, spec, monkeypatch):
    rows = table(300)

    def chosen(*names):
        project = spec(families=names)
        return [family.name for family in make_families(rows, split(rows, project.predict), project, 1)]

    assert chosen("neighbours", "linear") == ["linear"] and chosen("neighbours") == ["neighbours"]
    for family in families(("linear",), task_of("classification"), threads=1):
        monkeypatch.setattr(type(family), "takes", lambda self, rows, width: False)
    assert chosen("linear", "lightgbm") == ["lightgbm"] and chosen("linear") == ["linear"]


def test_a_search_ends_where_a_usual_trial_and_the_fits_have_no_room(going, monkeypatch):
    scripted(monkeypatch, (0.5, 10.0))
    for refit, trials in ((0.0, 3), (4.0, 3), (6.0, 2)):
        monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most, refit=refit: refit)
        search = going(deadline_s=35.0, trials=20)
        assert _go_on(search, 200, 35.0, None) == "deadline" and len(search.trials) == trials


def test_a_usual_trial_is_the_middle_of_the_last_five(going, monkeypatch):
    monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most: 0.0)
    scripted(monkeypatch, *[(0.5, 1.0)] * 4, (0.5, 20.0), (0.5, 1.0))
    search = going(deadline_s=40.0, trials=99)
    assert _go_on(search, 200, 40.0, None) == "deadline"
    assert len(search.trials) == 21, "a slow trial ends nothing, though a second like it had no room"


def test_a_trial_is_allowed_an_eighth_or_what_is_usual_and_never_more_than_there_is(going, monkeypatch):
    monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most: 10.0)
    allowed = scripted(monkeypatch, (0.5, 30.0))
    search = going(deadline_s=100.0, trials=20)
    assert _go_on(search, 200, 100.0, None) == "deadline" and len(search.trials) == 3
    assert allowed == pytest.approx([FIRST_SECONDS / 3, 30.0 / 3, 30.0 / 3])
    allowed.clear()
    _go_on(going(deadline_s=2400.0, trials=3), 200, 2400.0, None)
    assert allowed == pytest.approx([2400 / 8 / 3, 2370 / 8 / 3, 2340 / 8 / 3])
    allowed.clear()
    monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most: 960.0 if self.trials else 0.0)
    scripted_again = scripted(monkeypatch, (0.5, 8.0))
    _go_on(going(deadline_s=1000.0, trials=2), 200, 1000.0, None)
    assert scripted_again == pytest.approx([125 / 3, 32 / 3]), "the fits have the rest"


def enough(search, **wanted):
    brief = msgspec.structs.replace(search.spec.brief, good_enough=wanted)
    search.spec = msgspec.structs.replace(search.spec, brief=brief)
    return search


def test_good_enough_is_reached_by_what_is_equal_and_after_one_trial_of_each_family(going, monkeypatch):
    scripted(monkeypatch, (0.2, 1.0), (0.5, 1.0))
    search = enough(going(trials=9), log_loss=0.2)
    assert _go_on(search, 200, math.inf, None) == "good_enough" and len(search.trials) == 2
    assert _go_on(enough(going(trials=9), log_loss=0.19), 200, math.inf, None) == "trials"
    assert _go_on(enough(going(trials=9, metric="roc_auc"), roc_auc=0.51), 200, math.inf, None) == "trials"


def test_trials_that_were_asked_for_are_made_without_gain_and_no_others(going, monkeypatch):
    scripted(monkeypatch, (0.2, 1.0))
    search = going(trials=30)
    assert _go_on(search, 200, math.inf, None) == "trials" and len(search.trials) == 30
    search = going(trials=None)
    assert _go_on(search, 200, math.inf, None) == "no_gain" and len(search.trials) == 7
    search = going(trials=1)
    assert (
        _go_on(search, 200, math.inf, None) == "trials" and len(search.trials) == 1
    )  # of two families one has no turn


def test_what_is_left_is_told_with_each_trial(going, monkeypatch):
    scripted(monkeypatch, (0.2, 10.0))
    for trials, deadline, left in ((3, math.inf, [2, 1, 0]), (None, 45.0, [None] * 4)):
        monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most: 0.0)
        search, told, shares = going(trials=trials, deadline_s=deadline), [], []
        search.on_trial = told.append
        _go_on(search, 200, deadline, lambda share, text, shares=shares: shares.append((share, text)))
        assert [each.trials_left for each in told] == left
        assert [each.seconds_left for each in told] == [deadline - 10 * (n + 1) for n in range(len(left))]
        wanted = [(n + 1) / 3 if trials else 10 * (n + 1) / 45 for n in range(len(left))]
        assert [share for share, _ in shares] == pytest.approx(wanted)
        assert shares[-1][1] == f"trial {len(left)}: best log_loss 0.2000 ({told[-1].best.family})"


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_the_sampler_is_told_that_more_is_better(going, monkeypatch, metric):
    scripted(monkeypatch, (0.2, 1.0), (0.7, 1.0))
    search, told = going(trials=2, metric=metric), []
    monkeypatch.setattr(search.asking, "tell", lambda asked, value: told.append(value))
    _go_on(search, 200, math.inf, None)
    assert told == pytest.approx([0.2, 0.7] if metric == "roc_auc" else [-0.2, -0.7])


@pytest.mark.parametrize(("metric", "sign"), [("roc_auc", 1), ("log_loss", -1)])
def test_members_come_the_heaviest_first_and_are_made_exact_while_there_is_time(going, monkeypatch, metric, sign):
    search, asked, made = going(metric=metric), [], []
    search.trials += [trial(0, 0.6, seconds=30.0), trial(1, 0.9, state="pruned"), trial(2, 0.7, "lightgbm", 30.0)]
    search.trials += [trial(3, 0.5, seconds=30.0)]
    search.tried = {n: says(search, n) for n in (0, 2, 3)}

    def blend(folds, margins, values, footprints, refits, seconds):
        asked.append((values, refits, seconds))
        return {0: 0.2, 1: 0.5, 2: 0.3}

    def exact(folds, family, params, tried, passed):
        made.append((family.name, params))
        passed(RuntimeError("out of memory"))
        search.clock.now += 30.0
        return tried.margins + 100.0

    monkeypatch.setattr(searching, "blend", blend)
    monkeypatch.setattr(SearchState, "footprint", lambda self, trial, rows: Footprint())
    monkeypatch.setattr(Folds, "exact", exact)
    rows = round(search.folds.fitted_rows())
    refit = search.refit_of(search.trials[0], rows)
    for spare, whole_ones in ((29.0, []), (31.0, [2]), (61.0, [2, 3]), (91.0, [2, 3, 0])):
        made.clear()
        members, margins, _ = _members(search, search.trials[2], rows, 3 * refit + spare)
        assert [(m.params["at"], m.weight, m.seconds) for m in members] == [
            (2, 0.5, refit),
            (3, 0.3, refit),
            (0, 0.2, refit),
        ]
        assert [params["at"] for _, params in made] == whole_ones
        anew = sum(m.weight for m in members if m.params["at"] in whole_ones)
        assert margins == pytest.approx(0.5 * 2 + 0.3 * 3 + 100 * anew)
    assert asked[0] == ([sign * 0.6, sign * 0.7, sign * 0.5], [refit] * 3, 3 * refit + 29.0)
    said = "Trial 2 (lightgbm) speaks of a fold as it stopped there, and was not fitted again: "
    said += "RuntimeError: out of memory."
    assert search.passed[0] == said and searching._notes("trials", 9.0, search, search, rows).count(said) == 1


def says(search, number):
    """Margins that are all its number."""
    return Tried((0.5,) * 3, 0, np.full((len(search.folds.rows), 1), float(number), np.float32))


def test_of_what_is_light_enough_the_best_alone_is_taken(going, monkeypatch):
    monkeypatch.setattr(SearchState, "too_large", lambda self, trial, rows: trial.number == 2)
    for metric, best in (("roc_auc", 1), ("log_loss", 0)):
        search = going(metric=metric, search="none")
        search.trials += [trial(0, 0.3), trial(1, 0.4), trial(2, 0.9 if metric == "roc_auc" else 0.1)]
        search.tried = {n: says(search, n) for n in range(3)}
        members, *_ = _members(search, search.trials[2], 200, math.inf)
        assert [m.params["at"] for m in members] == [best] and members[0].weight == 1.0


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_what_is_found_is_told_of_the_members_in_the_metric_s_own_unit(table, spec, metric):
    """The value is that of what the members say of the held rows, with no sign turned; the settings are the first's."""
    project = spec(trials=6)
    project = msgspec.structs.replace(project, predict=msgspec.structs.replace(project.predict, metric=metric))
    rows = table(400)
    cut = split(rows, project.predict)
    found = search(rows, cut, project)
    places, numbers, margins = found.held.arrays()
    folds = Folds(rows, cut.folds, task_of("classification"), metric, project.train.seed)
    assert places.tolist() == folds.rows.tolist() and numbers.tolist() == folds.number.tolist()
    assert found.metric == metric and found.value == pytest.approx(abs(folds.objective(margins))) and found.value > 0
    assert found.params == found.members[0].params
    grown = [t for t in found.trials if t.family == "lightgbm" and t.state == "complete"]
    assert grown and all(t.params["rounds"] >= 1 for t in grown)
    best = (min if metric == "log_loss" else max)(t.value for t in found.trials if t.state == "complete")
    assert (found.value - best) * (-1 if metric == "log_loss" else 1) >= -0.01


def test_the_settings_are_of_the_heaviest_member_and_the_families_of_all(table, spec, monkeypatch):
    """Whichever trial was the best: the worst is made the heaviest here. The time left for members is what is left."""
    asked = []

    def blend(folds, margins, values, footprints, refits, seconds):
        asked.append(seconds)
        return {int(np.argmin(values)): 0.7, int(np.argmax(values)): 0.3}

    monkeypatch.setattr(searching, "blend", blend)
    ticks = itertools.count()
    rows, project = table(300), spec(trials=3)
    found = search(rows, split(rows, project.predict), project, deadline_s=1e6, clock=lambda: float(next(ticks)))
    whole = sorted((t for t in found.trials if t.state == "complete"), key=lambda t: t.value)
    ends = {whole[0].number: whole[0], whole[-1].number: whole[-1]}
    assert [m.weight for m in found.members] == [0.7, 0.3] and found.params == found.members[0].params
    assert all(any(m.params == t.params for t in ends.values()) for m in found.members)
    assert found.params != found.members[1].params
    assert asked[0] < 1e6 - sum(t.seconds for t in found.trials) + 1


def test_a_trial_without_a_score_failed_and_one_with_some_was_given_up(going, monkeypatch):
    search = going()
    asked = search.asking.next()
    for tried, state in (
        (whole(search), "complete"),
        (Tried((0.4,), 0, None), "pruned"),
        (Tried((0.4,), 0, None, failed=True), "failed"),
        (Tried((), 0, None, failed=True), "failed"),
    ):
        monkeypatch.setattr(Folds, "run", lambda self, family, params, tried=tried, **options: tried)
        told, _ = _run(search, asked, 5, math.inf)
        assert (told.state, told.number, told.fold_scores) == (state, 5, tried.scores)
        assert told.value == pytest.approx(tried.scores[0] if tried.scores else 0.0) and "rounds" not in told.params
    monkeypatch.setattr(Folds, "run", lambda self, family, params, **options: Tried((0.4,) * 3, 12, None))
    assert _run(search, asked, 0, math.inf)[0].params["rounds"] == 12


@pytest.mark.parametrize("by", ["time", "random"])
def test_old_rows_may_weigh_less_where_what_comes_later_is_predicted(table, spec, by):
    rows, project = table(300), spec(trials=2, by=by)
    found = search(rows, split(rows, project.predict), project)
    assert ["recent" in t.params for t in found.trials] == [by == "time"] * 2
