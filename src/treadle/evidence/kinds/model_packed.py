"""The kind `model.packed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import field

from treadle.evidence.kinds.of_version import OfVersion


class ModelPacked(OfVersion, frozen=True, kw_only=True):
    """One signed file with all that serving needs. `model` is project:number, given once.

    `p99_ms`: encoding and scoring one record in process. `cut`: where a split by time cut. `example`: a real record.
    """

    KIND: ClassVar[str] = "model.packed"
    VERSION: ClassVar[int] = 2

    family: str
    metric: str
    value: float
    low: float | None
    high: float | None
    mb: float
    p99_ms: float
    cut: str | None = None
    example: dict[str, Any] = field(default_factory=dict)

    def said(self) -> str:
        return f"{self.model}, {self.mb:.2f} MB, golden records pass, p99 {self.p99_ms:.2f} ms a record"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        names = ("model", "family", "metric", "value", "low", "high", "mb", "p99_ms", "cut", "example")
        return {"bundle": data["made"]["bundle"] | {"name": "bundle"}, **{name: facts.get(name) for name in names}}
