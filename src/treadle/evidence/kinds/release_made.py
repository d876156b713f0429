"""The kind `release.made`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.kinds.of_version import Release
from treadle.store import EntryRef


class ReleaseMade(Release, frozen=True, kw_only=True):
    """An endpoint serves exactly this bundle from here on, as it was packed in `packing` and approved in `approval`."""

    KIND: ClassVar[str] = "release.made"
    VERSION: ClassVar[int] = 2
    FACT: ClassVar[bool] = True

    approval: EntryRef

    def said(self) -> str:
        return f"released {self.model}"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        named = {ref.get("name"): ref for ref in data["uses"]}
        return {
            "model": data["detail"]["model"],
            "bundle": named["bundle"],
            "packing": named["packing"],
            "approval": named["approval"],
        }
