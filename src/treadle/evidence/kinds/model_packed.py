"""The kind `model.packed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import field

from treadle.evidence.kinds.of_version import OfVersion
from treadle.spec.choices import Refit


class ModelPacked(OfVersion, frozen=True, kw_only=True):
    """One signed file with all that serving needs. `model` is project:number, given once.

    `p99_ms`: encoding and scoring one record in process. `cut`: where its rows end, of a split by
    time. `refit`: the rows that it was fitted on; of `all`, the figures are its twin's. `example`: a real record.
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
    refit: Refit = "training"
    example: dict[str, Any] = field(default_factory=dict)

    def said(self) -> str:
        rows = ", fitted again on all rows" if self.refit == "all" else ""
        return f"{self.model}{rows}, {self.mb:.2f} MB, golden records pass, p99 {self.p99_ms:.2f} ms a record"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        names = ("model", "family", "metric", "value", "low", "high", "mb", "p99_ms", "cut", "example")
        return {"bundle": data["made"]["bundle"] | {"name": "bundle"}, **{name: facts.get(name) for name in names}}
