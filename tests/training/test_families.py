"""Every family passes the suite; the list in the project file is the list of families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from treadle.errors import SpecError
from treadle.spec.choices import FAMILIES, FAMILY_ALIASES
from treadle.testing import FamilySuite
from treadle.testing.families import EVERY, KINDS, LEVELS, content, loss, sample_of, task_named
from treadle.training.families import (
    OWN,
    Array,
    Blend,
    Kept,
    Linear,
    Member,
    Params,
    Sample,
    forest,
    mlp,
    network,
    restore,
)
from treadle.training.families.additive import AdditiveFamily
from treadle.training.families.bayes import BayesFamily
from treadle.training.families.extra_trees import ExtraTreesFamily
from treadle.training.families.forest import ForestFamily
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.families.linear import LinearFamily
from treadle.training.families.mlp import MLPFamily, Perceptron
from treadle.training.families.neighbours import NeighboursFamily
from treadle.training.families.random_forest import RandomForestFamily
from treadle.training.families.tree_sum import TreeSum, floors32
from treadle.training.families.trees import floor32

OF = ForestFamily._of


def test_the_project_file_names_every_family() -> None:
    assert tuple(OWN) == FAMILIES
    assert set(FAMILY_ALIASES.values()) <= set(OWN)


def test_every_family_is_held_to_the_suite() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in Path(__file__).parent.glob("test_families*.py"))
    assert [name for name, family in OWN.items() if f"    family = {family.__name__}\n" not in told] == []


class TestLinear(FamilySuite):
    kinds = EVERY
    family = LinearFamily
    grows = False
    weights_repeat = True


class TestLightGBM(FamilySuite):
    kinds = EVERY
    family = LightGBMFamily
    quick: ClassVar[Params] = {"rounds": 40, "least_rows": 20}
    zero = 1.1e-35


class TestAdditive(FamilySuite):
    kinds = EVERY
    family = AdditiveFamily
    quick: ClassVar[Params] = {"rounds": 60, "rate": 0.2, "least_rows": 20}
    zero = 1.1e-35


class _Forest(FamilySuite):
    quick: ClassVar[Params] = {"trees": 20, "leaves": 60}

    def steps(self, estimator: TreeSum) -> int:  # type: ignore[override]
        return estimator.trees


class TestExtraTrees(_Forest):
    family = ExtraTreesFamily


class TestRandomForest(_Forest):
    family = RandomForestFamily


class TestMLP(FamilySuite):
    kinds = EVERY
    family = MLPFamily
    quick: ClassVar[Params] = {"width": 32}


class TestBayes(FamilySuite):
    family = BayesFamily
    kinds = ("classification", "multiclass")
    grows = False
    weights_repeat = True


class TestNeighbours(FamilySuite):
    family = NeighboursFamily
    grows = False


def test_a_perceptron_that_was_kept_goes_on_where_it_stood() -> None:
    made, rows = MLPFamily(task_named("regression")), sample_of("regression", "linear")
    params = {**made.defaults(), "width": 32}
    short = made.fit(rows, {**params, "rounds": 5})
    kept = msgspec.json.decode(content(short.kept()), type=Kept)
    longer = made.resume(made.restore(kept), rows, {**params, "rounds": 15})
    assert isinstance(longer, Perceptron) and isinstance(short, Perceptron)
    assert longer.rounds == 15 and longer.losses[:5] == short.losses and len(longer.losses) == 15
    anew = made.fit(rows, {**params, "rounds": 10})
    assert isinstance(anew, Perceptron)
    assert longer.losses[5] < 0.8 * short.losses[0]  # it does not begin anew
    assert loss(made.task, rows.y, longer.margin(rows.x)[:, 0]) < loss(made.task, rows.y, short.margin(rows.x)[:, 0])


def test_a_perceptron_keeps_how_its_loss_went() -> None:
    made, rows = MLPFamily(task_named("classification")), sample_of("classification", "linear")
    found = made.fit(rows, made.defaults(), sample_of("classification", "linear", seed=2))
    assert isinstance(found, Perceptron)
    numbers = found.kept().numbers
    assert len(numbers["losses"]) == len(numbers["held_losses"]) >= found.rounds
    assert int(np.argmin(numbers["held_losses"])) + 1 == found.rounds
    assert numbers["losses"][-1] < numbers["losses"][0]


@pytest.mark.parametrize("kind", EVERY)
def test_the_slopes_of_a_perceptron_are_those_of_its_loss(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By differences: a number a little higher, and lower, in each layer."""
    monkeypatch.setattr(mlp, "KINK", 1e-9)
    made, rows = MLPFamily(task_named(kind)), sample_of(kind, "linear", 64)
    y = (rows.y - 250) / 10 if kind in ("regression", "quantiles") else rows.y
    first = made._first(rows.x.shape[1], y, {"width": 5, "depth": 2}, np.ones(64))
    # away from where a bound is just met: there the slope is none
    layers = tuple(part + 0.1 * np.random.default_rng(2).normal(size=part.shape) for part in first)
    x, truth, weight = rows.x.astype(np.float64), made._truth(y).astype(np.float64), np.ones((64, 1))

    class Told:
        def __init__(self, layers: Sequence[Array]) -> None:
            self.layers, self.slopes = list(layers), []

        def step(self, slopes: list[Array]) -> None:
            self.slopes = slopes

    told = Told(layers)
    made._step(told, x, truth, weight, None, 0.0)  # type: ignore[arg-type]
    for place, part in enumerate(layers):
        at = tuple(size // 2 for size in part.shape)
        ends = []
        for by in (1e-5, -1e-5):
            moved = [each.copy() for each in layers]
            moved[place][at] += by
            ends.append(made._step(Told(moved), x, truth, weight, None, 0.0))  # type: ignore[arg-type]
        assert told.slopes[place][at] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3, abs=1e-6)


