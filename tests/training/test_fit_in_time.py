"""A final fit that would take too long is made in bigger steps, as much learned less finely, and says so."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from treadle.scoring import task_of
from treadle.training import fit, fitting, search, split, train
from treadle.training.families import Constant, families
from treadle.training.families.family import FASTEST, in_bigger_steps
from treadle.training.in_time import TOO_LONG, in_time
from treadle.training.model import Chosen
from treadle.training.thinning import Picked, thin


@pytest.mark.parametrize(("times", "rate", "rounds"), [(1.0, 0.05, 400), (2.0, 0.1, 200), (100.0, FASTEST, 67)])
def test_steps_are_as_many_times_larger_as_they_are_fewer(times, rate, rounds):
    found = in_bigger_steps({"rate": 0.05, "rounds": 400, "leaves": 31}, times)
    assert found == {"rate": pytest.approx(rate), "rounds": rounds, "leaves": 31}
    assert in_bigger_steps({"rate": 0.5, "rounds": 10}, 3.0) == {"rate": 0.5, "rounds": 10}, "never smaller ones"


def slow(found, seconds):
    members = tuple(msgspec.structs.replace(m, seconds=seconds) for m in found.members)
    return msgspec.structs.replace(found, members=members)


def test_what_would_take_too_long_is_fitted_in_bigger_steps(table, spec):
    """Of fewer rows than the folds were fitted on nothing is known."""
    rows, project = table(500), spec(trials=2, families=("lightgbm",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    (member,) = found.members
    model = fit(rows, parts, slow(found, 100.0), project, seconds=50.0)
    told = model.summary.params
    assert told["rate"] > 1.9 * member.params["rate"] and told["rounds"] < member.params["rounds"] / 1.9
    assert model.summary.train_rows == len(parts.train)
    assert any("times as large" in note for note in model.summary.notes)
    for seconds in (99.0, np.inf):
        whole = fit(rows, parts, slow(found, 10.0), project, seconds=seconds)
        assert whole.summary.params["rate"] == member.params["rate"] and whole.summary.notes == ()


def test_what_would_take_too_long_is_fitted_on_fewer_rows_first(table, spec, monkeypatch):
    monkeypatch.setattr("treadle.training.folds.MOST_FIT_ROWS", 1000)
    rows, project = table(5000), spec(trials=2, families=("lightgbm",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    model = fit(rows, parts, slow(found, 100.0), project, seconds=125.0)
    assert model.summary.train_rows == len(parts.train) // 2
    assert model.summary.params["rate"] == found.members[0].params["rate"]
    assert any(f"on {len(parts.train) // 2:,} of them" in note for note in model.summary.notes)
    both = fit(rows, parts, slow(found, 1000.0), project, seconds=125.0)
    times = 1000 / 50 * 1000 / len(parts.train)  # two and a half fits, the model to beat with them, share the seconds
    assert both.summary.train_rows == 1000
    assert both.summary.params["rate"] == pytest.approx(min(times * found.members[0].params["rate"], FASTEST))


def test_the_rows_of_fewer_are_evenly_spread_and_members_take_so_much_less():
    members = (Chosen("linear", {}, 0.5, 30.0), Chosen("linear", {}, 0.5, 70.0))
    taken = in_time(members, {}, Picked(np.arange(5, 1005)), 100, 25.0)
    assert taken.rows.rows.tolist() == thin(np.arange(5, 1005), 250).tolist()
    assert [m.seconds for m in taken.members] == [7.5, 17.5]
    whole = in_time(members, {}, Picked(np.arange(1000)), 100, 100 / TOO_LONG)
    assert whole.rows.rows.tolist() == list(range(1000))


def test_what_is_hastened_takes_as_many_times_less():
    """Of a thousand rows half may be taken, so that steps are five times as large for a tenth of the seconds."""
    (family,) = families(("lightgbm",), task_of("classification"), threads=1)
    member = Chosen("lightgbm", {**family.defaults(), "rounds": 100}, 1.0, 1000.0)
    taken = in_time((member,), {"lightgbm": family}, Picked(np.arange(1000)), 500, 100.0)
    assert len(taken.rows) == 500 and taken.members[0].seconds == pytest.approx(100.0)
    assert taken.members[0].params["rate"] == pytest.approx(5 * member.params["rate"])


def test_what_has_gone_by_is_no_longer_there(table, spec, monkeypatch):
    """Of a hundred seconds the search has what the split left of them, and the fit what both did."""
    now, asked = iter((0.0, 3.0, 40.0)), {}
    monkeypatch.setattr(fitting, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setattr(fitting, "search", lambda *args, deadline_s, **more: asked.update(search=deadline_s))
    monkeypatch.setattr(fitting, "fit", lambda *args, seconds, **more: asked.update(fit=seconds))
    train(table(), spec(), deadline_s=100.0)
    assert asked == {"search": 97.0, "fit": 60.0}


def test_a_member_has_its_seconds_or_half_as_long_again_as_was_thought(table, monkeypatch):
    asked = []

    def learn(family, rows, params, **options):
        asked.append(options["seconds"])
        return Constant(np.zeros(1))

    monkeypatch.setattr(fitting, "learn", learn)
    by_name = {family.name: family for family in families(("linear",), task_of("classification"), threads=1)}
    members = (Chosen("linear", {"c": 1.0}, 0.5, 10.0), Chosen("linear", {"c": 2.0}, 0.5, 30.0))
    fitting.fit_members(table(200), members, by_name, 7, 20.0)
    assert asked == [20.0, 45.0]
