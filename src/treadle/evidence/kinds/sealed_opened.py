"""The kind `sealed.opened`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class SealedOpened(Payload, frozen=True, kw_only=True):
    """The sealed test rows are about to be looked at. Written before the look, so that a look that died counts too.

    `sealed` names the rows themselves, whatever features were made of them. `keys` and `contents` hold the names of
    all of them, by the key of their source in this project (None without a key) and by what stands in the raw row, so
    that a later look can tell which of its rows were seen. `opened` counts the looks at these rows, this one too, since
    the workspace began. `against`: the served version that the model is held against on some of them; against another
    it is another look.
    """

    KIND: ClassVar[str] = "sealed.opened"
    FACT: ClassVar[bool] = True

    project: str
    sealed: str
    keys: Blob | None = None
    contents: Blob | None = None
    rows: int
    model: Blob
    opened: int
    against: str = ""

    def said(self) -> str:
        against = f", to hold it against {self.against}" if self.against else ""
        return f"opened {self.rows:,} sealed rows, time {self.opened} for these rows{against}"