def test_the_kink_of_a_quantile_is_rounded_off_only_near_it() -> None:
    made = MLPFamily(task_named("quantiles"))
    truth, level = np.zeros((5, 3), np.float32), np.array(LEVELS, np.float32)
    told = np.repeat(np.float32(mlp.KINK) * np.array([[-50], [-1], [0], [1], [50]], np.float32), 3, axis=1)
    share = np.array([0, 0, 0.5, 1, 1], np.float32)[:, None]
    assert np.allclose(made._slope(told, truth), (share - level) / 3, atol=1e-6)


def test_one_perceptron_tells_all_quantiles_and_goes_on_with_them() -> None:
    made = MLPFamily(task_named("quantiles"))
    rows, held = (sample_of("quantiles", "linear", seed=seed) for seed in (1, 2))
    params = {**made.defaults(), "width": 32}
    short = made.fit(rows, {**params, "rounds": 4})
    longer = made.resume(made.restore(short.kept()), rows, {**params, "rounds": 20})
    assert isinstance(longer, Perceptron) and isinstance(short, Perceptron)
    assert [part.shape[-1] for part in longer.layers] == [32, 32, 32, 32, 3, 3]
    told = [made.task.link(each.margin(held.x)) for each in (short, longer)]
    assert loss(made.task, held.y, told[1]) < loss(made.task, held.y, told[0])
    assert (np.diff(told[1], axis=1) >= 0).all()
    below = [(held.y <= told[1][:, k]).mean() for k in range(3)]
    assert np.abs(np.array(below) - LEVELS).max() < 0.06
    assert longer.losses[:4] == short.losses and longer.losses[-1] < 0.8 * longer.losses[0]


def test_a_large_perceptron_is_kept_at_some_of_its_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOST_NUMBERS", 2000)
    made, rows = MLPFamily(task_named("counts")), sample_of("counts", "linear", 300)
    found = made.fit(rows, {**made.defaults(), "width": 8, "rounds": 40})
    assert isinstance(found, Perceptron)
    assert found.rounds == 40 and 2 <= len(found.earlier) <= 16
    assert found.cut(39).rounds == 39


def test_bayes_is_that_of_scikit_learn() -> None:
    from sklearn.naive_bayes import GaussianNB

    rows = sample_of("multiclass", "linear", 20_000)
    made = BayesFamily(task_named("multiclass"))
    ours = made.task.link(made.fit(rows, {"smoothing": 1e-9}).margin(rows.x))
    theirs = GaussianNB().fit(rows.x.astype(np.float64), rows.y).predict_proba(rows.x.astype(np.float64))
    assert np.abs(ours - theirs).max() < 1e-2 and np.abs(ours - theirs).mean() < 1e-3


def test_bayes_refuses_what_has_no_classes() -> None:
    made = BayesFamily(task_named("regression"))
    assert not made.takes(1000, 10)
    with pytest.raises(SpecError, match="naive Bayes tells classes"):
        made.fit(sample_of("regression", "linear"), made.defaults())


