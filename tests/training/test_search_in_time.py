"""What a search does with its time: portfolio, pace of slow rounds, patience, folds by their rows, honest margins."""

from __future__ import annotations

import itertools
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from treadle.errors import DataError, SpecError
from treadle.scoring import task_of
from treadle.spec import Limits
from treadle.training import search, split, train
from treadle.training.blending import MOST, blend, blended
from treadle.training.families import Footprint, Sample, families
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.folds import Folds
from treadle.training.model import Trial
from treadle.training.portfolio import MANY_CLASSES, PORTFOLIO, patience, portfolio
from treadle.training.pruning import as_whole
from treadle.training.rungs import NO_MEMORY
from treadle.training.search_state import SearchState
from treadle.training.searching import FIRST_SECONDS
from treadle.training.thinning import thin


def test_the_portfolio_is_tried_in_its_order(table, spec):
    rows, project = table(), spec(trials=10)
    tried = search(rows, split(rows, project.predict), project).trials
    tried = tuple(t for k, t in enumerate(tried) if k == 0 or not same_but_prepared(t, tried[0]))[:6]
    chosen = families("auto", task_of("classification"), threads=1)
    wanted = [
        (f.name, {k: v for k, v in p.items() if k not in ("features", "text", "groups")}) for f, p in portfolio(chosen)
    ]
    assert [t.family for t in tried] == [name for name, _ in wanted[:6]]
    for trial, (_, params) in zip(tried, wanted, strict=False):
        assert {k: trial.params[k] for k in params} == params


def same_but_prepared(one, other):
    def rest(trial):
        return {k: v for k, v in trial.params.items() if k not in ("features", "text", "groups", "rounds")}

    return one.family == other.family and rest(one) == rest(other)


@pytest.mark.parametrize("classes", [3, MANY_CLASSES - 1, MANY_CLASSES])
def test_of_many_classes_what_grows_trees_for_each_comes_last_but_for_the_plain_one(classes):
    names = tuple(map(str, range(classes)))
    chosen = families(("linear", "lightgbm", "mlp"), task_of("multiclass", names), threads=1)
    told = [family.name for family, _ in portfolio(chosen)]
    usual = [name for name, _ in PORTFOLIO if name in ("linear", "lightgbm", "mlp")]
    last = usual[:1] + sorted(usual[1:], key=lambda name: name == "lightgbm")
    assert told == (last if classes >= MANY_CLASSES else usual) and usual != last


def test_the_first_that_is_tried_is_plain_boosting():
    name, params = PORTFOLIO[0]
    plain = {"leaves": 31, "rate": 0.1, "columns": 1.0, "rows": 1.0, "least_rows": 20, "text": "native"}
    assert name == "lightgbm" and {key: params[key] for key in plain} == plain


def trial(number, scores, state="pruned", family="linear"):
    return Trial(number, family, {}, scores, float(np.mean(scores)), 1.0, state)


def test_what_was_given_up_is_told_beside_what_others_had_on_its_folds():
    """The first fold is an easy one: to stand at its middle is to stand at the middle of all."""
    whole = [trial(k, (0.9 + k / 100, 0.6, 0.6), "complete") for k in range(3)]
    assert as_whole(whole[0], whole) == whole[0].value
    assert as_whole(trial(3, (0.91,)), whole) == pytest.approx(whole[1].value)
    assert as_whole(trial(3, (0.8,)), whole) == pytest.approx(whole[1].value - 0.11)
    assert as_whole(trial(3, (0.8,)), []) == 0.8


def test_the_first_of_a_family_is_not_given_up_where_it_costs_little(table, spec):
    rows = table(400)
    project = spec(trials=16, families=("linear", "lightgbm", "mlp"))
    found = search(rows, split(rows, project.predict), project)
    first = {t.family: t for t in reversed(found.trials)}
    assert {t.state for t in first.values()} == {"complete"} and len(first) == 3
    assert any(t.state == "pruned" for t in found.trials), "others are"


