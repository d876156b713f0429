"""The kind `review.commented`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class Place(Struct, frozen=True):
    """A line of a file of the project, as it stood then: its text, and the SHA-256 of the whole file."""

    file: str
    line: int
    text: str
    digest: str


class ReviewCommented(Payload, frozen=True, kw_only=True):
    """The actor says something to those who review. `about`: the entry that it is about; `name`: what that was called;
    `answers`: the comment that it answers."""

    KIND: ClassVar[str] = "review.commented"
    FACT: ClassVar[bool] = True

    name: str
    about: EntryRef
    text: str
    place: Place | None = None
    answers: EntryRef | None = None

    def said(self) -> str:
        at = f" at {self.place.file}:{self.place.line}" if self.place is not None else ""
        return f"on {self.name}{at}: {self.text}"

    def searched(self, asked: bytes) -> str:
        return self.text
