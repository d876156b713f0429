"""Several quantiles of a number: what it stays under in one case of ten, in five, in nine."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.quantiles import name_of
from treadle.scoring.tasks.regression import Regression
from treadle.scoring.tasks.task import Array, Decided, Score, View
from treadle.spec.choices import QUANTILES, TOLD_ONLY, USUAL_LEVELS


class LabelQuantiles(Regression):
    """Any finite label; margins are the quantiles themselves, one a level, and may cross where predictions must not
    (Koenker and Bassett 1978, "Regression quantiles")."""

    kind = "quantiles"
    METRICS: tuple[str, ...] = QUANTILES
    view: ClassVar[View] = "spread"
    margin_unit: ClassVar[str] = "the label's own unit"
    trivial = "the quantiles of the training rows"
    told_only = TOLD_ONLY

    def __init__(self, levels: tuple[float, ...] = ()) -> None:
        self.levels = tuple(levels) or USUAL_LEVELS
        if len(self.levels) == 1:  # there is nothing between one quantile and itself
            self.METRICS, self.told_only = ("pinball",), frozenset()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelQuantiles) and other.levels == self.levels

    def __hash__(self) -> int:
        return hash(self.levels)

    @property
    def outputs(self) -> int:
        return len(self.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the levels, as answers have them."""
        return tuple(map(name_of, self.levels))

    @property
    def middle(self) -> int:
        """Which level is told where one number is asked for: that nearest to the half."""
        return int(np.argmin(np.abs(np.array(self.levels) - 0.5)))

    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        return "pinball"

    def plain(self) -> Calibrator:
        return Calibrator("rearranged", offsets=(0.0,) * self.outputs, levels=self.levels)

    def constant(self, label: Array) -> Array:
        known: Array = np.quantile(label, self.levels)
        return known

    def one_each(self, predicted: Array) -> Array:
        return np.asarray(predicted)[:, self.middle]

    def decided(self, score: Score, threshold: float | None) -> Decided:
        assert isinstance(score, tuple)
        return Decided(score[self.middle], quantiles=dict(zip(self.names, score, strict=True)))
