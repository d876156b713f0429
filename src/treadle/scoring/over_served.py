"""What a model gains over the version that was served when it was judged."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.scoring.paired import Paired

LEAST_ROWS = 30
"""Fewer rows than this say nothing of which of two models is better."""


class OverServed(Struct, frozen=True, kw_only=True):
    """A model beside the served version, on the sealed test rows that neither has learned from.

    `model` and `bundle` (SHA-256) name the served version; `left_out`: test rows that it may have learned from.
    `found` is None where the two could not be asked about the same rows; `untold` says why there is no telling which is
    better, and is empty where there is.
    """

    model: str
    bundle: str
    metric: str
    rows: int = 0
    left_out: int = 0
    found: Paired | None = None
    untold: str = ""

    @property
    def verdict(self) -> Literal["better", "noise", "worse", "untold"]:
        """By the whole 95 % interval of the gain: above zero, around it, below it; or there is none."""
        gain = None if self.found is None else self.found.gain
        if self.untold or gain is None or gain.low is None or gain.high is None:
            return "untold"
        return "better" if gain.low > 0 else "worse" if gain.high < 0 else "noise"

    @property
    def said(self) -> str:
        """In one sentence, without its end."""
        served = f"the served version {self.model}"
        if self.verdict == "untold" or self.found is None:
            return f"cannot be held against {served}: {self.untold}"
        gain = self.found.gain.shown(signed=True).whole
        what = {
            "better": f"a gain of {gain} in {self.metric} over {served}",
            "noise": f"no gain: in {self.metric} it is within noise of {served}, {gain}",
            "worse": f"a loss: in {self.metric} it does worse than {served}, {gain}",
        }[self.verdict]
        some = f", without {self.left_out:,} that {self.model} may have learned from" if self.left_out else ""
        return f"{what}, on {self.rows:,} sealed rows{some}"
