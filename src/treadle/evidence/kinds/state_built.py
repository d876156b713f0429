"""The kind `state.built`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store import StateRef


class StateBuilt(Payload, frozen=True, kw_only=True):
    """What is known of each key, for online features."""

    KIND: ClassVar[str] = "state.built"
    VERSION: ClassVar[int] = 2

    state: StateRef

    def said(self) -> str:
        return "what is known of each key, for online features"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"state": {"kind": "state", "endpoint": "", "name": str(data["made"]["state"]["value"])}}
