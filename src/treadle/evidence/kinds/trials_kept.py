"""The kind `training.trials`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class TrialsKept(Payload, frozen=True, kw_only=True):
    """Some trials of a search that goes on, so that it need not begin again when it is killed or given more time.

    `search` names what the search reads, but for its limits; `first` and `last` are numbers of trials, from 1.
    """

    KIND: ClassVar[str] = "training.trials"
    FACT: ClassVar[bool] = True

    search: str
    first: int
    last: int
    kept: Blob

    def said(self) -> str:
        which = f"trial {self.first}" if self.first == self.last else f"trials {self.first} to {self.last}"
        return f"kept {which} of a search that goes on"
