"""The kind `retro.opened`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class RetroOpened(Payload, frozen=True, kw_only=True):
    """Something is looked back at: an alert, a release that failed, a failed step, a milestone. `about`: its entry.

    `begins`: of the timeline, in UTC; it ends with this entry.
    """

    KIND: ClassVar[str] = "retro.opened"
    FACT: ClassVar[bool] = True

    retro: str
    about: EntryRef
    what: str
    begins: str

    def said(self) -> str:
        return f"looked back at: {self.what}"
