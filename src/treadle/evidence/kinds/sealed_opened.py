"""The kind `sealed.opened`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store.refs import Blob


class SealedOpened(Payload, frozen=True, kw_only=True):
    """The sealed test rows are about to be looked at. Written before the look, so that a look that died counts too.

    `sealed` names the rows themselves, whatever features were made of them, and `sketch` is a sample of them by which
    two sets can be told to overlap. `opened` counts the looks at these rows, this one too, since the project began.
    """

    KIND: ClassVar[str] = "sealed.opened"
    FACT: ClassVar[bool] = True

    project: str
    sealed: str
    sketch: tuple[str, ...] = ()
    rows: int
    model: Blob
    opened: int

    def said(self) -> str:
        return f"opened {self.rows:,} sealed rows, time {self.opened} for these rows"