def test_a_family_that_no_list_knows_comes_with_its_defaults():
    linear, trees = families(("linear", "lightgbm"), task_of("regression"), threads=1)
    other = type("Other", (type(linear),), {"name": "other"})(task_of("regression"))
    listed = portfolio([trees, other])
    assert listed[-1] == (other, other.defaults()) and len(listed) == 1 + sum(n == "lightgbm" for n, _ in PORTFOLIO)


def test_slow_rounds_are_made_larger_ones():
    (family,) = families("lightgbm", task_of("classification"), threads=1)
    params = family.defaults()
    assert family.paced(params, 0.001, 60.0) == params, "there is time for all of them"
    slow = family.paced(params, 0.5, 60.0)
    assert params["rate"] < slow["rate"] <= 0.3 and {**slow, "rate": 0} == {**params, "rate": 0}
    assert family.paced(params, 60.0, 1.0)["rate"] == 0.3


def test_a_fit_ends_with_what_it_has_when_its_seconds_are_over():
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 10)).astype(np.float32)
    sample = Sample(x, x[:, 0] * x[:, 1])
    (family,) = families("lightgbm", task_of("regression"), threads=1)
    made = family.fit(sample, {**family.defaults(), "rounds": 100_000}, seconds=0.3)
    assert 0 < made.rounds < 100_000 and made.margin(x).shape == (4000, 1)
    held = family.fit(sample, family.defaults(), sample, metric="rmse", seconds=0.0)
    assert held.rounds >= 1


def test_few_rows_have_little_patience():
    assert [patience(n) for n in (100, 2_000, 9_000, 90_000)] == sorted(
        patience(n) for n in (100, 2_000, 9_000, 90_000)
    )
    assert patience(10**7) > 1000


def test_a_search_without_gain_ends_and_says_so(table, spec):
    rows = table(300, timed=False)
    project = spec(by="random", families=("linear",), trials=None)
    ticks = itertools.count()
    found = search(rows, split(rows, project.predict), project, deadline_s=1e9, clock=lambda: float(next(ticks)))
    assert found.stopped == "no_gain" and len(found.trials) < 60
    assert any("no gain" in note for note in found.notes)


def test_a_first_trial_has_its_seconds_whatever_the_limit(table, spec):
    rows, project = table(), spec()
    found = search(rows, split(rows, project.predict), project, deadline_s=0.01)
    assert found.stopped == "deadline" and len(found.trials) == 1 and found.members and FIRST_SECONDS >= 10
    assert any("were not tried" in note for note in found.notes)


def folds_of(table, spec, **options):
    rows, project = table(600), spec(**options)
    parts = split(rows, project.predict)
    return Folds(rows, parts.folds, task_of("classification"), "log_loss", 7), rows, parts


def test_a_fold_counts_by_the_rows_that_it_was_fitted_on(table, spec):
    folds, _, parts = folds_of(table, spec)
    sizes = [len(fold.train) for fold in reversed(parts.folds)]
    scores = [0.5, 0.6, 0.9][: len(sizes)]
    assert folds.mean(scores) == pytest.approx(np.average(scores, weights=sizes)) and sizes[0] == max(sizes)


def test_settings_are_scored_by_what_the_final_model_would_say(table, spec):
    """The rounds are those that the folds agree on; margins of a fold that stopped before are made anew."""
    folds, _, _ = folds_of(table, spec)
    (family,) = families("lightgbm", task_of("classification"), threads=1)
    params = {**family.defaults(), "least_rows": 5, "rate": 0.1}
    tried = folds.run(family, params, hopeless=lambda early: False)
    exact = folds.exact(family, params, tried)
    for number in range(len(folds.folds)):
        rows, held = folds.get(number, family.encoding)
        wanted = family.fit(rows, {**params, "rounds": tried.rounds}).margin(held.x)
        assert exact[folds.number == number] == pytest.approx(wanted, abs=1e-6)


