"""The kind `decision.position`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class PositionStated(Payload, frozen=True, kw_only=True):
    """What the actor is for, and why. The newest of a person counts; those before it stay."""

    KIND: ClassVar[str] = "decision.position"
    FACT: ClassVar[bool] = True

    decision: str
    opened: EntryRef
    option: str
    because: str
    evidence: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        return f"for {self.option}: {self.because}"

    def searched(self, asked: bytes) -> str:
        return f"{self.decision} {self.option}: {self.because}"
