"""Trees whose splits are drawn by chance (Geurts, Ernst and Wehenkel 2006, "Extremely randomized trees")."""

from __future__ import annotations

from typing import Any

from treadle.training.families.family import Params
from treadle.training.families.forest import ForestFamily


class ExtraTreesFamily(ForestFamily):
    """All rows in each tree; each split the best of random thresholds, one a column."""

    name = "extra_trees"
    why = "averaged random trees; smooth, quick, and unlike boosting in its errors"

    def defaults(self) -> Params:
        return {**super().defaults(), "leaves": 600, "columns": 0.7}

    def forest(self, settings: Params, rows: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return (ExtraTreesClassifier if self.task.stratifies else ExtraTreesRegressor)(**settings, bootstrap=False)
