"""Every family passes the suite; the list in the project file is the list of families."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from treadle.spec.choices import FAMILIES, FAMILY_ALIASES
from treadle.testing import FamilySuite
from treadle.testing.families import content, sample_of, task_named
from treadle.training.families import OWN, Params, Sample, forest
from treadle.training.families.extra_trees import ExtraTreesFamily
from treadle.training.families.forest import ForestFamily
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.families.linear import LinearFamily
from treadle.training.families.random_forest import RandomForestFamily
from treadle.training.families.tree_sum import TreeSum, floors32
from treadle.training.families.trees import floor32

OF = ForestFamily._of


def test_the_project_file_names_every_family() -> None:
    assert tuple(OWN) == FAMILIES
    assert set(FAMILY_ALIASES.values()) <= set(OWN)


def test_every_family_is_held_to_the_suite() -> None:
    suites = [found for name, found in globals().items() if name.startswith("Test")]
    assert {suite.family for suite in suites} >= set(OWN.values())


class TestLinear(FamilySuite):
    family = LinearFamily
    grows = False
    weights_repeat = True


class TestLightGBM(FamilySuite):
    family = LightGBMFamily
    quick: ClassVar[Params] = {"rounds": 40, "least_rows": 20}
    zero = 1.1e-35


class _Forest(FamilySuite):
    quick: ClassVar[Params] = {"trees": 20, "leaves": 60}

    def steps(self, estimator: TreeSum) -> int:  # type: ignore[override]
        return estimator.trees


class TestExtraTrees(_Forest):
    family = ExtraTreesFamily


class TestRandomForest(_Forest):
    family = RandomForestFamily


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


def test_the_parts_of_a_threshold_are_rounded_down() -> None:
    at = np.array([0.1, -0.1, 1e300, -1e300, 0.0, 0.5])
    assert floors32(at).tolist() == [floor32(float(value)) for value in at]
