"""How many steps a linear model is given: as many as fit into its seconds, by a look at a few of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from treadle.testing.families import sample_of, task_named
from treadle.training.families import linear
from treadle.training.families.linear import LOOK_STEPS, MOST_STEPS, LinearFamily, _steps_in


@pytest.mark.filterwarnings("ignore:lbfgs failed")
@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(0.5, LOOK_STEPS), (2.0, LOOK_STEPS), (42.0, 100), (1e9, MOST_STEPS), (float("inf"), MOST_STEPS)],
)
def test_steps_are_what_the_seconds_left_allow(monkeypatch: pytest.MonkeyPatch, seconds: float, steps: int) -> None:
    """A look of five steps takes two seconds here."""
    now = iter((10.0, 12.0))
    monkeypatch.setattr(linear, "time", SimpleNamespace(monotonic=lambda: next(now)))
    random = np.random.default_rng(1)
    wide = random.normal(size=(50, 4))
    labels = (wide[:, 0] + random.normal(size=50) > 0).astype(float)
    monkeypatch.setattr(linear, "MANY_PRODUCTS", wide.size * 2)
    assert _steps_in(seconds, wide, labels, None, 1.0) == steps


def test_small_tables_are_given_all_steps_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "time", None)
    wide = np.zeros((50, 4))
    monkeypatch.setattr(linear, "MANY_PRODUCTS", wide.size * 3 + 1)
    assert _steps_in(1.0, wide, np.arange(50) % 3, None, 1.0) == MOST_STEPS, "three classes"


def test_a_fit_takes_as_many_steps_as_its_seconds_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(linear, "_steps_in", lambda seconds, *_: asked.append(seconds) or 1)
    rows, made = sample_of("classification", "linear", 300), LinearFamily(task_named("classification"))
    short = made.fit(rows, {"c": 1.0}, seconds=3.0)
    monkeypatch.undo()
    assert asked == [3.0] and not np.allclose(short.margin(rows.x), made.fit(rows, {"c": 1.0}).margin(rows.x))
