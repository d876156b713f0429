"""The kind `source.stale`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Snapshot


class SourceStale(Payload, frozen=True, kw_only=True):
    """A source that was read earlier, and is unchanged, is too old by now."""

    KIND: ClassVar[str] = "source.stale"
    FACT: ClassVar[bool] = True

    source: str
    table: Snapshot
    reasons: tuple[str, ...]

    def said(self) -> str:
        return "; ".join(self.reasons)
