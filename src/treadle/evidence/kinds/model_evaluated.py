"""The kind `training.evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store.refs import Blob


class ModelEvaluated(Payload, frozen=True, kw_only=True):
    """The fitted model was judged on the sealed test rows. `low` and `high` are a 95 % interval of `value`."""

    KIND: ClassVar[str] = "training.evaluate"
    VERSION: ClassVar[int] = 2

    evaluation: Blob
    metric: str
    value: float
    low: float | None
    high: float | None
    rows: int
    opened: int
    findings: tuple[str, ...] = ()
    """Names of what looks like a leak; each is a gate of its release."""

    def said(self) -> str:
        span = "" if self.low is None or self.high is None else f" [{self.low:.4f}, {self.high:.4f}]"
        times = "1 time" if self.opened == 1 else f"{self.opened} times"
        found = f"; {len(self.findings)} may leak: {', '.join(self.findings[:3])}" if self.findings else ""
        return f"{self.metric} {self.value:.4f}{span} on {self.rows:,} sealed rows; opened {times}{found}"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        metric, value, low, high, _, rows = str(facts["said"]).split(" ")[:6]
        return {
            "evaluation": data["made"]["evaluation"],
            "metric": metric,
            "value": float(value),
            "low": float(low.strip("[],")),
            "high": float(high.strip("[],")),
            "rows": int(rows.replace(",", "")),
            "opened": facts["opened"],
        }
