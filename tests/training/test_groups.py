"""Numbers beside what is usual in a row's group: what is told, of whom, and that it is kept only where it helps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from treadle.packing.exporting import prove, to_onnx
from treadle.scoring import metrics, task_of
from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Grouped
from treadle.training import FeatureColumn, TrainingTable, search, split, train
from treadle.training.asking import Asking
from treadle.training.families import Sample, families
from treadle.training.prepare import Recipe, fit_encoder, offers_groups
from treadle.training.prepare.groups import MOST_COLUMNS, MOST_LEVELS, fit_grouped
from treadle.training.prepare.levels import SMOOTHING

PRICE, TOWN, SIZE = FeatureColumn("price", "float"), FeatureColumn("town", "str"), FeatureColumn("size", "float")


def flats(rows: int = 3000, towns: int = 60, seed: int = 0) -> TrainingTable:
    """Whether a flat is dear for its town, whose usual price says nothing of the label: only both together do."""
    random = np.random.default_rng(seed)
    town = random.integers(0, towns, rows)
    usual = np.random.default_rng(99).normal(size=towns) * 5
    above, size = random.normal(size=(2, rows))
    label = (2 * above + 0.3 * size + random.logistic(size=rows) > 0) * 1.0
    frame = pl.DataFrame({"price": usual[town] + above, "town": [f"t{k}" for k in town], "size": size})
    return TrainingTable(frame, label, None, None, range(rows), (PRICE, TOWN, SIZE))


def small(prices: list[float | None], towns: list[str | None], weight: list[float] | None = None) -> TrainingTable:
    frame = pl.DataFrame({"price": prices, "town": towns}, schema={"price": pl.Float64, "town": pl.String})
    rows = len(prices)
    mass = None if weight is None else np.array(weight)
    return TrainingTable(frame, np.arange(rows) % 2 * 1.0, None, None, range(rows), (PRICE, TOWN), weight=mass)


def told(step: Grouped, *values: object) -> dict[str, float]:
    found = Encoder(("price", "town"), (step,)).row(values)
    return dict(zip(step.outputs, found, strict=True))


def test_a_group_is_drawn_to_all_rows_by_how_few_it_has():
    step = fit_grouped(small([1.0] * 20 + [3.0] * 60, ["a"] * 20 + ["b"] * 60), "town", ["price"], linear=False)
    whole, spread = 2.5, math.sqrt(0.75)
    mean_a = whole + 20 / (20 + SMOOTHING) * (1.0 - whole)
    spread_a = math.sqrt(SMOOTHING * 0.75 / (20 + SMOOTHING))
    found = told(step, 4.0, "a")
    assert found == pytest.approx(
        {
            "mean of price by town": mean_a,
            "spread of price by town": spread_a,
            "price less its mean by town": 4.0 - mean_a,
            "price in its spreads by town": (4.0 - mean_a) / spread_a,
        }
    )
    never = told(step, 4.0, "never seen")
    assert list(never.values()) == pytest.approx([whole, spread, 4.0 - whole, (4.0 - whole) / spread])
    assert told(step, 4.0, None) == never, "no row without a town was seen"
    gone = told(step, None, "a")
    assert gone["mean of price by town"] == found["mean of price by town"]
    assert math.isnan(gone["price less its mean by town"]) and math.isnan(gone["price in its spreads by town"])


def test_rows_without_a_group_are_one_where_they_were_seen():
    step = fit_grouped(small([1.0] * 20 + [3.0] * 60, [None] * 20 + ["b"] * 60), "town", ["price"], linear=False)
    assert told(step, 0.0, None)["mean of price by town"] == pytest.approx(1.75)
    assert told(step, 0.0, "never seen")["mean of price by town"] == pytest.approx(2.5)


def test_a_row_of_weight_three_is_three_rows_of_a_group():
    prices, towns = [1.0, 5.0, 2.0, 9.0], ["a", "a", "b", "b"]
    heavy = fit_grouped(small(prices, towns, [3.0, 1.0, 1.0, 3.0]), "town", ["price"], linear=False)
    many = fit_grouped(
        small([1.0] * 3 + [5.0, 2.0] + [9.0] * 3, ["a"] * 4 + ["b"] * 4), "town", ["price"], linear=False
    )
    for town in ("a", "b"):
        assert heavy.values[town] == pytest.approx(many.values[town])


def test_a_model_of_sums_is_told_in_spreads_and_never_of_a_gap():
    step = fit_grouped(small([1.0] * 20 + [3.0] * 60, ["a"] * 20 + ["b"] * 60), "town", ["price"], linear=True)
    assert all(abs(value) < 3 for value in told(step, 3.0, "b").values())
    assert max(told(step, 1e30, "b").values()) == 10.0 and min(told(step, -1e30, "b").values()) == -10.0
    assert [told(step, None, "a")[name] for name in step.outputs[2:]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("prices", "towns"),
    [
        ([7.0] * 40, ["a", "b"] * 20),
        ([None] * 40, ["a", "b"] * 20),
        ([1e9] * 39 + [math.nextafter(1e9, 2e9)], ["a", "b"] * 20),
    ],
)
def test_a_number_that_never_changes_has_nothing_to_tell(prices, towns):
    assert fit_grouped(small(prices, towns), "town", ["price"], linear=False).tells == ()


def test_a_number_has_no_groups_of_itself_and_far_numbers_keep_their_digits():
    table = small([1.7e9 + k % 7 for k in range(400)], [f"t{k % 4}" for k in range(400)])
    assert fit_grouped(table, "price", ["price"], linear=False).tells == ()
    step = fit_grouped(table, "town", ["price"], linear=False)
    assert 1.5 < step.tells[0].usual[1] < 2.5 and all(1.5 < values[1] < 2.5 for values in step.values.values())


def test_rare_levels_beyond_the_most_are_told_as_never_seen():
    names = [f"t{k}" for k in range(MOST_LEVELS + 200) for _ in range(2)]
    step = fit_grouped(small([float(k) for k in range(len(names))], names), "town", ["price"], linear=False)
    assert len(step.values) == MOST_LEVELS


@pytest.mark.parametrize(
    ("towns", "able"),
    [
        ([f"t{k % 20}" for k in range(400)], True),
        ([f"t{k}" for k in range(400)], False),
        ([None] * 400, False),
        (["one"] * 400, False),
    ],
)
def test_names_of_rows_and_constants_are_no_groups(towns, able):
    random = np.random.default_rng(1)
    assert offers_groups(small(random.normal(size=400).tolist(), towns)) is able


@pytest.mark.parametrize(("kind", "levels", "able"), [("int", 8, True), ("int", 300, False), ("bool", 2, True)])
def test_whole_numbers_that_come_often_name_groups_too(kind, levels, able):
    code = np.arange(1000) % levels
    frame = pl.DataFrame({"code": code == 1 if kind == "bool" else code, "price": np.arange(1000.0)})
    features = (FeatureColumn("code", kind), PRICE)
    table = TrainingTable(frame, code % 2 * 1.0, None, None, range(1000), features)
    assert offers_groups(table) is able
    assert not offers_groups(replace(table, features=features[:1])), "a number that is another"


def test_groups_that_help_are_found_and_no_more_columns_than_are_allowed():
    table, held = flats(), flats(seed=1)
    family = families("lightgbm", task_of("classification"), threads=1)[0]
    scores = {}
    for groups in (False, True):
        encoder, x = fit_encoder(table, linear=False, recipe=Recipe(groups=groups))
        made = family.fit(Sample(x, table.label), {**family.defaults(), "rounds": 60})
        margin = made.margin(encoder.matrix(held.frame))[:, 0]
        scores[groups] = metrics.weighted("roc_auc", held.label, margin)(np.ones(len(held)))
    assert scores[True] > scores[False] + 0.03
    (step,) = [s for s in encoder.steps if isinstance(s, Grouped)]
    assert {tell.how for tell in step.tells if tell.name == "price"} & {"minus", "over"}
    assert len(step.outputs) <= MOST_COLUMNS and set(step.reads) <= {"town", "price", "size"}
    assert encoder.groups()["town"][-1] >= encoder.width - len(step.outputs), "it counts for its importance"


def test_the_search_takes_groups_where_they_help_and_writes_them_down(spec):
    table = flats(1500)
    project = spec(by="random", trials=10)
    model, _, found = train(table, project)
    tried = {t.params["groups"] for t in found.trials}
    assert tried == {"plain", "told"} and found.members[0].params["groups"] == "told"
    assert any(isinstance(step, Grouped) for step in model.encoder.steps)
    assert prove(to_onnx(model), model, table.frame) < 1e-4
    rows = np.array([model.encoder.row(values) for values in table.frame.iter_rows()], dtype=np.float32)
    assert np.array_equal(rows, model.encoder.matrix(table.frame), equal_nan=True)


def test_nothing_is_asked_of_groups_where_there_are_none(spec):
    table = flats(400)
    bare = replace(table, features=(PRICE, SIZE))
    tried = search(bare, split(bare, spec(by="random").predict), spec(by="random", trials=4)).trials
    assert len(tried) == 4 and all("groups" not in t.params for t in tried)


def test_what_follows_has_groups_if_the_first_was_better_for_them(spec):
    chosen = families(("linear", "lightgbm", "additive"), task_of("classification"), threads=1)
    for better in ("plain", "told"):
        asking, seen = Asking(spec().train, chosen, ("plain", "pairs"), groups=True), []
        for _ in range(asking.listed):
            asked = asking.next()
            seen.append(asked)
            asking.tell(asked, float(asked.params.get("groups") == better))
        assert [a.params["groups"] for a in seen[:2]] == ["plain", "told"]
        later = {a.params.get("groups") for a in seen[2:] if a.family.name != "additive"}
        assert later == {better}
        assert {a.params.get("groups") for a in seen if a.family.name == "additive"} == {None}
    without = Asking(spec(search="none").train, chosen, ("plain",), groups=True)
    assert all("groups" not in without.next().params for _ in range(without.listed))
