"""Whether one of two is better by more than a margin that was fixed before, by the interval of what it gains.

By the whole 95 % interval, against the margin and not against zero: what lies above it shows that the first is better
by more than that, what lies within it on both sides that neither is (the logic of non-inferiority and equivalence;
Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach"). All else shows nothing.
"""

from __future__ import annotations

from typing import Literal

from treadle.scoring.bootstrap import Interval

Beyond = Literal["first", "second", "same", "untold"]


def beyond(gain: Interval, margin: float) -> Beyond:
    """`gain`: of the first over the second, positive where it is better. `margin`: zero or more, in the same unit.

    >>> [beyond(Interval(0.05, low, high), 0.02) for low, high in ((0.03, 0.07), (0.01, 0.09), (-0.01, 0.015))]
    ['first', 'untold', 'same']
    """
    if gain.low is None or gain.high is None:
        return "untold"
    if gain.low > margin:
        return "first"
    if gain.high < -margin:
        return "second"
    return "same" if -margin <= gain.low and gain.high <= margin else "untold"
