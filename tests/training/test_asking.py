"""What is tried next: the portfolio, then draws that learn from what was seen, the same ones for the same past."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from treadle.scoring import task_of
from treadle.training.asking import Asking
from treadle.training.families import families


def toy() -> list[Any]:
    """A family of two settings; the best value is 0, at (0.3, 0.7)."""
    (linear,) = families(("linear",), task_of("classification"), threads=1)

    class Toy(type(linear)):  # type: ignore[misc]
        name = "toy"

        def suggest(self, trial):
            return {"x": trial.suggest_float("x", 0, 1), "y": trial.suggest_float("y", 0, 1)}

        def defaults(self):
            return {}

    return [Toy(task_of("classification"))]


def value_of(params):
    return -((params["x"] - 0.3) ** 2) - (params["y"] - 0.7) ** 2


def trials_to(target, asking, most=80):
    for number in range(1, most + 1):
        asked = asking.next()
        value = value_of(asked.params)
        asking.tell(asked, value)
        if value > -target:
            return number
    return most


def test_bayesian_search_learns_and_random_does_not(spec):
    """On a known function, by the same seeds: TPE needs clearly fewer trials than drawing blindly."""
    needed = {
        kind: sum(trials_to(0.003, Asking(spec(search=kind, seed=seed).train, toy())) for seed in range(6))
        for kind in ("bayesian", "random")
    }
    assert needed["bayesian"] < 0.75 * needed["random"], needed


def told(asking, count, value=value_of):
    found = []
    for _ in range(count):
        asked = asking.next()
        asking.tell(asked, value(asked.params))
        found.append(asked.settings)
    return found


@pytest.mark.parametrize("kind", ["bayesian", "random"])
def test_the_same_past_asks_for_the_same(spec, kind):
    made = [told(Asking(spec(search=kind, seed=seed).train, toy()), 20) for seed in (3, 3, 4)]
    assert made[0] == made[1] != made[2]
    assert len({str(settings) for settings in made[0]}) == 20, "no draw comes twice"


def test_another_past_asks_for_something_else(spec):
    train = spec(search="bayesian").train
    one, other = told(Asking(train, toy()), 30), told(Asking(train, toy()), 30, lambda params: -params["x"])
    assert one[:6] == other[:6] and one[-1] != other[-1]


def test_what_failed_tells_nothing_and_the_next_is_asked_for(spec):
    asking = Asking(spec().train, toy())
    first = asking.next()
    asking.tell(first, None)
    assert asking.next().settings != first.settings


def test_what_says_nothing_here_is_not_listed(spec):
    chosen = families(("linear", "lightgbm"), task_of("classification"), threads=1)
    plain, text = Asking(spec().train, chosen), Asking(spec().train, chosen, ("plain",), text=True)
    paired = Asking(spec().train, chosen, ("plain", "pairs"))
    assert plain.listed < text.listed, "with text, some differ that are the same without"
    for each in (plain, text):
        told = [each.next() for _ in range(each.listed)]
        assert all(one.settings != other.settings for one, other in combinations(told, 2))
    asked = [paired.next() for _ in range(paired.listed)]
    assert {a.params["features"] for a in asked} == {"plain", "pairs"}
    assert all("text" not in a.params for a in asked)
    without = Asking(spec(search="none").train, chosen, ("plain", "pairs"), text=True)
    assert without.listed == 2 and [without.next().family.name for _ in range(2)] == ["linear", "lightgbm"]


def asked_all(asking, value):
    """Every listed setting, each told what `value` gives it."""
    found = []
    for _ in range(asking.listed):
        asked = asking.next()
        asking.tell(asked, value(asked.settings))
        found.append(asked.settings)
    return found


@pytest.mark.parametrize(("text", "way"), [("native", "trend"), ("rates", "calendar"), ("native", "calendar")])
def test_what_is_better_for_the_first_is_taken_for_those_after_it(spec, text, way):
    """Plain boosting is tried with time in a line and text by rates too; what says nothing of it follows the best."""
    chosen = families(("linear", "lightgbm"), task_of("classification"), threads=1)
    asking = Asking(spec().train, chosen, ("calendar", "trend", "calendar+pairs", "trend+pairs"), text=True)
    found = asked_all(asking, lambda told: (told.get("text") == text) + (told["features"] == way) / 2)
    plain = [(s["text"], s["features"]) for s in found[:3]]
    assert plain == [("native", "calendar"), ("native", "trend"), ("rates", way if text == "native" else "calendar")]
    free = {"lightgbm.leaves": 16, "lightgbm.rate": 0.04}
    (later,) = (s for s in found[3:] if free.items() <= s.items())
    assert (later["text"], later["features"]) == (text, way)


def test_pairs_are_for_those_that_ask_for_them(spec):
    """However good they are: a fit with them takes several times as long."""
    chosen = families(("linear", "lightgbm"), task_of("classification"), threads=1)
    found = asked_all(Asking(spec().train, chosen, ("plain", "pairs")), lambda told: float(told["features"] == "pairs"))
    assert {s["features"] for s in found if s.get("lightgbm.leaves") == 16} == {"plain"}
    assert "pairs" in {s["features"] for s in found}
