"""The kind `action.opened`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class ActionOpened(Payload, frozen=True, kw_only=True):
    """Something that one person does by a day. `number`: its name, given once. `origin`: what it came of, such as
    "meeting of 2026-11-20"; `rests`: the entry of that, where there is one."""

    KIND: ClassVar[str] = "action.opened"
    FACT: ClassVar[bool] = True

    number: int
    text: str
    owner: str
    due: str
    origin: str = ""
    rests: EntryRef | None = None

    def said(self) -> str:
        return f"action {self.number}: {self.text} ({self.owner}, until {self.due})"

    def searched(self, asked: bytes) -> str:
        return self.text
