"""The kind `snapshots.removed`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.money import Money


class RemovedSnapshot(Struct, frozen=True):
    """A version of a table whose rows are no longer kept. It names no reference: nothing rests on what is gone."""

    table: str
    version: int
    fingerprint: str
    rows: int


class SnapshotsRemoved(Payload, frozen=True, kw_only=True):
    """Old snapshots are no longer kept, by `rules`; their files are removed after this is written.

    `bytes`: of the `files` that no other snapshot needs; `monthly`: what these cost a month, by the price book.
    """

    KIND: ClassVar[str] = "snapshots.removed"
    FACT: ClassVar[bool] = True

    rules: str
    snapshots: tuple[RemovedSnapshot, ...]
    files: int
    bytes: int
    monthly: Money

    def said(self) -> str:
        freed = f"{counted(self.files, 'file')}, {self.bytes / 1e6:,.2f} MB"
        return f"removed {counted(len(self.snapshots), 'snapshot')} ({self.rules}): {freed}"
