"""Ways to prepare features: which are offered, what they make, and that no row is told its own label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from treadle.packing.exporting import prove, to_onnx
from treadle.scoring import task_of
from treadle.scoring.steps import Calendar, Levels, Pair
from treadle.training import FeatureColumn, Fitted, TrainingTable, search, split, train
from treadle.training.families import Sample, families
from treadle.training.prepare import Recipe, categories, fit_encoder, recipes
from treadle.training.prepare.pairs import gains

DATE, NUMBER, TEXT = FeatureColumn("d", "date"), FeatureColumn("n", "float"), FeatureColumn("t", "str")


def towns(n: int = 3000, levels: int = 40, seed: int = 0) -> TrainingTable:
    """A number that depends on the town, which is told by its name alone; a fifth of the towns are missing."""
    random = np.random.default_rng(seed)
    town = random.integers(0, levels, n)
    worth = random.normal(size=levels) * 3
    other = random.normal(size=n)
    frame = pl.DataFrame({"town": [f"t{k}" if k % 5 else None for k in town], "other": other})
    features = (FeatureColumn("town", "str"), FeatureColumn("other", "float"))
    return TrainingTable(frame, worth[town] + other, None, None, range(n), features)


@pytest.mark.parametrize(
    ("features", "ahead", "ways"),
    [
        ((NUMBER,), None, ("plain",)),
        ((DATE, NUMBER), None, ("plain", "calendar", "trend")),
        ((DATE, NUMBER), 200.0, ("plain",)),
        ((DATE, NUMBER), 400.0, ("calendar", "trend")),
        ((NUMBER, FeatureColumn("m", "int")), 400.0, ("plain", "pairs")),
        ((DATE, TEXT, FeatureColumn("u", "str")), 400.0, ("calendar", "trend", "calendar+pairs", "trend+pairs")),
    ],
)  # fmt: skip
def test_which_ways_there_are(features, ahead, ways):
    """A table of less than a year has no calendar if it is to tell what comes later; one of a year and more has one."""
    assert recipes(features, ahead) == ways


def test_the_settings_of_a_trial_say_how_features_are_prepared():
    assert Recipe.of({}) == Recipe()
    assert Recipe.of({"features": "trend+pairs", "text": "native"}) == Recipe("trend", True, True)
    assert Recipe.of({"features": "pairs", "text": "rates"}) == Recipe("plain", True, False)


def test_a_search_is_offered_what_its_table_allows(table, spec):
    rows = table(400)
    tried = search(rows, split(rows, spec().predict), spec(trials=12)).trials
    assert {t.params.get("features") for t in tried} <= {"plain", "pairs"}, "17 days"
    assert {t.params.get("text") for t in tried if t.family == "lightgbm"} == {"rates", "native"}
    assert {t.params.get("text") for t in tried if t.family == "linear"} == {None}


def test_levels_as_codes_tell_a_tree_what_rates_tell_it():
    rows = towns()
    encoder, x = fit_encoder(rows, linear=False, recipe=Recipe(native=True))
    (step,) = [s for s in encoder.steps if isinstance(s, Levels)]
    assert step.codes and categories(encoder) == (1,) and encoder.outputs[1] == "town:code"
    found = encoder.row_source()
    assert found(("never seen", 0.0))[1] == -1.0 and found((None, 0.0))[1] == float(len(step.values))
    family = families("lightgbm", task_of("regression"), threads=1)[0]
    params = {**family.defaults(), "rounds": 80, "least_rows": 5}
    assert family.native
    as_names = family.fit(Sample(x, rows.label, None, categories(encoder)), params)
    held = towns(seed=1)
    told = as_names.margin(encoder.matrix(held.frame))[:, 0]
    assert np.corrcoef(told, towns(seed=0).label[: len(told)])[0, 1] < 0.5, "another draw of towns' worth"
    assert np.corrcoef(as_names.margin(x)[:, 0], rows.label)[0, 1] > 0.95


def test_a_split_by_category_is_the_same_in_the_graph():
    """For every level, missing and never seen ones too, and for codes that no training row had."""
    rows = towns(levels=120)
    encoder, x = fit_encoder(rows, linear=False, recipe=Recipe("plain", True, True))
    family = families("lightgbm", task_of("regression"), threads=1)[0]
    params = {**family.defaults(), "rounds": 60, "least_rows": 2, "l2": 0.1}
    made = family.fit(Sample(x, rows.label, None, categories(encoder)), params)
    assert any("==" in str(tree) for tree in made.booster.dump_model()["tree_info"]), "no split by category was made"
    model = Fitted(encoder, made, task_of("regression").plain())
    names = [None, "", "never seen", *(f"t{k}" for k in range(130))]
    frame = pl.DataFrame({"town": names, "other": np.linspace(-3, 3, len(names))})
    assert prove(to_onnx(model), model, frame) < 1e-4


def test_pairs_are_of_what_helps_and_crosses_too():
    random = np.random.default_rng(3)
    numbers = {f"n{k}": random.normal(size=2000) for k in range(9)}
    texts = {name: random.choice(["a", "b", "c"], 2000) for name in ("one", "two", "idle")}
    label = numbers["n3"] / (2 + np.abs(numbers["n7"])) + 1.0 * ((texts["one"] == "a") == (texts["two"] == "a"))
    features = tuple(FeatureColumn(n, "float") for n in numbers) + tuple(FeatureColumn(n, "str") for n in texts)
    rows = TrainingTable(pl.DataFrame({**numbers, **texts}), label, None, None, range(2000), features)
    encoder, x = fit_encoder(rows, linear=False, recipe=Recipe(pairs=True))
    pairs = [s for s in encoder.steps if isinstance(s, Pair)]
    assert 3 <= len(pairs) <= 45 and any(set(s.reads) == {"n3", "n7"} for s in pairs)
    crossed = [s for s in encoder.steps if isinstance(s, Levels) and s.others]
    assert any(set(s.reads) == {"one", "two"} for s in crossed)
    assert x.shape == (2000, encoder.width) and set(encoder.groups()) <= set(rows.names)
    plain, _ = fit_encoder(rows, linear=True, recipe=Recipe(pairs=True))
    assert not any(isinstance(s, Pair) for s in plain.steps), "linear models are told of no pairs"


def test_pairs_of_uneven_classes_are_chosen_by_their_numbers_as_they_are():
    """15 rows of the first two of three classes: their numbers, less the mean as of amounts, are no classes."""
    random = np.random.default_rng(5)
    label = np.full(2000, 2.0)
    label[:15], label[15:30] = 0.0, 1.0
    frame = pl.DataFrame({"a": random.normal(size=2000) + label, "b": random.normal(size=2000)})
    features = tuple(FeatureColumn(name, "float") for name in frame.columns)
    rows = TrainingTable(frame, label, None, None, range(2000), features, classes=("high", "low", "ok"))
    encoder, x = fit_encoder(rows, linear=False)
    found = gains(rows, encoder, x, 7)
    assert found["a"] > found["b"] >= 0


def test_the_calendar_counts_days_from_the_first_training_row_for_linear_models():
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2022, 12, 31), eager=True)
    label = np.sin(2 * np.pi * days.dt.ordinal_day().to_numpy() / 366)
    rows = TrainingTable(pl.DataFrame({"d": days}), label, None, None, range(len(days)), (DATE,))
    encoder, x = fit_encoder(rows, linear=True, recipe=Recipe("trend"))
    (step,) = [s for s in encoder.steps if isinstance(s, Calendar)]
    assert (
        step.days and encoder.outputs[-1] == "d:days" and x[0, -1] == 0.0 and x[-1, -1] == pytest.approx(3.0, abs=0.01)
    )
    family = families("linear", task_of("regression"), threads=1)[0]
    told = family.fit(Sample(x, label), {"c": 100.0}).margin(x)[:, 0]
    assert np.corrcoef(told, label)[0, 1] > 0.999


def test_categories_and_the_calendar_are_told_without_any_label(table):
    rows = table(400, timed=False)
    _, x = fit_encoder(rows, linear=False, recipe=Recipe("trend", native=True))
    _, other = fit_encoder(replace(rows, label=1 - rows.label), linear=False, recipe=Recipe("trend", native=True))
    assert np.array_equal(x, other, equal_nan=True)


def test_a_blend_is_one_encoder_and_one_graph(table, spec):
    rows = table(900, kind="regression")
    project = spec("regression", trials=10, families=("linear", "lightgbm"))
    model, _, found = train(rows, project)
    assert sum(m.weight for m in found.members) == pytest.approx(1.0) and 1 <= len(found.members) <= 4
    assert prove(to_onnx(model), model, rows.frame) < 1e-5 * np.abs(rows.label).max()
