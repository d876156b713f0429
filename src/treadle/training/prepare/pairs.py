"""Which pairs of features are worth columns of their own: those of the few that a quick model looks at most.

Differences, products and ratios of numbers, and levels of two texts taken together (after AutoGluon's TabPrep and
Horn et al. 2019, "The autofeat Python library"). They are chosen anew from the training rows of each fit, so nothing
of a held row has a part in it.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Pair
from treadle.training.families import Array, centre_of
from treadle.training.families.family import product
from treadle.training.table import FeatureColumn, TrainingTable
from treadle.training.thinning import Picked

MOST_NUMBERS, MOST_TEXTS = 6, 4
_ROUNDS, _LEAVES, _ROWS = 40, 15, 20_000


def pairs(table: TrainingTable, features: tuple[FeatureColumn, ...], gains: dict[str, float]) -> list[Pair]:
    """Of the numbers with the most gain: each two subtracted, multiplied and divided."""
    numbers = [f.name for f in features if f.type in ("int", "float") and gains.get(f.name, 0.0) > 0]
    best = sorted(numbers, key=lambda name: -gains[name])[:MOST_NUMBERS]
    return [Pair(one, other, how) for one, other in combinations(sorted(best), 2) for how in ("minus", "times", "over")]


def crosses(features: tuple[FeatureColumn, ...], gains: dict[str, float]) -> list[tuple[str, str]]:
    """Of the texts with the most gain: each two together."""
    texts = [f.name for f in features if f.type in ("str", "bool") and gains.get(f.name, 0.0) > 0]
    best = sorted(texts, key=lambda name: -gains[name])[:MOST_TEXTS]
    return list(combinations(sorted(best), 2))


def gains(table: TrainingTable, encoder: Encoder, x: Array, seed: int, strata: Array | None = None) -> dict[str, float]:
    """How much each raw feature helps a few trees, by its columns in `x`: the training rows, encoded. `strata`: of
    these rows, see `Picked`."""
    found = gains_of(table, x, seed, strata)
    return {name: float(found[columns].sum()) for name, columns in encoder.groups().items()}


def gains_of(table: TrainingTable, x: Array, seed: int, strata: Array | None = None) -> Array:
    """How much each column of `x`, the training rows, helps a few trees: [columns]. Of many rows some are asked, of a
    rare class as many as there are."""
    import lightgbm

    some = Picked(np.arange(len(x)), strata).at_most(_ROWS)
    rows, (taught, weight) = some.rows, table.taught
    weight = product(None if weight is None else weight[rows], some.counts)
    several = len(table.classes) > 2
    label = taught[rows] if several else taught[rows] - centre_of(taught)  # the number of a class is no amount
    settings = {
        "objective": "multiclass" if several else "regression",
        **({"num_class": len(table.classes)} if several else {}),
        "num_leaves": _LEAVES,
        "learning_rate": 0.15,
        "min_data_in_leaf": max(1, min(20, len(rows) // 50)),
        "verbose": -1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
    }
    booster = lightgbm.train(
        settings,
        lightgbm.Dataset(x[rows], label, weight=weight),
        num_boost_round=_ROUNDS,
    )
    found: Array = booster.feature_importance("gain")
    return found
