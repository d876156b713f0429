"""Write a note, and edit it. Whoever edits says which version they began from, so that nobody's words are lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from treadle.errors import TeamError, TreadleError
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.note_written import FigureStated, Link, NoteWritten, Sort
from treadle.knowledge.citing import MOST_FIGURES, citations, read_figure
from treadle.knowledge.found import Conflict
from treadle.knowledge.notes import SUBJECT, figures_shown, links_shown, names, unknown, versions_of

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
MOST_TEXT = 100_000
MOST_TITLE = 200
MOST_TAGS = MOST_LINKS = 50
_TAG = re.compile(r"[^\W_][\w.+#-]{0,39}")


class Draft(Struct, frozen=True):
    """What is to be written. None: as it was. `on`: what it rests on, by the names that `treadle why` knows."""

    text: str | None = None
    title: str | None = None
    tags: tuple[str, ...] | None = None
    source: str | None = None
    on: tuple[str, ...] | None = None


class Edited(Struct, frozen=True):
    """The version that was written; or the conflict in which it was not."""

    entry: Entry[NoteWritten] | None
    conflict: Conflict | None = None


def add_note(workspace: Workspace, name: str, sort: Sort, draft: Draft) -> Entry[NoteWritten]:
    """A new note, in the name of the chain's actor.

    Raises:
        TeamError: the name is taken or is none, or what is written cannot be kept.
        EvidenceError: nothing in the record is called as a figure or a link says.
    """
    if not _NAME.fullmatch(name):
        raise TeamError(
            f'"{name}" is no name for a note',
            where="NAME",
            mend="lower-case letters, digits, - and _, such as target-encoding",
        )
    with workspace.chain.reading() as reader:  # names are looked up before the lock: that may read tables
        _refuse_taken(reader, name)
        text = _text(draft.text or "")
        first = NoteWritten(note=name, number=1, title=name, text=text, sort=sort)
        said = _drafted(workspace, reader, first, replace(draft, title=draft.title or _heading(text) or name))
    with workspace.chain.alone() as alone:
        _refuse_taken(alone, name)
        return alone.append(said, f"{SUBJECT}{name}")


def _refuse_taken(reader: Reader, name: str) -> None:
    if versions_of(reader, name):
        raise TeamError(
            f"there is a note {name} already", where="NAME", mend=f"edit it: treadle notes edit PROJECT {name}"
        )


def edit_note(workspace: Workspace, name: str, instead_of: int | None, draft: Draft) -> Edited:
    """A new version of a note, by whoever began from its version `instead_of`.

    Raises:
        TeamError: there is no such note or version, or nothing would change.
    """
    with workspace.chain.reading() as reader:
        versions = versions_of(reader, name)
        if not versions:
            raise unknown(name, names(reader))
        if instead_of is None or not 1 <= instead_of <= len(versions):
            raise TeamError(
                f"{name} has no version {instead_of}" if instead_of else f"which version of {name} did you edit?",
                where="--instead-of",
                mend=f"the newest is {len(versions)}: treadle notes show PROJECT {name}",
            )
        last, began = versions[-1], versions[instead_of - 1]
        if began is last:
            said = _drafted(workspace, reader, replace(last.payload, number=instead_of + 1, edits=last.ref), draft)
            if _same(last.payload, said) and not _flagged(workspace, reader, last):
                mend = "give --text, --file, --title, --tag, --source or --on"
                raise TeamError(f"nothing of {name} is changed", where=name, mend=mend)
    with workspace.chain.alone() as alone:
        now: Entry[NoteWritten] | None = alone.last(NoteWritten, subject=f"{SUBJECT}{name}")
        if now is not None and now.seq != began.seq:
            return Edited(None, _conflict(began, now, began.payload.text if draft.text is None else draft.text))
        return Edited(alone.append(said, f"{SUBJECT}{name}"))


def _conflict(began: Entry[NoteWritten], last: Entry[NoteWritten], yours: str) -> Conflict:
    return Conflict(
        edited=began.payload.number,
        theirs_number=last.payload.number,
        theirs_by=last.actor,
        theirs_time=last.time,
        common=began.payload.text,
        theirs=last.payload.text,
        yours=yours,
    )


def _flagged(workspace: Workspace, reader: Reader, last: Entry[NoteWritten]) -> bool:
    """Whether something is told of it: to write it anew as it stands says that it holds all the same."""
    figures = figures_shown(workspace, reader, last)
    return any(not each.holds for each in figures) or any(each.newer for each in links_shown(reader, last))


def _same(before: NoteWritten, after: NoteWritten) -> bool:
    def content(said: NoteWritten) -> tuple[object, ...]:
        return said.title, said.text, said.tags, said.source, tuple(link.name for link in said.links)

    return content(before) == content(after)


def _drafted(workspace: Workspace, reader: Reader, before: NoteWritten, draft: Draft) -> NoteWritten:
    """`before` with what the draft says; figures and links are taken as they are now."""
    text = before.text if draft.text is None else _text(draft.text)
    on = tuple(link.name for link in before.links) if draft.on is None else draft.on
    return replace(
        before,
        text=text,
        title=before.title if draft.title is None else _title(draft.title),
        tags=before.tags if draft.tags is None else _tags(draft.tags),
        source=before.source if draft.source is None else " ".join(draft.source.split()),
        links=_links(workspace, reader, before, on),
        figures=_figures(workspace, reader, text),
    )


def _links(workspace: Workspace, reader: Reader, before: NoteWritten, on: Sequence[str]) -> tuple[Link, ...]:
    from treadle.history.lineage import called

    if len(on) > MOST_LINKS:
        raise TeamError(f"{len(on)} links are no note", where="--on", mend=f"give {MOST_LINKS} at most")
    kept = {link.name: link for link in before.links}
    out = []
    for name in dict.fromkeys(on):
        try:
            out.append(Link(name, called(workspace, reader, name.removeprefix("#"), "--on").ref))
        except TreadleError:
            if name not in kept:
                raise
            out.append(kept[name])  # what a version rested on stays named, also where its name has gone
    return tuple(out)


def _figures(workspace: Workspace, reader: Reader, text: str) -> tuple[FigureStated, ...]:
    found = {each.cited: each for each in citations(text)}
    if len(found) > MOST_FIGURES:
        raise TeamError(f"{len(found)} figures are no note", where="--text", mend=f"cite {MOST_FIGURES} at most")
    out = []
    for each in found.values():
        try:
            read = read_figure(workspace, reader, each.subject, each.figure)
        except TreadleError as bad:
            mend = f"{bad.mend}; what is no figure stands between backticks" if bad.mend else "put it between backticks"
            raise type(bad)(bad.what, where=f"{{{each.cited}}}", mend=mend) from None
        out.append(FigureStated(each.subject, each.figure, read.shown, read.entry.ref))
    return tuple(out)


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise TeamError("a note needs a text", where="--text", mend="give --text, or --file with Markdown in it")
    if len(text) > MOST_TEXT or "\0" in text:
        wrong = f"{len(text):,} characters are" if len(text) > MOST_TEXT else "a text with a NUL in it is"
        raise TeamError(f"{wrong} no note", where="--text", mend=f"keep it to {MOST_TEXT:,} characters of plain text")
    return text


def _title(title: str) -> str:
    found = " ".join(title.split())
    if not 0 < len(found) <= MOST_TITLE:
        raise TeamError("a title is a line of text", where="--title", mend=f"give 1 to {MOST_TITLE} characters")
    return found


def _heading(text: str) -> str:
    """The first heading of Markdown, where the text begins with one."""
    first = text.splitlines()[0]
    return first.lstrip("#").strip()[:MOST_TITLE] if first.startswith("#") else ""


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    wrong = [tag for tag in tags if not _TAG.fullmatch(tag)]
    if wrong or len(tags) > MOST_TAGS:
        raise TeamError(
            f'"{wrong[0]}" is no tag' if wrong else f"{len(tags)} tags are too many",
            where="--tag",
            mend=f"letters, digits, - and _ without blanks, such as calibration; {MOST_TAGS} at most",
        )
    return tuple(dict.fromkeys(tag.casefold() for tag in tags))
