"""The kind `note.written`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.store import EntryRef

Sort = Literal["note", "paper"]


class Link(Struct, frozen=True):
    """What a note rests on: as it was named, and the entry that this was when the note was written."""

    name: str
    entry: EntryRef


class FigureStated(Struct, frozen=True):
    """A figure in the text, `{subject.figure}`: the entry that it was read from, and what it was shown as then."""

    subject: str
    figure: str
    shown: str
    entry: EntryRef


class NoteWritten(Payload, frozen=True, kw_only=True):
    """A note as it stands from here on: a page of Markdown with its links and figures.

    `number`: its version, 1 at first; `edits`: the version that was edited. `source`: of a paper, where it is found.
    """

    KIND: ClassVar[str] = "note.written"
    FACT: ClassVar[bool] = True

    note: str
    number: int
    title: str
    text: str
    sort: Sort = "note"
    tags: tuple[str, ...] = ()
    source: str = ""
    links: tuple[Link, ...] = ()
    figures: tuple[FigureStated, ...] = ()
    edits: EntryRef | None = None

    def said(self) -> str:
        return f"{self.sort} {self.title}{f', version {self.number}' if self.number > 1 else ''}"

    def searched(self, asked: bytes) -> str:
        return "\n".join((self.note.replace("-", " "), self.title, " ".join(self.tags), self.source, self.text))
