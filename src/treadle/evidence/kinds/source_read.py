"""The kind `sources.read`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec import field

from treadle.evidence.payload import Payload
from treadle.store import Snapshot


class SourceRead(Payload, frozen=True, kw_only=True):
    """A source was read and held to its contract; `table` holds the rows that passed.

    `rows` counts all that were delivered, `quarantined` those set aside, which are in `quarantine`. `newest` has, for
    each rule that looks at the clock, the newest time it saw: it is asked again at every run. `warnings`: of
    soft rules, whose rows are kept.
    """

    KIND: ClassVar[str] = "sources.read"
    VERSION: ClassVar[int] = 2

    table: Snapshot
    rows: int
    quarantined: int
    rules: int
    bytes: int
    quarantine: Snapshot | None = None
    newest: dict[str, datetime | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def said(self) -> str:
        return (
            f"{self.rows - self.quarantined:,} rows"
            + (f", {self.quarantined:,} set aside" if self.quarantined else "")
            + (f", {self.rules} rules hold" if self.rules else ", no contract")
            + "".join(f"; {said}" for said in self.warnings[:3])
            + (f"; and {len(self.warnings) - 3} soft rules more" if len(self.warnings) > 3 else "")
        )

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        return {"table": data["made"]["table"], **{n: facts[n] for n in ("rows", "quarantined", "rules", "bytes")}}
