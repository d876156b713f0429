"""What is said of a gain: real, within noise, below it, or what chance reaches too."""

from __future__ import annotations

import pytest

from treadle.scoring.bootstrap import Interval
from treadle.training import evaluation

VALUE = Interval(0.80, 0.75, 0.85)
UP, NOISE, DOWN = Interval(0.1, 0.05, 0.15), Interval(0.01, -0.05, 0.06), Interval(-0.0053, -0.0098, -0.0016)


@pytest.mark.parametrize(
    ("gain", "over", "luck", "said"),
    [
        (UP, UP, 0.6, "A gain of +0.100 (+0.050 to +0.150) in roc_auc over request and row features alone."),
        (UP, None, 0.6, "over knowing nothing, more than chance reaches"),
        (UP, NOISE, 0.6, "No gain from history: in roc_auc it is within noise of the simple model"),
        (UP, DOWN, 0.6, "No gain from history: in roc_auc the model does worse with it than the simple model, -0.005"),
        (NOISE, UP, 0.6, "No gain: in roc_auc the model is within noise of knowing nothing"),
        (DOWN, UP, 0.6, "No gain: in roc_auc the model does worse than knowing nothing, -0.005"),
        (UP, UP, 0.9, "with labels dealt out by chance it does as well once in 40 times (0.9000)"),
        (Interval(0.1, None, None, "6 days are needed, 4 there"), UP, 0.6,
         "cannot be told: in roc_auc over knowing nothing, +0.1000 (no interval: 6 days are needed, 4 there)."),
    ],
)  # fmt: skip
def test_the_verdict_says_what_the_interval_shows(
    gain: Interval, over: Interval | None, luck: float, said: str
) -> None:
    assert said in evaluation._verdict("roc_auc", VALUE, gain, over, luck)
