"""The kind `files.retrieved`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import counted


class FilesRetrieved(Payload, frozen=True, kw_only=True):
    """Files of a table were read out of a colder tier. What that cost is the entry's price, where one is known.

    `reads`: the names under which each reading was noted down as it happened, so that none is counted twice.
    """

    KIND: ClassVar[str] = "files.retrieved"
    FACT: ClassVar[bool] = True

    tier: str
    table: str
    files: int
    bytes: int
    reads: tuple[str, ...]

    def said(self) -> str:
        return f"{counted(self.files, 'file')} of {self.table}, {self.bytes / 1e6:,.2f} MB, read out of {self.tier}"
