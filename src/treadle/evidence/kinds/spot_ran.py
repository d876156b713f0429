"""The kind `spot.ran`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import counted


class SpotRan(Payload, frozen=True, kw_only=True):
    """A run on a machine that was taken away `interruptions` times: how long it took (`seconds`), how much of it was
    done twice (`lost_s`), and the longest time between two things that were kept (`checkpoint_s`), which no
    interruption can lose more than."""

    KIND: ClassVar[str] = "spot.ran"
    FACT: ClassVar[bool] = True

    interruptions: int
    seconds: float
    lost_s: float
    checkpoint_s: float
    notice_s: float
    model: str

    def said(self) -> str:
        return (
            f"{self.model or 'the run'} on a machine that was taken away {counted(self.interruptions, 'time')}: "
            f"{self.lost_s:.1f} of {self.seconds:.0f} s were done again"
        )
