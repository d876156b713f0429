"""The kind `meeting.held`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class MeetingHeld(Payload, frozen=True, kw_only=True):
    """The minutes of a meeting, as Markdown; what it opened as actions are entries of their own, which name it.

    The next agenda begins where this entry stands.
    """

    KIND: ClassVar[str] = "meeting.held"
    FACT: ClassVar[bool] = True

    day: str
    text: str
    present: tuple[str, ...]
    actions: tuple[int, ...] = ()

    def said(self) -> str:
        count = f"; {len(self.actions)} action{'' if len(self.actions) == 1 else 's'}" if self.actions else ""
        return f"met on {self.day}: {', '.join(self.present)}{count}"

    def searched(self, asked: bytes) -> str:
        return self.text
