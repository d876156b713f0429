"""The kind `report.written`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class ReportWritten(Payload, frozen=True, kw_only=True):
    """The HTML report of an evaluation."""

    KIND: ClassVar[str] = "report.written"
    VERSION: ClassVar[int] = 2

    report: Blob

    def said(self) -> str:
        return "made report"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"report": data["made"]["report"]}
