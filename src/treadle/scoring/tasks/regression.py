"""A number, told as it is expected."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.tasks.task import Array, Decided, Score, Task, View
from treadle.spec.choices import REGRESSION


class Regression(Task):
    """Any finite label; the margin is the value."""

    kind = "regression"
    METRICS: tuple[str, ...] = REGRESSION
    view: ClassVar[View] = "numbers"
    shifts: ClassVar[bool] = True
    margin_unit: ClassVar[str] = "the label's own unit"

    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        return "rmse"

    def plain(self) -> Calibrator:
        return Calibrator("identity")

    def constant(self, label: Array) -> Array:
        return np.array([float(label.mean())])

    def decided(self, score: Score, threshold: float | None) -> Decided:
        assert isinstance(score, float)
        return Decided(score)
