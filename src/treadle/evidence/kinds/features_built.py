"""The kind `features.build`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.evidence.usual import feature_lines
from treadle.store import Snapshot


class FeaturesBuilt(Payload, frozen=True, kw_only=True):
    """The training table: a row an example, each feature as of the example's own time."""

    KIND: ClassVar[str] = "features.build"
    VERSION: ClassVar[int] = 2

    table: Snapshot
    features: int
    without_label: int = 0
    """Rows that have no label (or no time), so that nothing can be learned from them."""

    def said(self) -> str:
        left = f"; {self.without_label:,} of them have no label" if self.without_label else ""
        return f"{self.table.rows:,} rows, {self.features} features{left}"

    def searched(self, asked: bytes) -> str:
        return "\n".join(feature_lines(asked))

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        plan = data["detail"].get("settings", {}).get("plan", {})
        return {"table": data["made"]["table"], "features": len(plan.get("features", ()))}
