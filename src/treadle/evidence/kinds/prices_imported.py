"""The kind `prices.imported`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.store import Blob


class PricesImported(Payload, frozen=True, kw_only=True):
    """Dated figures of what vendors charge were read from a file, all or none; each figure has its own source.

    `first`, `last`: the dates of the figures. `left_out`: how many were not taken, since nobody vouches for them.
    """

    KIND: ClassVar[str] = "prices.imported"
    FACT: ClassVar[bool] = True

    figures: Blob
    file: str
    count: int
    vendors: tuple[str, ...]
    first: str
    last: str
    left_out: int = 0

    def said(self) -> str:
        who = ", ".join(self.vendors[:5]) + (f" and {len(self.vendors) - 5} more" if len(self.vendors) > 5 else "")
        days = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{counted(self.count, 'price')} of {who}, {days}, from {self.file}"
