"""The kind `replay.played`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload


class ReplayPlayed(Payload, frozen=True, kw_only=True):
    """History was played through a live endpoint."""

    KIND: ClassVar[str] = "replay.played"
    VERSION: ClassVar[int] = 2

    model: str
    predictions: int
    events: int
    outcomes: int

    def said(self) -> str:
        return f"{self.predictions:,} predictions, {self.events:,} events, {self.outcomes:,} outcomes"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        counts = [int(part.split(" ")[0].replace(",", "")) for part in str(data["detail"]["said"]).split(", ")]
        return {
            "model": data["detail"].get("model", ""),
            **dict(zip(("predictions", "events", "outcomes"), counts, strict=True)),
        }
