"""Yes or no, with a probability; acted on from a threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from treadle.scoring.calibrator import Calibrator
from treadle.scoring.tasks.task import Array, Decided, Score, Task, View
from treadle.spec.choices import CLASSIFICATION

LEAST_OF_A_CLASS = 10


class Binary(Task):
    """Labels 0 and 1; the margin is the log-odds of 1."""

    kind = "classification"
    METRICS = CLASSIFICATION
    view: ClassVar[View] = "decisions"
    margin_unit: ClassVar[str] = "log-odds"
    trivial, shares, came = "the overall rate", "positives", "base rate"
    stratifies = True
    decides = True

    def fits(self, trained: Array, held: Array) -> bool:
        return all(len(label) > 0 and label.min() != label.max() for label in (trained, held))

    def problems(self, label: Array) -> list[str]:
        low, high = float(label.min()), float(label.max())
        if ((label != 0) & (label != 1)).any():
            found = f"found values from {low:g} to {high:g}"
            return [f"a classification label must be true or false, {found}; `kind: multiclass` takes several classes"]
        if low == high:
            return [f"there is one class only: every label is {'true' if high else 'false'}"]
        rarer = min(int(label.sum()), len(label) - int(label.sum()))
        if rarer < LEAST_OF_A_CLASS:
            return [f"{rarer} rows of the rarer class are too few: at least {LEAST_OF_A_CLASS} are needed"]
        return []

    def default_metric(self, label: Array, missed: float, false_alarm: float) -> str:
        """Rare positives or unequal costs: average_precision, which looks at the positives only. Else roc_auc."""
        share = float(np.mean(label))
        return "average_precision" if min(share, 1 - share) < 0.2 or missed != false_alarm else "roc_auc"

    def plain(self) -> Calibrator:
        return Calibrator()

    def constant(self, label: Array) -> Array:
        mean = float(label.mean())
        return np.array([np.log(mean / (1 - mean))])

    def decided(self, score: Score, threshold: float | None) -> Decided:
        assert isinstance(score, float) and threshold is not None
        return Decided(score >= threshold, score, threshold)

    def outcome_problem(self, label: object) -> str:
        return "" if label in (0, 1) else "true, false, 1 or 0"
