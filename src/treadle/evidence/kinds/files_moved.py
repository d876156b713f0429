"""The kind `files.moved`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.money import Money


class MovedFile(Struct, frozen=True):
    """A file of a table: what it must be wherever it lies, and from which tier to which it goes."""

    table: str
    path: str
    size: int
    sha256: str
    lies: str
    to: str


class FilesMoved(Payload, frozen=True, kw_only=True):
    """Files of tables are moved to other tiers, after this is written. It names no reference: to move is not to read.

    monthly_before, monthly_after: what a month of all that is kept comes to as it lay and as it will. `because`:
    by which rule, or on whose word.
    """

    KIND: ClassVar[str] = "files.moved"
    FACT: ClassVar[bool] = True

    files: tuple[MovedFile, ...]
    monthly_before: Money
    monthly_after: Money
    because: str

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.files)

    def said(self) -> str:
        tiers = " and ".join(sorted({each.to for each in self.files}))
        moved = f"{counted(len(self.files), 'file')}, {self.bytes / 1e6:,.2f} MB, to {tiers}"
        return f"{moved} ({self.because}): {self.monthly_before} a month before, {self.monthly_after} after"
