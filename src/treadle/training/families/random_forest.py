"""Trees on rows drawn with replacement (Breiman 2001, "Random forests")."""

from __future__ import annotations

from typing import Any

from treadle.training.families.family import Params
from treadle.training.families.forest import ForestFamily

MOST_ROWS = 20_000
"""Rows that a tree is grown on: with some hundred leaves, more of them take time and change little."""


class RandomForestFamily(ForestFamily):
    """Each tree on its own draw of rows; each split the best of some columns."""

    name = "random_forest"
    why = "averaged trees; little to tune, and well calibrated"

    def forest(self, settings: Params, rows: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestClassifier if self.task.stratifies else RandomForestRegressor
        return kind(**settings, bootstrap=True, max_samples=MOST_ROWS if rows > MOST_ROWS else None)
