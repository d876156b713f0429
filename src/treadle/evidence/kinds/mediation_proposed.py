"""The kind `mediation.proposed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class OutcomeProposed(Payload, frozen=True, kw_only=True):
    """What a mediator proposes that all agree on: an option, in which words, and when to ask whether it still holds."""

    KIND: ClassVar[str] = "mediation.proposed"
    FACT: ClassVar[bool] = True

    decision: str
    opened: EntryRef
    option: str
    because: str
    review: str

    def said(self) -> str:
        return f"proposes {self.option}, to be looked at again on {self.review}: {self.because}"
