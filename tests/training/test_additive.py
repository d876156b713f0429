"""An additive model is the trees that LightGBM grew, column by column; and what is drawn of it is what it adds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Levels, Number
from treadle.testing.families import KINDS, sample_of, task_named
from treadle.training import Fitted, evaluate, report, train
from treadle.training.curves import shapes
from treadle.training.families import Additive, Blend, Curve, Graph, Linear, Member, Params, Sample
from treadle.training.families.additive import AdditiveFamily
from treadle.training.table import FeatureColumn, TrainingTable

QUICK: Params = {"rounds": 60, "rate": 0.2, "least_rows": 20}


def made_of(kind: str, rows: Sample, **more: Any) -> tuple[AdditiveFamily, Additive]:
    made = AdditiveFamily(task_named(kind), threads=1)
    found = made.fit(rows, {**made.defaults(), **QUICK, **more})
    assert isinstance(found, Additive)
    return made, found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", ["trees", "linear"])
def test_the_curves_say_what_lightgbm_says(kind: str, encoding: str) -> None:
    """For missing values too: where some were seen, and where none was; at thresholds, and beside them."""
    rows, held = sample_of(kind, encoding), sample_of(kind, "trees", 4000, seed=2)
    made, found = made_of(kind, rows)
    alone = [[column] for column in range(rows.x.shape[1])]
    booster, rounds = made.grown(rows, {**made.defaults(), **QUICK, "alone": alone}, None, "", float("inf"))
    edges = np.clip(np.concatenate([curve.edges for curve in found.curves]), -3e38, 3e38)
    beside = np.random.default_rng(3).choice(edges, held.x.shape).astype(np.float32)
    held.x[::2] = np.where(np.isnan(held.x[::2]), np.nan, beside[::2])
    held.x[::4] = np.nextafter(held.x[::4], np.float32(np.inf))
    held.x[np.abs(held.x) <= 1.1e-35] = 0.0  # which LightGBM takes for zero
    theirs = booster.predict(held.x.astype(np.float64), raw_score=True).reshape(len(held), -1)
    assert rounds == 60 and np.abs(found.margin(held.x) - theirs).max() < 1e-9 * max(1.0, np.abs(theirs).max())


def test_a_column_adds_the_same_whatever_the_others_say() -> None:
    _, found = made_of("classification", sample_of("classification", "trees"))
    x = sample_of("classification", "trees", 300, seed=2).x
    moved = x.copy()
    moved[:, 0] = 1.5
    gap = found.margin(moved) - found.margin(x)
    other = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    other[:, 0] = x[:, 0]
    moved_other = other.copy()
    moved_other[:, 0] = 1.5
    assert np.abs(gap - (found.margin(moved_other) - found.margin(other))).max() < 1e-12 and np.ptp(gap) > 0.1


@pytest.mark.parametrize("weighted", [False, True])
def test_a_curve_is_zero_in_the_mean_of_the_training_rows(weighted: bool) -> None:
    rows = sample_of("multiclass", "trees")
    weight = np.random.default_rng(4).integers(1, 9, len(rows)).astype(np.float64) if weighted else None
    _, found = made_of("multiclass", Sample(rows.x, rows.y, weight))
    for column, curve in enumerate(found.curves):
        told = curve.values[curve.place(rows.x[:, column])]
        assert np.abs(np.average(told, axis=0, weights=weight)).max() < 1e-9
    assert any(not curve.flat for curve in found.curves)
    assert np.allclose(np.average(found.margin(rows.x), axis=0, weights=weight), found.base)


def test_a_restored_one_has_its_curves_alone_and_stays_as_it_is() -> None:
    made, found = made_of("regression", sample_of("regression", "trees"))
    back = made.restore(found.kept())
    assert back.most_rounds == back.rounds == 60 and back.cut(3) is back and found.cut(3).rounds == 3
    assert isinstance(back, Additive) and back.growth is None


def test_one_that_learned_nothing_has_a_graph() -> None:
    rows = sample_of("counts", "trees", 60)
    _, found = made_of("counts", rows, least_rows=1000, leaves=2)
    flat = replace(found, curves=tuple(Curve(c.edges[:0], np.zeros((2, 1))) for c in found.curves))
    assert np.ptp(flat.margin(rows.x)) == 0
    graph = Graph("x", 6)
    assert flat.graph(graph, np.arange(6), 1.0) and len(graph.nodes) == 1


edges_of = st.lists(st.floats(-(2.0**90), 2.0**90, width=32), max_size=9, unique=True).map(sorted)


@given(edges=edges_of, seed=st.integers(0, 99), like=st.sampled_from(["own", "a step"]))
@settings(max_examples=80, deadline=None)
def test_a_curve_as_a_tree_goes_to_the_same_step(edges: list[float], seed: int, like: str) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(len(edges) + 2, 1))
    if like == "a step":
        values[-1] = values[random.integers(0, len(edges) + 1)]
    curve = Curve(np.array(edges, dtype=np.float32), values)
    tree = curve.tree(0)
    asked = [float(v) for e in curve.edges for v in (np.nextafter(e, np.float32(-np.inf)), e, np.nextafter(e, np.inf))]
    for value in [*asked, 0.0, float("nan"), 3e38, -3e38]:
        node = tree[0]
        while node.feature >= 0:
            left = value <= node.threshold or (value != value and node.missing_left)
            node = tree[node.left if left else node.right]
        assert node.value == values[curve.place(np.array([value], dtype=np.float32))[0], 0]
    depth = int(np.ceil(np.log2(len(edges) + 1))) if edges else 0
    assert len(tree) <= 2 * len(values) + 1 and depth <= 4


def _fitted(estimator: Any) -> tuple[Fitted, TrainingTable]:
    """A number, a truth value and a text."""
    steps = (Number("n"), Number("b"), Levels("t", ("t:rate",), {"x": (1.0,), "y": (2.0,)}, (1.4,), (3.0,)))
    random = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "n": [None if v > 1.5 else v for v in random.normal(size=400)],
            "b": random.integers(0, 2, 400),
            "t": random.choice(["x", "y", "z"], 400),
        }
    )
    features = tuple(
        FeatureColumn(name, kind, "request") for name, kind in (("n", "float"), ("b", "int"), ("t", "str"))
    )
    encoder = Encoder(inputs=("n", "b", "t"), steps=steps)
    rows = TrainingTable(frame, np.zeros(400), None, None, range(400), features)
    return Fitted(encoder, estimator, task_named("regression").plain()), rows


def _curve(edges: list[float], *values: float) -> Curve:
    return Curve(np.array(edges, dtype=np.float32), np.array(values)[:, None])


def test_shapes_are_what_is_added() -> None:
    curves = (_curve([-0.5, 0.0, 99.0], -1.0, 0.5, 2.0, 7.0, 0.25), _curve([1e-35], -4.0, 4.0, 0.0),
              _curve([1.2, 1.6, 2.5], 1.0, 5.0, 2.0, 3.0, 0.0))  # fmt: skip
    model, rows = _fitted(Additive(np.array([10.0]), curves, 1))
    found = {shape.name: shape for shape in shapes(model, rows)}
    weighs = [shape.size for shape in found.values()]
    assert [*found] == ["b", "t", "n"] and weighs == sorted(weighs, reverse=True)
    known = rows.frame["n"].drop_nulls()
    assert found["n"].effects == ((-1.0, 0.5, 2.0),) and found["n"].missing == (0.25,)
    assert found["n"].edges[0] == pytest.approx(known.min()) and found["n"].edges[-1] == pytest.approx(known.max())
    assert found["n"].edges[1] == pytest.approx(-0.5, abs=0.05)  # between two values of the rows
    assert found["b"].edges == (0.0, 0.5, 1.0) and found["b"].effects == ((-4.0, 4.0),) and found["b"].missing is None
    assert dict(zip(found["t"].levels, found["t"].effects[0], strict=True)) == {"x": 1.0, "y": 2.0, "z": 5.0}
    sizes = np.abs(model.estimator.margin(model.encoder.matrix(rows.frame)) - 10.0)
    assert sum(s.size for s in found.values()) >= sizes.mean()


def test_a_blend_of_additive_models_adds_up_and_another_has_no_shapes() -> None:
    one, other = _curve([0.0], -1.0, 1.0, 0.0), _curve([0.5], -2.0, 2.0, 0.0)
    none = _curve([], 0.0, 0.0)
    first, second = (Additive(np.zeros(1), (curve,), 1) for curve in (one, other))
    blend = Blend((Member(0.75, np.array([0]), first), Member(0.25, np.array([0]), second)))
    model, rows = _fitted(blend)
    (shape,) = shapes(model, rows)
    assert shape.effects == ((-1.25, 0.25, 1.25),)
    linear = Linear(np.zeros((3, 1), dtype=np.float32), np.zeros(1, dtype=np.float32))
    mixed = Blend(
        (Member(0.5, np.arange(3), Additive(np.zeros(1), (one, none, none), 1)), Member(0.5, np.arange(3), linear))
    )
    assert shapes(_fitted(mixed)[0], rows) == ()


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_the_report_of_an_additive_model_draws_its_columns(kind: str, table: Any, spec: Any) -> None:
    rows, project = table(900, kind=kind), spec(kind, families=("additive",), search="none")
    model, parts, found = train(rows, project)
    seen = evaluate(model, rows, parts, project, replicates=20)
    page = report(seen, project, found)
    assert "What each column adds" in page and "Which features would go first" not in page
    assert {"amount", "city"} <= {
        shape.name for shape in seen.anatomy.shapes
    } and seen.task.margin_unit in page.replace("&#x27;", "'").replace("&#39;", "'")
    assert seen.anatomy.shapes[0].name == "amount" and "Where it is missing" in page
    flat = model.encoder.outputs
    assert not [name for name in flat if " times " in name or " over " in name]


def test_an_additive_model_takes_no_columns_of_two_features(table: Any, spec: Any) -> None:
    rows, project = table(500), spec(families=("additive",), by="stratified", trials=8)
    rows = replace(rows, at=None, known=None)
    _, _, found = train(rows, project)
    assert len(found.trials) > 3 and not [t for t in found.trials if "pairs" in t.params.get("features", "")]


def test_what_a_column_weighs_is_told_by_rows_as_they_weigh() -> None:
    flat, of_numbers, of_levels = _curve([], 0.0, 0.0), _curve([0.0], -1.0, 3.0, 0.0), _curve([1.2], 2.0, -5.0, 0.0)
    model, rows = _fitted(Additive(np.zeros(1), (of_numbers, flat, of_levels), 1))
    weight = np.where(rows.frame["n"].fill_null(0.0).to_numpy() > 0, 9.0, 1.0) * np.linspace(0.5, 1.5, 400)
    found = {shape.name: shape.size for shape in shapes(model, replace(rows, weight=weight))}
    x = model.encoder.matrix(rows.frame)
    told = [np.abs(curve.values[curve.place(x[:, k]), 0]) for curve, k in ((of_numbers, 0), (of_levels, 2))]
    assert found == pytest.approx({name: np.average(t, weights=weight) for name, t in zip("nt", told, strict=True)})