def test_a_blend_is_taken_only_if_it_is_surely_better(table, spec):
    folds, _, _ = folds_of(table, spec)
    random = np.random.default_rng(1)
    truth = np.where(folds.truth > 0.5, 1.0, -1.0)[:, None]
    one, two = (truth + random.normal(size=truth.shape) * 2 for _ in range(2))
    noise = random.normal(size=truth.shape) * 3
    values = [folds.objective(m) for m in (one, two, noise)]
    small, large = Footprint(), Footprint(row_us=80.0)
    found = blend(folds, [one, two, noise], values, [small] * 3)
    assert set(found) == {0, 1} and sum(found.values()) == pytest.approx(1.0)
    assert folds.objective(blended([one, two, noise], found)) > max(values)
    assert blend(folds, [one, one.copy()], values[:2], [small] * 2) in ({0: 1.0}, {1: 1.0}), "twice the same is no gain"
    alone = int(np.argmax(values[:2]))
    assert blend(folds, [one, two], values[:2], [large, large]) == {alone: 1.0}, "two would be too slow"
    assert set(blend(folds, [one, two], values[:2], [large, small])) == {0, 1}
    assert blend(folds, [one, two], values[:2], [small] * 2, [3.0, 3.0], 5.0) == {alone: 1.0}, "no time to fit two"
    assert set(blend(folds, [one, two], values[:2], [small] * 2, [3.0, 3.0], 6.0)) == {0, 1}
    heavy = Footprint(mb=MOST.mb)
    assert blend(folds, [one, two], values[:2], [heavy, small]) == {alone: 1.0}, "two would be too large"


def test_a_model_above_the_limit_of_its_bundle_gives_way_to_a_smaller_one(table, spec):
    rows, project = table(500), spec(trials=6, families=("lightgbm",))
    cut = split(rows, project.predict)
    (family,) = families("lightgbm", task_of("classification"), threads=1)
    free = search(rows, cut, project, threads=1)
    whole = [trial for trial in free.trials if trial.state == "complete"]
    best = max(whole, key=lambda trial: trial.value)
    sizes = {trial.number: family.footprint(trial.params, len(cut.train)).mb for trial in whole}
    limit = sizes[best.number] * 0.99
    assert min(sizes.values()) < limit and not any("MB" in note for note in free.notes)
    tight = msgspec.structs.replace(project.brief, limits=Limits(bundle_mb=limit))
    found = search(rows, cut, msgspec.structs.replace(project, brief=tight), threads=1)
    assert all(family.footprint(member.params, len(cut.train)).mb <= limit for member in found.members)
    (told,) = [note for note in found.notes if "MB" in note]
    assert told.startswith(f"Trial {best.number} (lightgbm) is the best") and f"above the brief's {limit:g}" in told


def test_weights_of_rows_reach_the_fit(table, spec):
    rows, project = table(500), spec(trials=2)
    heavy = replace(rows, weight=np.where(rows.label > 0.5, 20.0, 1.0))
    (plain, _, _), (other, _, _) = train(rows, project), train(heavy, project)
    assert other.margin(rows.frame).mean() > plain.margin(rows.frame).mean() + 0.5


