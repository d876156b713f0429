"""The kind `notice.held`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class NoticeHeld(Payload, frozen=True, kw_only=True):
    """A channel could not be told: what waits for it is told later, in its order. Kept once for the same reason."""

    KIND: ClassVar[str] = "notice.held"
    FACT: ClassVar[bool] = True

    channel: str
    waiting: int
    text: str

    def said(self) -> str:
        return f"{self.channel} could not be told, {self.waiting} wait: {self.text}"
