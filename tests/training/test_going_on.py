"""A search that was interrupted, or is given more, goes on where it was and comes to what it would have come to."""

from __future__ import annotations

import msgspec
import pytest

from treadle.training import search, split
from treadle.training.kept_trials import KeptTrial, pack_trials, unpack_trials
from treadle.training.search_state import SearchState


def timeless(found):
    """A search without what the clock says."""
    trials = tuple(msgspec.structs.replace(t, seconds=0.0) for t in found.trials)
    members = tuple(msgspec.structs.replace(m, seconds=0.0) for m in found.members)
    return msgspec.structs.replace(found, seconds=0.0, trials=trials, members=members)


class Killed(Exception):
    pass


def interrupted(rows, parts, project, after):
    kept: list[KeptTrial] = []

    def take(told):
        kept.append(told.kept)
        if len(kept) == after:
            raise Killed

    with pytest.raises(Killed):
        search(rows, parts, project, on_trial=take)
    return unpack_trials(pack_trials(kept))


@pytest.mark.parametrize(("kind", "after"), [("classification", 1), ("classification", 7), ("regression", 9)])
def test_an_interrupted_search_comes_to_the_same(table, spec, kind, after):
    project = spec(trials=10, kind=kind)
    rows = table(400, kind=kind)
    parts = split(rows, project.predict)
    whole = search(rows, parts, project)
    earlier = interrupted(rows, parts, project, after)
    fitted = []
    resumed = search(rows, parts, project, earlier=earlier, on_trial=lambda told: fitted.append(told.kept))
    assert timeless(resumed) == timeless(whole)
    assert [k.trial for k in fitted[:after]] == [k.trial for k in earlier], "they were not fitted again"
    assert resumed.seconds > sum(k.trial.seconds for k in earlier)


def test_more_trials_go_on_from_fewer(table, spec):
    rows, few, more = table(400), spec(trials=4), spec(trials=8)
    parts = split(rows, few.predict)
    kept: list[KeptTrial] = []
    search(rows, parts, few, on_trial=lambda told: kept.append(told.kept))
    again: list[KeptTrial] = []
    found = search(rows, parts, more, earlier=kept, on_trial=lambda told: again.append(told.kept))
    assert again[:4] == kept and len(found.trials) == 8
    assert timeless(found) == timeless(search(rows, parts, more))


def test_trials_of_other_settings_are_not_believed(table, spec):
    rows, project = table(400), spec(trials=3)
    parts = split(rows, project.predict)
    kept: list[KeptTrial] = []
    search(rows, parts, project, on_trial=lambda told: kept.append(told.kept))
    lie = replace_settings(kept[0])
    found = search(rows, parts, project, earlier=[lie, *kept[1:]])
    assert timeless(found) == timeless(search(rows, parts, project))


def replace_settings(kept):
    trial = msgspec.structs.replace(kept.trial, value=1.0)
    return msgspec.structs.replace(kept, settings={**kept.settings, "family": "other"}, trial=trial)


def test_what_earlier_trials_took_counts_as_spent(table, spec, monkeypatch):
    monkeypatch.setattr(SearchState, "refit_seconds", lambda self, rows, most: 0.0)
    rows, project = table(400), spec(trials=30)
    parts = split(rows, project.predict)
    kept: list[KeptTrial] = []
    search(rows, parts, msgspec.structs.replace(project, train=msgspec.structs.replace(project.train, trials=3)),
           on_trial=lambda told: kept.append(told.kept))  # fmt: skip
    slow = [msgspec.structs.replace(k, trial=msgspec.structs.replace(k.trial, seconds=100.0)) for k in kept]
    found = search(rows, parts, project, earlier=slow, deadline_s=350.0)
    assert len(found.trials) == 3 and found.stopped == "deadline" and 300 <= found.seconds < 400


def test_only_the_best_keep_their_margins(table, spec, monkeypatch):
    monkeypatch.setattr("treadle.training.search_state.CANDIDATES", 2)
    rows, project = table(400), spec(trials=12)
    kept: list[KeptTrial] = []
    found = search(rows, split(rows, project.predict), project, on_trial=lambda told: kept.append(told.kept))
    with_margins = [k for k in kept if k.margins]
    assert 2 <= len(with_margins) < len([k for k in kept if k.trial.state == "complete"])
    best = max((k for k in kept if k.trial.state == "complete"), key=lambda k: k.trial.value)
    assert best.margins and len(found.members) <= 2


def test_what_came_after_a_trial_of_other_settings_is_not_believed_either(table, spec):
    """Its settings may be asked for again; but what it came to is tried anew."""
    rows, project = table(400), spec(trials=3)
    parts = split(rows, project.predict)
    kept: list[KeptTrial] = []
    search(rows, parts, project, on_trial=lambda told: kept.append(told.kept))
    lies = [
        msgspec.structs.replace(k, trial=msgspec.structs.replace(k.trial, seconds=1e6, value=k.trial.value / 2))
        for k in kept
    ]
    found = search(rows, parts, project, earlier=[replace_settings(lies[0]), *lies[1:]])
    assert [t.value for t in found.trials] == [k.trial.value for k in kept] and found.seconds < 1e6
