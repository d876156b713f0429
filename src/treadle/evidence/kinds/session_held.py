"""The kind `session.held`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class SessionHeld(Payload, frozen=True, kw_only=True):
    """Somebody told the others of what they know. `rests`: the entry that it was about, where there is one."""

    KIND: ClassVar[str] = "session.held"
    FACT: ClassVar[bool] = True

    day: str
    speaker: str
    topic: str
    rests: EntryRef | None = None

    def said(self) -> str:
        return f"{self.speaker} told of: {self.topic} ({self.day})"

    def searched(self, asked: bytes) -> str:
        return self.topic
