"""The kind `release.rolled_back`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.kinds.of_version import Release
from treadle.store import EntryRef


class ReleaseRolledBack(Release, frozen=True, kw_only=True):
    """An endpoint serves again what `earlier` released; `left` is the version that it left."""

    KIND: ClassVar[str] = "release.rolled_back"
    VERSION: ClassVar[int] = 2
    FACT: ClassVar[bool] = True

    earlier: EntryRef | None
    left: str
    reason: str = ""

    def said(self) -> str:
        return f"went back from {self.left} to {self.model}{f' ({self.reason})' if self.reason else ''}"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        named = {ref.get("name"): ref for ref in data["uses"]}
        facts = data["detail"]
        return {
            "model": facts["model"],
            "bundle": named["bundle"],
            "packing": named["packing"],
            "earlier": None,  # 0.1 named the packing alone
            "left": facts["from"],
            "reason": facts.get("reason", ""),
        }
