"""The kind `mediation.called`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class MediationCalled(Payload, frozen=True, kw_only=True):
    """An open decision is brought before somebody who is no party. Until the day `until` they help to agree; after it,
    they decide. It takes the place of the mediator and the day that were named before."""

    KIND: ClassVar[str] = "mediation.called"
    FACT: ClassVar[bool] = True

    decision: str
    opened: EntryRef
    mediator: str
    until: str
    because: str

    def said(self) -> str:
        return f"brought before {self.mediator}, who decides after {self.until}: {self.because}"
