"""Boosted trees of libraries that come by an extra: the suite, and their own predictions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from treadle.errors import MissingExtra
from treadle.testing import FamilySuite
from treadle.testing.families import KINDS, content, sample_of, task_named
from treadle.training.families import Array, Family, Params, families, known, restore
from treadle.training.families.catboost import CatBoostFamily
from treadle.training.families.catboost import _trees as symmetric
from treadle.training.families.embeddings import EmbeddingsFamily
from treadle.training.families.tree_sum import TreeSum
from treadle.training.families.xgboost import XGBoostFamily
from treadle.training.families.xgboost import _trees as boosted

BOTH = [
    pytest.param(XGBoostFamily, marks=pytest.mark.needs("xgboost")),
    pytest.param(CatBoostFamily, marks=pytest.mark.needs("catboost")),
]


@pytest.mark.needs("xgboost")
class TestXGBoost(FamilySuite):
    family = XGBoostFamily
    quick: ClassVar[Params] = {"rounds": 40, "rate": 0.2}


@pytest.mark.needs("catboost")
class TestCatBoost(FamilySuite):
    family = CatBoostFamily
    quick: ClassVar[Params] = {"rounds": 40, "rate": 0.3, "depth": 4}


def theirs(family: Family, model: Any, x: Array, base: Array, rounds: int) -> Array:
    """What the library itself says."""
    if family.name == "catboost":
        told = np.asarray(model.predict(x, prediction_type="RawFormulaVal", ntree_end=rounds))
        return told.reshape(len(x), -1) + base
    import xgboost

    start = np.repeat(base[None, :], len(x), axis=0)
    data = xgboost.DMatrix(x, base_margin=start)
    return np.asarray(model.predict(data, output_margin=True, iteration_range=(0, rounds))).reshape(len(x), -1)


@pytest.mark.parametrize("family", BOTH)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gaps", [False, True])
def test_trees_go_the_ways_of_their_library(family: type[Family], kind: str, gaps: bool) -> None:
    """At their thresholds and beside them too, and for missing values: where none was seen, and where some were."""
    made, rows = family(task_named(kind)), sample_of(kind, "trees" if gaps else "linear")
    base = made.task.constant(rows.y)
    model, rounds = made.grown(rows, {**made.defaults(), "rounds": 30}, None, base, "", float("inf"))  # type: ignore[attr-defined]
    trees, bias = (boosted(model), 0.0) if family is XGBoostFamily else symmetric(model)
    ours = TreeSum.of(family.name, trees, base + bias, rounds=rounds)
    x = sample_of(kind, "trees", 5000, seed=2).x
    random = np.random.default_rng(1)
    for column in range(x.shape[1]):
        asked = np.unique(ours.threshold[ours.feature == column])
        if len(asked):
            near = random.choice(asked[np.abs(asked) < 3e38], len(x) // 3)
            up, down = (np.nextafter(near, np.float32(end)) for end in (9.0, -9.0))
            x[: len(near), column] = np.choose(random.integers(0, 3, len(near)), [near, up, down])
    told = theirs(made, model, x, base, rounds)
    assert np.abs(ours.margin(x) - told).max() < 2e-6 * max(1.0, np.abs(told).max())


@pytest.mark.parametrize("family", BOTH)
def test_a_kept_one_predicts_where_the_library_is_not_installed(
    family: type[Family], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, rows = family(task_named("regression")), sample_of("regression", "trees")
    found = made.fit(rows, {**made.defaults(), "rounds": 5})
    monkeypatch.setitem(sys.modules, family.extra, None)
    back = restore(found.kept(), made.task)
    assert (back.margin(rows.x) == found.margin(rows.x)).all() and content(back.kept()) == content(found.kept())


@pytest.mark.parametrize("family", [XGBoostFamily, CatBoostFamily, EmbeddingsFamily])
def test_one_that_is_not_installed_is_named_with_its_extra(
    family: type[Family], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "installed", classmethod(lambda cls: False))
    task = task_named("regression")
    assert family.name not in [each.name for each in families("auto", task, threads=1)]
    with pytest.raises(MissingExtra) as told:
        families(("linear", family.name), task, threads=1)
    assert f'pip install "treadle[{family.extra}]"' in str(told.value) and "train.families" in str(told.value)


def test_no_library_of_a_family_is_loaded_before_it_fits() -> None:
    code = (
        "import sys; from treadle.training.families import known; known();"
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "catboost", "xgboost", "torch", "sklearn", "lightgbm"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_each_extra_stands_in_the_project() -> None:
    import tomllib
    from pathlib import Path

    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    for family in known().values():
        assert not family.extra or extras[family.extra][0].startswith(family.extra)


@pytest.mark.parametrize("family", BOTH)
def test_another_seed_is_another_fit_and_rows_that_end_the_growth_count_by_their_weight(family: type[Family]) -> None:
    """Half of these say the contrary of what is learned: where they weigh most, the first round is the best."""
    task, (rows, held) = task_named("regression"), (sample_of("regression", "trees", 400, seed=seed) for seed in (1, 2))
    made = family(task, threads=1)
    few = {**made.defaults(), "rounds": 3}
    told = [family(task, threads=1, seed=seed).fit(rows, few).margin(rows.x) for seed in (7, 7, 8)]
    assert np.array_equal(told[0], told[1]) and not np.array_equal(told[0], told[2])
    held.y[200:] = 2 * held.y.mean() - held.y[200:]
    heavy = np.where(np.arange(400) < 200, 99.0, 1.0)
    weighed = [replace(held, weight=weight) for weight in (heavy, heavy[::-1])]
    rounds = [made.fit(rows, made.defaults(), each, metric="rmse").rounds for each in weighed]
    assert rounds[0] > 3 * rounds[1]
