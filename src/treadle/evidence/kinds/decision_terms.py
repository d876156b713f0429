"""The kind `decision.terms`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from treadle.evidence.payload import Payload
from treadle.store import Blob, EntryRef


class Side(Struct, frozen=True):
    """One of the two that are compared: what it changes, as it was written (nothing: the project as it is), and `spec`,
    the whole project as it would have it, as JSON."""

    option: str
    changes: tuple[str, ...]
    spec: Blob

    def said(self) -> str:
        return f"{self.option} ({', '.join(self.changes) or 'the project as it is'})"


class TermsStated(Payload, frozen=True, kw_only=True):
    """How a question is settled by an experiment, all of it fixed before the run: the rows of which `sources`, both
    `sides`, the metric, what one must gain over the other (`margin`, in its unit), and `minutes` of learning for each.

    `otherwise`: the option that is taken where neither is better; empty leaves it to whoever decides. Once all who must
    have agreed, nothing of it may change.
    """

    KIND: ClassVar[str] = "decision.terms"
    FACT: ClassVar[bool] = True

    decision: str
    opened: EntryRef
    sides: tuple[Side, Side]
    metric: str
    margin: float
    minutes: float
    otherwise: str = ""
    sources: dict[str, EntryRef] = field(default_factory=dict)

    def said(self) -> str:
        first, second = self.sides
        tie = f"; otherwise {self.otherwise}" if self.otherwise else ""
        return (
            f"{first.said()} against {second.said()}, by {self.metric} with a margin of {self.margin:g}, "
            f"{self.minutes:g} min each{tie}"
        )
