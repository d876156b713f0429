"""The kind `mediation.accepted`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class OutcomeAccepted(Payload, frozen=True, kw_only=True):
    """A party accepts what the mediator proposed, in these very words."""

    KIND: ClassVar[str] = "mediation.accepted"
    FACT: ClassVar[bool] = True

    decision: str
    proposal: EntryRef

    def said(self) -> str:
        return "accepts what the mediator proposed"
