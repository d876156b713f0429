"""What of an evaluation gives way where minutes are short: draws down to a hundred, and questions not asked."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from treadle.spec import Limits
from treadle.training import evaluate, train
from treadle.training.minutes import LEAST_DRAWS, Minutes


def ticking(step):
    ticks = itertools.count()
    return lambda: next(ticks) * step


@pytest.mark.parametrize(("allowed", "draws"), [(None, 400), (1e6, 400), (1.0, LEAST_DRAWS), (50.0, 187)])
def test_draws_are_as_many_as_there_is_time_for(allowed, draws):
    """One draw takes 0.1 second, of eight metrics 0.8: a twentieth of 50 minutes reaches for 187."""
    assert Minutes(allowed, ticking(0.1)).draws(400, lambda: None) == draws


def test_few_draws_are_never_made_fewer():
    assert Minutes(1e-9, ticking(1.0)).draws(30, lambda: None) == 30


def test_a_share_is_over_when_it_is():
    now = 0.0
    over = Minutes(1.0, lambda: now).until(0.1)
    assert not over()
    now = 5.9
    assert not over()
    now = 6.1
    assert over() and not Minutes(None, lambda: 1e12).until(0.0)()


def test_fewer_draws_are_said(table, spec):
    rows, project = table(400), spec(trials=1, families=("linear",))
    brief = msgspec.structs.replace(project.brief, limits=Limits(train_minutes=1.0))
    project = msgspec.structs.replace(project, brief=brief)
    model, parts, _ = train(rows, project)
    cut = evaluate(model, rows, parts, project, clock=ticking(1.0))
    assert any("100 draws" in note for note in cut.notes)
    whole = evaluate(model, rows, parts, project)
    assert not any("draws" in note for note in whole.notes)
