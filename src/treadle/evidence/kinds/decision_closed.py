"""The kind `decision.closed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class DecisionClosed(Payload, frozen=True, kw_only=True):
    """What was decided, and why. `heard`: the positions that stood then. `unheard`: who was asked and said nothing,
    and was not waited for. `against`: persons whose position was another. `settled`: the experiment that decided it, on
    terms that all had agreed to before. `agreed`: who accepted it in a mediation; `review`: the day on which to ask
    again, in place of the one that was named before."""

    KIND: ClassVar[str] = "decision.closed"
    FACT: ClassVar[bool] = True

    decision: str
    opened: EntryRef
    option: str
    because: str
    heard: tuple[EntryRef, ...] = ()
    against: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    settled: EntryRef | None = None
    agreed: tuple[str, ...] = ()
    review: str = ""

    def said(self) -> str:
        dissent = f"; {', '.join(self.against)} against" if self.against else ""
        silent = f"; not heard: {', '.join(self.unheard)}" if self.unheard else ""
        agreed = f"; accepted by {', '.join(self.agreed)}" if self.agreed else ""
        return f"decided: {self.option}, because {self.because}{dissent}{silent}{agreed}"

    def searched(self, asked: bytes) -> str:
        return f"{self.decision} {self.option}: {self.because}"
