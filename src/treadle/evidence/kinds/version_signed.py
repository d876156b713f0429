"""The kind `version.signed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.kinds.of_version import OfVersion
from treadle.store import EntryRef


class VersionSigned(OfVersion, frozen=True, kw_only=True):
    """Somebody who holds `role` stands for this very bundle, before it is approved."""

    KIND: ClassVar[str] = "version.signed"
    FACT: ClassVar[bool] = True

    request: EntryRef
    role: str
    note: str = ""

    def said(self) -> str:
        return f"signed as {self.role}" + (f": {self.note}" if self.note else "")
