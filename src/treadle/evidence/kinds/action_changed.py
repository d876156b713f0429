"""The kind `action.changed`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload
from treadle.store import EntryRef

State = Literal["open", "done", "dropped"]


class ActionChanged(Payload, frozen=True, kw_only=True):
    """What an action is from here on: done, dropped, or open with another owner or day. `opened`: its entry."""

    KIND: ClassVar[str] = "action.changed"
    FACT: ClassVar[bool] = True

    number: int
    opened: EntryRef
    state: State
    owner: str
    due: str
    because: str = ""
    evidence: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        why = f": {self.because}" if self.because else ""
        left = f" ({self.owner}, until {self.due})" if self.state == "open" else ""
        return f"action {self.number} is {self.state}{left}{why}"
