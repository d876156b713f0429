"""The kind `review.approved`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.kinds.of_version import OfVersion
from treadle.store import EntryRef


class ReviewApproved(OfVersion, frozen=True, kw_only=True):
    """Exactly this bundle was approved, as it was asked for in `request`.

    `signatures`: those that this bundle had then. None: approved before approvals named them, when the project file
    alone said whose signature is wanted and who may answer for a finding.
    """

    KIND: ClassVar[str] = "review.approved"
    VERSION: ClassVar[int] = 2
    FACT: ClassVar[bool] = True

    request: EntryRef
    note: str = ""
    signatures: tuple[EntryRef, ...] | None = None

    def said(self) -> str:
        return f"approved{': ' + self.note if self.note else ''}"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        return {
            "model": data["subject"].removeprefix("model/"),
            "bundle": {"kind": "blob", "digest": facts["bundle"], "name": "bundle"},
            "request": {"kind": "entry", "digest": data["uses"][0]["digest"], "name": "request"},
            "note": facts.get("note", ""),
        }
