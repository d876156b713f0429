"""The kind `checkins.shown`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from treadle.evidence.payload import Payload

Blocked = Literal["none", "some", "most"]


class Answered(Struct, frozen=True):
    """What one person answered, without their name. `load`: 1 (too little) to 5 (too much). `id`: drawn by chance."""

    id: str
    load: int
    blocked: Blocked


class CheckinsShown(Payload, frozen=True, kw_only=True):
    """Answers of five or more, without names, in the order of their drawn ids. Its actor is nobody: as of concerns.

    `week`: in which they were shown; they were given before it.
    """

    KIND: ClassVar[str] = "checkins.shown"
    FACT: ClassVar[bool] = True

    week: str
    answers: tuple[Answered, ...]

    def said(self) -> str:
        mean = sum(each.load for each in self.answers) / len(self.answers)
        return f"{len(self.answers)} check-ins, load {mean:.1f} of 5"
