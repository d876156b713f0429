"""The kind `experts.asked`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.store import Blob


class ExpertsAsked(Payload, frozen=True, kw_only=True):
    """Rows were chosen that domain experts are to look at; `queue` has them, each with why it is there.

    `uncertain`, `costly`, `odd`, `audit`: how many of the rows are there for each reason; some are for several.
    """

    KIND: ClassVar[str] = "experts.asked"

    queue: Blob
    rows: int
    uncertain: int = 0
    costly: int = 0
    odd: int = 0
    audit: int = 0
    again: int = 0

    def said(self) -> str:
        why = (
            (self.uncertain, "uncertain"),
            (self.costly, "costly errors"),
            (self.odd, "of odd slices"),
            (self.audit, "drawn to audit the test rows"),
            (self.again, "not settled yet"),
        )
        return (
            f"{counted(self.rows, 'row')} for experts: {', '.join(f'{n:,} {what}' for n, what in why if n) or 'none'}"
        )
