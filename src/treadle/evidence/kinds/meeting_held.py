"""The kind `meeting.held`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class MeetingHeld(Payload, frozen=True, kw_only=True):
    """The minutes of a meeting, as Markdown; what it opened as actions are entries of their own, which name it.

    The next agenda begins where this entry stands. `corrects`: the minutes whose text this is from now on; where they
    stand stays what counts.
    """

    KIND: ClassVar[str] = "meeting.held"
    VERSION: ClassVar[int] = 2
    FACT: ClassVar[bool] = True

    day: str
    text: str
    present: tuple[str, ...]
    actions: tuple[int, ...] = ()
    corrects: EntryRef | None = None

    def said(self) -> str:
        count = f"; {len(self.actions)} action{'' if len(self.actions) == 1 else 's'}" if self.actions else ""
        head = "minutes corrected, met on" if self.corrects is not None else "met on"
        return f"{head} {self.day}: {', '.join(self.present)}{count}"

    def searched(self, asked: bytes) -> str:
        return self.text

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return data  # corrected nothing
