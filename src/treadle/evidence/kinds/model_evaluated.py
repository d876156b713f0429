"""The kind `training.evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import figure
from treadle.store import Blob


class HeldAgainst(Struct, frozen=True):
    """The served version that a model was held against, and what came of it. `bundle`: its SHA-256; no reference,
    since no model rests on what it was compared with."""

    model: str
    bundle: str
    said: str


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
    against: HeldAgainst | None = None
    """None where nothing was served."""

    def said(self) -> str:
        shown = figure(self.value, self.low, self.high)
        span = f" [{shown.low}, {shown.high}]" if shown.low else ""
        times = "1 time" if self.opened == 1 else f"{self.opened} times"
        found = f"; {len(self.findings)} may leak: {', '.join(self.findings[:3])}" if self.findings else ""
        beside = f"; {self.against.said}" if self.against else ""
        return f"{self.metric} {shown.value}{span} on {self.rows:,} sealed rows; opened {times}{found}{beside}"

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
