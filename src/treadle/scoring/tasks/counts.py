"""How many: a count of things, told as it is expected, never below zero."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.tasks.regression import Regression
from treadle.scoring.tasks.task import Array, View
from treadle.spec.choices import COUNTS


class Counts(Regression):
    """Labels of 0 and more; the margin is the logarithm of what is expected (McCullagh and Nelder 1989, ch. 6)."""

    kind = "counts"
    METRICS = COUNTS
    view: ClassVar[View] = "numbers"
    shifts: ClassVar[bool] = False
    margin_unit: ClassVar[str] = "logarithm of the count"

    def problems(self, label: Array) -> list[str]:
        if (label < 0).any():
            return [f"a count is below zero: {float(label.min()):g}; `kind: regression` takes any number"]
        return super().problems(label)

    def fits(self, trained: Array, held: Array) -> bool:
        """Nothing is the logarithm of none at all: boosting refuses such labels."""
        return bool(trained.any())

    def strata(self, label: Array) -> Array | None:
        return (label > 0).astype(np.int64)

    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        return "poisson_deviance"

    def outcome_problem(self, label: object) -> str:
        return "" if isinstance(label, bool | int | float) and label >= 0 else "a number of zero or more"

    def plain(self) -> Calibrator:
        return Calibrator("exponential")

    def constant(self, label: Array) -> Array:
        return np.array([float(np.log(max(label.mean(), 1e-9)))])
