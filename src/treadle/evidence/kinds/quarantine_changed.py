"""The kind `quarantine.changed`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import field

from treadle.evidence.payload import Payload
from treadle.store import Blob


class QuarantineChanged(Payload, frozen=True, kw_only=True):
    """Rows that a source's contract had set aside were mended, or are no longer wanted. No table was changed.

    `base`: the hash of the entry before it, of a reading or a change. `rows`: how many it concerns. `sets`: for each
    column the expression of its new value; `where`: of which rows. `aside`: what is set aside from now on.
    """

    KIND: ClassVar[str] = "quarantine.changed"

    source: str
    done: Literal["mended", "dropped"]
    base: str
    rows: int
    left: int
    aside: tuple[Blob, ...] = ()
    sets: dict[str, str] = field(default_factory=dict)
    where: str = ""
    reason: str = ""

    def said(self) -> str:
        what = f"mended {', '.join(self.sets)} in" if self.done == "mended" else "dropped"
        why = f" ({self.reason})" if self.reason else ""
        return f"{what} {self.rows:,} rows of {self.source} that were set aside{why}; {self.left:,} are set aside now"
