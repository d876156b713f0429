"""The kind `feedback.given`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class FeedbackGiven(Payload, frozen=True, kw_only=True):
    """Feedback about work that its giver wanted in the record: what they saw, what it does, what they ask for.

    `about`: the entries that it is about. Whoever may read the project may read it.
    """

    KIND: ClassVar[str] = "feedback.given"
    FACT: ClassVar[bool] = True

    to: str
    saw: str
    effect: str
    request: str
    about: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        return f"to {self.to}: {self.saw} {self.effect} {self.request}"