def test_a_trial_that_runs_out_of_memory_is_a_result(table, spec, monkeypatch):
    fit, calls = LightGBMFamily.fit, itertools.count()

    def greedy(self, *args, **options):
        if next(calls) < 3:
            raise MemoryError
        return fit(self, *args, **options)

    monkeypatch.setattr(LightGBMFamily, "fit", greedy)
    rows, project = table(300), spec(trials=6, families=("lightgbm",))
    found = search(rows, split(rows, project.predict), project)
    assert [t.state for t in found.trials[:3]] == ["failed"] * 3 and "complete" in {t.state for t in found.trials[3:]}
    assert "3 trials came to nothing: a fit needs more memory than there is (lightgbm)." in found.notes
    assert [t.why for t in found.trials[:3]] == [NO_MEMORY] * 3 and not any(t.why for t in found.trials[3:])
    monkeypatch.setattr(LightGBMFamily, "fit", lambda *args, **options: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(DataError, match=r"be completed: a fit needs more memory than there is \(lightgbm\)"):
        search(rows, split(rows, project.predict), project)


def test_what_a_library_refuses_ends_a_trial_and_not_the_search(table, spec, monkeypatch):
    def refuses(error):
        monkeypatch.setattr(LightGBMFamily, "fit", lambda *args, **options: (_ for _ in ()).throw(error))

    refuses(ValueError("this solver needs\n  samples of at least 2 classes"))
    rows, project = table(300), spec(trials=5)
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    failed = [t for t in found.trials if t.state == "failed"]
    why = "ValueError: this solver needs samples of at least 2 classes"
    assert failed and {(t.family, t.why) for t in failed} == {("lightgbm", why)}
    assert found.members[0].family == "linear" and any(why in note for note in found.notes)
    monkeypatch.setattr("treadle.training.searching.MOST_FAILED", 3)
    endless = spec(trials=None, families=("lightgbm",))
    with pytest.raises(DataError, match="no trial could be completed: ValueError: this solver"):
        search(rows, parts, endless, deadline_s=1e6)
    refuses(SpecError("it cannot be", where="train"))
    with pytest.raises(SpecError, match="it cannot be"):
        search(rows, parts, project)


def test_the_pace_is_tried_only_where_a_fold_may_be_slow(table, spec, monkeypatch):
    asked = []
    pace = Folds.pace
    monkeypatch.setattr(
        Folds, "pace", lambda self, family, *rest: asked.append(family.name) or pace(self, family, *rest)
    )
    rows, project = table(300), spec(trials=4)
    parts = split(rows, project.predict)
    search(rows, parts, project, deadline_s=10_000.0)
    assert sorted(asked) == ["lightgbm", "linear"], "once a family: there is time enough"
    asked.clear()
    search(rows, parts, project)
    assert asked == [], "without a limit there is nothing to be late for"
    monkeypatch.setattr("treadle.training.search_state._FAR_LESS", 1e9)
    search(rows, parts, project, deadline_s=10_000.0)
    assert len(asked) == 4, "what took a while may take too long"


def test_patience_is_of_so_many_rows_and_not_one_more():
    rows = (400, 401, 2_500, 2_501, 10_000, 10_001, 100_000, 100_001)
    assert [patience(n) for n in rows] == [6, 15, 15, 40, 40, 100, 100, 10**6]


def test_held_rows_that_are_kept_are_evenly_spread_and_stay_with_their_margins(table, spec, monkeypatch):
    rows, project = table(300), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    whole = search(rows, parts, project)
    monkeypatch.setattr("treadle.training.searching.MOST_KEPT_ROWS", 40)
    kept = search(rows, parts, project).held.arrays()
    some = thin(np.arange(len(whole.held.arrays()[0])), 40)
    assert len(kept[0]) == 40 and whole.notes == ()
    assert all(np.array_equal(part, every[some]) for part, every in zip(kept, whole.held.arrays(), strict=True))


def test_fits_on_all_rows_have_the_seconds_that_trials_left(table, spec, monkeypatch):
    asked, ticks = [], itertools.count()

    def keep(self, rows, seconds, progress):
        asked.append((rows, seconds))
        return self

    monkeypatch.setattr(SearchState, "on_all_rows", keep)
    rows, project = table(300), spec(trials=2)
    parts = split(rows, project.predict)
    found = search(rows, parts, project, deadline_s=1e6, clock=lambda: float(next(ticks)))
    ((count, seconds),) = asked
    took = sum(trial.seconds for trial in found.trials)
    assert count == len(parts.train) and took > 2 and 1e6 - 1000 < seconds < 1e6 - took
