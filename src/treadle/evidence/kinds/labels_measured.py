"""The kind `labels.measured`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.store import Blob


class LabelsMeasured(Payload, frozen=True, kw_only=True):
    """What the experts' word gained: the model beside one of the same settings that was fitted without it.

    `gain`, with its 95 % interval, is of `metric` on the same sealed rows by the source's labels; `judged` has more.
    `taught`: training rows with another label; `left_out`: training rows that nothing is learned from.
    """

    KIND: ClassVar[str] = "labels.measured"

    judged: Blob
    metric: str
    gain: float
    low: float | None
    high: float | None
    taught: int
    left_out: int
    opened: int

    def said(self) -> str:
        span = "" if self.low is None or self.high is None else f" ({self.low:+.4g} to {self.high:+.4g})"
        return (
            f"{self.metric} {self.gain:+.4g}{span} by what experts said: "
            f"{counted(self.taught, 'label')} changed, {counted(self.left_out, 'row')} left out"
        )
