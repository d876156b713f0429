"""The kind `source.late`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Snapshot


class SourceLate(Payload, frozen=True, kw_only=True):
    """A run needed rows that were not there yet: the newest is of `reached`, and newer ones were `due`.

    `done`: what was done about it, one of last (went on with what was there), waited, stopped.
    """

    KIND: ClassVar[str] = "source.late"
    FACT: ClassVar[bool] = True

    source: str
    table: Snapshot
    reached: datetime
    due: datetime
    done: str
    text: str

    def said(self) -> str:
        return self.text
