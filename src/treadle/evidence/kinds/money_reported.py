"""The kind `money.reported`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.money import Money
from treadle.store import Blob, EntryRef


class MoneyReported(Payload, frozen=True, kw_only=True):
    """A page was written about the money of a month. `until`: the newest entry that it counts.

    `rests`: the newest entry of each of the dearest runs, and the imports of prices, so that its figures can be traced.
    """

    KIND: ClassVar[str] = "money.reported"
    FACT: ClassVar[bool] = True

    month: str
    page: Blob
    spent: Money
    until: int
    rests: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        return f"{self.spent} in {self.month}, by the entries up to #{self.until}"
