"""Whether a model may take the place of the version that is served: a gain inside the noise is no gain."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.evidence.kinds.review_requested import Gate

PROMOTED = "gain_over_served"
"""How the gate is called."""
Promote = Literal["better", "not_worse"]


class OverStanding(Struct, frozen=True):
    """The gain over the served version with its 95 % interval; no bounds where it cannot be told.

    `said`: the same in words, with the version's name.
    """

    gain: float | None
    low: float | None
    high: float | None
    said: str


def promotion_gate(over: OverStanding, promote: Promote) -> Gate:
    """`better`: the whole interval lies above zero. `not_worse`: it does not lie below zero as a whole.

    What cannot be told is neither: nothing was shown. A reviewer may answer for a gate that does not hold.
    """
    told = over.low is not None and over.high is not None
    better = told and over.low > 0  # type: ignore[operator]
    not_worse = told and over.high >= 0  # type: ignore[operator]
    holds = better if promote == "better" else not_worse
    wanted = "it must be surely better" if promote == "better" else "it must not be surely worse"
    if not_worse and not holds:
        wanted += ", and as good would do with promote: not_worse"
    return Gate(PROMOTED, 0.0, over.gain, holds, f"{over.said}; {wanted}", acceptable=not holds)
