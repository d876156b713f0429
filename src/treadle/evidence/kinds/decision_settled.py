"""The kind `decision.settled`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import figure


class SideFound(Struct, frozen=True):
    """What one side came to on the sealed rows, with its 95 % interval; and what it took to learn, in seconds."""

    option: str
    family: str
    value: float
    low: float | None
    high: float | None
    seconds: float


class DecisionSettled(Payload, frozen=True, kw_only=True):
    """Both sides of a question were fitted on the same rows and folds, and compared on the same sealed rows.

    `terms`: the hash of the entry that fixed them. `gain`: of the first side over the second, positive where it is
    better, with its 95 % interval by the same draws of rows. `verdict`: by that interval and the margin: one is better
    by more, both are the `same` to within it, or these rows cannot tell (`untold`; then `why` may say more).
    """

    KIND: ClassVar[str] = "decision.settled"

    decision: str
    terms: str
    metric: str
    margin: float
    rows: int
    opened: int
    sides: tuple[SideFound, SideFound]
    gain: float
    low: float | None
    high: float | None
    verdict: Literal["first", "second", "same", "untold"]
    why: str = ""

    @property
    def better(self) -> str:
        """The option that is better by more than the margin; empty where none is."""
        return {"first": self.sides[0].option, "second": self.sides[1].option}.get(self.verdict, "")

    def said(self) -> str:
        one, other = (side.option for side in self.sides)
        gain = figure(self.gain, self.low, self.high, signed=True, why=self.why).whole
        if self.verdict == "second":
            gain = figure(-self.gain, _minus(self.high), _minus(self.low), signed=True).whole
            one, other = other, one
        how = f"in {self.metric}, on {self.rows:,} sealed rows"
        said = {
            "same": f"no difference: {one} over {other} is {gain} {how}, all within the margin of {self.margin:g}",
            "untold": f"no difference that these rows can tell: {one} over {other} is {gain} {how}, "
            f"against a margin of {self.margin:g}",
        }
        return said.get(
            self.verdict, f"{one} is better than {other} beyond the margin of {self.margin:g}: {gain} {how}"
        )


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
