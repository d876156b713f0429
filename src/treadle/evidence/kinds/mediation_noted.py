"""The kind `mediation.noted`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class MediationNoted(Payload, frozen=True, kw_only=True):
    """A mediator's private note. `note`: encrypted, with a key that the mediator's account alone has, outside the
    workspace; its length is rounded up. The record shows that there is one, and not what it says."""

    KIND: ClassVar[str] = "mediation.noted"
    FACT: ClassVar[bool] = True

    decision: str
    note: Blob

    def said(self) -> str:
        return "a private note of the mediator"
