"""A final fit that would take too long is made in bigger steps, as much learned less finely, and says so."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from treadle.training import fit, search, split
from treadle.training.families.family import FASTEST, in_bigger_steps
from treadle.training.folds import thin
from treadle.training.in_time import TOO_LONG, in_time
from treadle.training.model import Chosen


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
    taken = in_time(members, {}, np.arange(5, 1005), 100, 25.0)
    assert taken.rows.tolist() == thin(np.arange(5, 1005), 250).tolist()
    assert [m.seconds for m in taken.members] == [7.5, 17.5]
    assert in_time(members, {}, np.arange(1000), 100, 100 / TOO_LONG).rows.tolist() == list(range(1000))
