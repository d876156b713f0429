"""What is tried next: the portfolio, then draws that learn from what was seen, the same ones for the same past."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from treadle.scoring import task_of
from treadle.training.asking import Asking
from treadle.training.families import families
from treadle.training.portfolio import portfolio


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


def both(names=("lightgbm", "linear", "additive")):
    return families(names, task_of("classification"), threads=1)


def all_listed(asking):
    return [asking.next() for _ in range(asking.listed)]


def test_without_search_nothing_is_drawn_but_the_one_way_to_prepare(spec):
    train = spec(search="none").train
    for ways, said in (
        (("plain",), {}),
        (("trend",), {"features": "trend"}),
        (("trend", "pairs"), {"features": "trend"}),
    ):
        asked = all_listed(Asking(train, both(), ways, text=True, ordered=True))
        assert len(asked) == 3
        for each in asked:
            told = {key: value for key, value in each.params.items() if key in ("features", "text", "recent")}
            assert told == said and "recent" not in each.settings


def test_one_way_to_prepare_is_told_and_not_drawn(spec):
    for ways, said in ((("plain",), None), (("trend",), "trend")):
        asked = all_listed(Asking(spec().train, both(), ways))
        assert {each.params.get("features") for each in asked} == {said}
        assert all("features" not in each.settings for each in asked)


def test_pairs_are_not_made_for_what_makes_them_itself(spec):
    asked = all_listed(Asking(spec().train, both(), ("trend+pairs", "pairs")))
    ways = {each.family.name: set() for each in asked}
    for each in asked:
        ways[each.family.name].add(each.params["features"])
    assert ways["additive"] <= {"trend", "plain"} and ways["lightgbm"] <= {"trend+pairs", "pairs"}


def test_each_settings_come_with_the_way_they_want_or_with_one_like_it(spec):
    chosen = both(("lightgbm", "linear"))
    listed = portfolio(chosen)
    for ways, of_pairs, of_trend in (
        (("plain", "trend", "pairs"), "pairs", "trend"),
        (("calendar", "trend+pairs"), "trend+pairs", "calendar"),
        (("calendar", "trend"), "calendar", "trend"),
    ):
        asked = all_listed(Asking(spec().train, chosen, ways))
        of = {(a.family.name, a.params.get("leaves"), a.params.get("rate"), a.params.get("c")): a for a in asked}
        for wanted, way in (("pairs", of_pairs), ("trend", of_trend)):
            first = next((family, params) for family, params in listed if params.get("features") == wanted)
            key = (first[0].name, *(first[1].get(name) for name in ("leaves", "rate", "c")))
            assert of[key].params["features"] == way


def test_a_way_that_only_some_tables_have_comes_third_for_the_first_families(spec, monkeypatch):
    monkeypatch.setattr("treadle.training.asking.added", lambda ways: tuple(w for w in ways if w.endswith("more")))
    asked = all_listed(Asking(spec().train, both(), ("plain", "plain+more")))
    told = [each.family.name for each in asked if each.settings["features"] == "plain+more"]
    assert told == ["lightgbm", "linear"]
    assert [each.settings["features"] for each in asked[:5]] == ["plain", "plain", "plain+more", "plain+more", "plain"]


def test_text_is_a_category_where_a_family_takes_it_and_old_rows_weigh_less_where_asked(spec):
    listed = portfolio(both(("lightgbm", "linear")))
    asked = all_listed(Asking(spec().train, both(("lightgbm", "linear")), text=True, ordered=True))
    assert {"text" in each.settings for each in asked if each.family.name == "linear"} == {False}
    trees = [each.settings for each in asked if each.family.name == "lightgbm"]
    assert trees[0]["text"] == "native" and {each["text"] for each in trees} == {"native", "rates"}
    assert {each["recent"] for each in trees} == {"all", "fifth"}
    fifth = [params for _, params in listed if params.get("recent") == "fifth"]
    assert sum(each["recent"] == "fifth" for each in trees) == len(fifth) == 1


@pytest.mark.parametrize("rare", [False, True])
def test_classes_may_be_evened_out_where_one_is_rare(spec, rare):
    chosen = families(("linear", "lightgbm"), task_of("classification"), threads=1, weight_option=rare)
    asked = Asking(spec().train, chosen).next()
    assert (f"{asked.family.name}.even_classes" in asked.settings) == rare


def test_what_failed_is_no_value_to_the_sampler(spec):
    asking = Asking(spec().train, toy())
    for value, state in ((None, "FAIL"), (0.5, "COMPLETE")):
        asked = asking.next()
        asking.tell(asked, value)
        last = asked.drawn.study.trials[-1]
        assert last.state.name == state and last.value == value
