"""The kind `decision.opened`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class Option(Struct, frozen=True):
    """One of the answers that a question may get: a short name, and what it means."""

    name: str
    text: str = ""


class DecisionOpened(Payload, frozen=True, kw_only=True):
    """A question to be settled: its options, who is asked, who decides, and by when.

    `until`: a date; after it an open question goes to the `mediator`, who is no party. `review`: the date on which to
    ask whether what was decided still holds. `evidence`: what the question rests on.
    """

    KIND: ClassVar[str] = "decision.opened"
    FACT: ClassVar[bool] = True

    decision: str
    question: str
    options: tuple[Option, ...]
    decides: str
    asked: tuple[str, ...] = ()
    until: str = ""
    mediator: str = ""
    review: str = ""
    evidence: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        return f"{self.question} ({' or '.join(option.name for option in self.options)}); {self.decides} decides"

    def searched(self, asked: bytes) -> str:
        return " ".join((self.decision, self.question, *(f"{each.name} {each.text}" for each in self.options)))
