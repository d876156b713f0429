"""The kind `finding.accepted`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.kinds.of_version import OfVersion
from treadle.store import EntryRef


class FindingAccepted(OfVersion, frozen=True, kw_only=True):
    """A reviewer answers for a finding about this bundle, by name and with a reason. It stands in the report."""

    KIND: ClassVar[str] = "finding.accepted"
    FACT: ClassVar[bool] = True

    request: EntryRef
    gate: str
    reason: str

    def said(self) -> str:
        return f"accepted the finding {self.gate}: {self.reason}"
