"""The kind `growth.answered`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload
from treadle.store import EntryRef

Answer = Literal["agreed", "declined", "ended"]


class GrowthAnswered(Payload, frozen=True, kw_only=True):
    """The mentor agrees to a plan or declines it, or one of the two ends it. `plan`: its entry."""

    KIND: ClassVar[str] = "growth.answered"
    FACT: ClassVar[bool] = True

    number: int
    plan: EntryRef
    answer: Answer
    because: str = ""

    def said(self) -> str:
        return f"growth plan {self.number} {self.answer}{': ' + self.because if self.because else ''}"