@pytest.mark.parametrize("family", [ExtraTreesFamily, RandomForestFamily])
@pytest.mark.parametrize("gaps", [False, True])
def test_a_forest_goes_the_ways_of_scikit_learn(
    family: type[ForestFamily], gaps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean over its trees of what their leaves say, for missing values too: unseen before, or seen."""
    rows, held = (sample_of("regression", "trees" if gaps else "linear", seed=seed) for seed in (1, 2))
    held.x[np.random.default_rng(3).random(held.x.shape) < 0.1] = np.nan
    grown = []
    monkeypatch.setattr(forest, "SMOOTHING", 0.0)
    monkeypatch.setattr(family, "_of", lambda self, model, *more: (grown.append(model), OF(self, model, *more))[1])
    made = family(task_named("regression"))
    found = made.fit(rows, {**made.defaults(), "trees": 10})
    theirs = np.mean([each.tree_.predict(held.x)[:, 0] for each in grown[0].estimators_], axis=0)
    assert np.abs(found.margin(held.x)[:, 0] - theirs).max() < 1e-3


def test_a_forest_as_large_as_it_gets_is_kept_in_3_mb() -> None:
    random = np.random.default_rng(1)
    rows = Sample(random.normal(size=(30_000, 4)).astype(np.float32), random.normal(size=30_000))
    for kind, y in (("regression", rows.y), ("classification", (rows.y > 0) * 1.0), ("multiclass", rows.y // 1 % 4)):
        made = ExtraTreesFamily(task_named(kind))
        settings = {**made.defaults(), "trees": 40, "leaves": 10_000, "least_rows": 1, "columns": 0.1}
        assert 500_000 < len(content(made.fit(Sample(rows.x, y), settings).kept())) < 3_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_may_start_from_what_weighted_rows_tell(kind: str) -> None:
    rows, made = sample_of(kind, "linear", 500), LinearFamily(task_named(kind))
    weight = np.random.default_rng(3).integers(1, 5, len(rows))
    repeated = made.task.constant(np.repeat(rows.y, weight))
    assert made.base(rows.y, None).tolist() == made.task.constant(rows.y).tolist()
    told = [made.task.link(margins[None, :]) for margins in (made.base(rows.y, weight.astype(float)), repeated)]
    assert np.abs(told[0] / told[1] - 1).max() < 0.01


def test_the_parts_of_a_threshold_are_rounded_down() -> None:
    at = np.array([0.1, -0.1, 1e300, -1e300, 0.0, 0.5])
    assert floors32(at).tolist() == [floor32(float(value)) for value in at]


def test_some_rows_are_what_they_are_among_all() -> None:
    rows = Sample(np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10.0), np.arange(10.0) + 5, (1,))
    places = np.array([0, 3, 6, 9])
    some = rows.at(places)
    assert some.y.tolist() == [0, 3, 6, 9] and some.weight is not None and some.weight.tolist() == [5, 8, 11, 14]
    assert some.x[:, 0].tolist() == [0, 6, 12, 18] and some.categories == (1,)
    assert rows.at(places, np.array([2.0, 1, 1, 1])).weight.tolist() == [10, 8, 11, 14]
    plain = replace(rows, weight=None)
    assert plain.at(places).weight is None and plain.at(places, np.array([2.0, 1, 1, 1])).weight.tolist() == [
        2,
        1,
        1,
        1,
    ]


def test_a_blend_is_restored_with_the_share_and_the_columns_of_each() -> None:
    one, other = (Linear(np.array([[slope]], np.float32), np.zeros(1, np.float32)) for slope in (1.0, 10.0))
    blend = Blend((Member(0.25, np.array([1]), one), Member(0.75, np.array([0]), other)))
    x = np.array([[4.0, 8.0]], dtype=np.float32)
    again = restore(msgspec.json.decode(content(blend.kept()), type=Kept), task_named("regression"))
    assert again.margin(x).tolist() == blend.margin(x).tolist() == [[0.25 * 8 + 0.75 * 40]]


@pytest.mark.parametrize("family", [LightGBMFamily, MLPFamily])
def test_rows_that_end_the_growth_count_by_their_weight(family: type[LightGBMFamily | MLPFamily]) -> None:
    """Half of them say the contrary of what is learned: where those weigh most, the first round is the best."""
    made = family(task_named("regression"), threads=1)
    rows, held = (sample_of("regression", made.encoding, 400, seed=seed) for seed in (1, 2))
    held.y[200:] = 2 * held.y.mean() - held.y[200:]
    heavy = np.where(np.arange(400) < 200, 99.0, 1.0)
    params = {**made.defaults(), "width": 8}
    rounds = [made.fit(rows, params, replace(held, weight=w), metric="rmse").rounds for w in (heavy, heavy[::-1])]
    assert rounds[0] > 3 * rounds[1]


def test_growth_is_ended_by_the_metric_that_is_asked_for_where_lightgbm_has_it() -> None:
    for kind, metric, ends in (
        ("classification", "average_precision", "average_precision"),
        ("classification", "log_loss", "binary_logloss"),
        ("classification", "accuracy", "auc"),
        ("regression", "mae", "l1"),
        ("regression", "rmse", "l2"),
        ("multiclass", "accuracy", "multi_logloss"),
    ):
        made = LightGBMFamily(task_named(kind), threads=1)
        assert made.settings(made.defaults(), 1000, metric)["metric"] == ends
