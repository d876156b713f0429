"""The kind `brief.stated`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class BriefStated(Payload, frozen=True, kw_only=True):
    """The brief as it stood: what is decided, what errors cost, what is good enough, who decides.

    `brief`: its JSON. `decision`: its sentence.
    """

    KIND: ClassVar[str] = "brief.stated"
    VERSION: ClassVar[int] = 2

    brief: Blob
    decision: str

    def said(self) -> str:
        return self.decision or "no decision is stated"

    def searched(self, asked: bytes) -> str:
        return self.decision

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        brief = data["made"]["brief"]
        return {
            "brief": {"kind": "blob", "digest": brief["digest"], "name": "brief"},
            "decision": brief["value"].get("decision", ""),
        }
