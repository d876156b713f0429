"""The kind `decision.reviewed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class DecisionReviewed(Payload, frozen=True, kw_only=True):
    """Whether what was decided still holds. Where it does not, the question is open again, with all positions.

    `review`: the date on which to ask again; empty for never.
    """

    KIND: ClassVar[str] = "decision.reviewed"
    FACT: ClassVar[bool] = True

    decision: str
    closed: EntryRef
    holds: bool
    because: str
    review: str = ""

    def said(self) -> str:
        again = f"; asked again on {self.review}" if self.review else ""
        return f"{'still holds' if self.holds else 'open again'}: {self.because}{again}"

    def searched(self, asked: bytes) -> str:
        return f"{self.decision}: {self.because}"
