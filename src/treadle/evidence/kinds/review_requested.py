"""The kind `review.requested`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from treadle.evidence.kinds.of_version import OfVersion
from treadle.money import Money


class Gate(Struct, frozen=True):
    """One condition of a release with what was found. `found` None: it is no number, or was not measured.

    `acceptable`: a reviewer may accept that it does not hold, by name and with a reason. `spent`: for a gate of money.
    """

    name: str
    limit: float
    found: float | None
    holds: bool
    text: str
    acceptable: bool = False
    spent: Money | None = None


class ReviewRequested(OfVersion, frozen=True, kw_only=True):
    """A release of exactly this bundle was asked for, with every gate measured."""

    KIND: ClassVar[str] = "review.requested"
    VERSION: ClassVar[int] = 2
    FACT: ClassVar[bool] = True

    gates: tuple[Gate, ...]

    def said(self) -> str:
        held = sum(gate.holds for gate in self.gates)
        return f"asked for a release; {held} of {len(self.gates)} gates hold"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        return {
            "model": data["subject"].removeprefix("model/"),
            "bundle": {"kind": "blob", "digest": facts["bundle"], "name": "bundle"},
            "gates": facts["gates"],
        }
