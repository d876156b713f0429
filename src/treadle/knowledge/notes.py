"""A note as it stands: its text with the figures of now, and why it may no longer hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.errors import TeamError, TreadleError, nearest
from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.knowledge.citing import citations, read_figure, refigured
from treadle.knowledge.found import FigureShown, LinkShown, Note, NoteLine, VersionLine
from treadle.knowledge.tried import experiments

if TYPE_CHECKING:
    from treadle.workspace import Workspace

SUBJECT = "note/"


def versions_of(reader: Reader, name: str) -> list[Entry[NoteWritten]]:
    """Every version of a note, the first one first; none where nobody wrote one of this name."""
    found: list[Entry[NoteWritten]] = reader.find(NoteWritten, subject=f"{SUBJECT}{name}", status="done")
    return found


def names(reader: Reader) -> list[str]:
    """Every note, the one that was written last first."""
    return [subject.removeprefix(SUBJECT) for subject, _ in _newest(reader)]


def newest_versions(reader: Reader, limit: int | None = None) -> list[Entry[NoteWritten]]:
    """The newest version of each note, newest first; of `limit` of them."""
    numbers = [seq for _, seq in _newest(reader)][:limit]
    found: list[Entry[NoteWritten]] = reader.by_seq(numbers)  # type: ignore[assignment]
    return sorted(found, key=lambda entry: -entry.seq)


def _newest(reader: Reader) -> list[tuple[str, int]]:
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    newest = func.max(entries.c.seq).label("newest")
    query = select(entries.c.subject, newest).where(entries.c.kind == NoteWritten.KIND, entries.c.status == "done")
    rows = reader.connection.execute(query.group_by(entries.c.subject).order_by(newest.desc()))
    return [(str(row[0]), int(row[1])) for row in rows]


def note(workspace: Workspace, reader: Reader, name: str, number: int | None = None) -> Note:
    """A note, or its version `number`.

    Raises:
        TeamError: there is no such note, or no such version of it.
    """
    versions = versions_of(reader, name)
    if not versions:
        raise unknown(name, names(reader))
    wanted = len(versions) if number is None else number
    if not 1 <= wanted <= len(versions):
        raise TeamError(f"{name} has no version {wanted}", where="--at", mend=f"it has 1 to {len(versions)}")
    entry = versions[wanted - 1]
    said, figures, links = entry.payload, figures_shown(workspace, reader, entry), links_shown(reader, entry)
    return Note(
        name=said.note,
        sort=said.sort,
        title=said.title,
        number=said.number,
        by=entry.actor,
        time=entry.time,
        entry=entry.seq,
        tags=list(said.tags),
        source=said.source,
        text=_as_it_is_now(said.text, figures),
        written=said.text,
        links=links,
        figures=figures,
        flags=_flags(entry, figures, links) if wanted == len(versions) else [f"version {len(versions)} took its place"],
        versions=_lines(versions),
        tried=experiments(reader, said) if said.sort == "paper" else [],
    )


def list_notes(
    workspace: Workspace, reader: Reader, tag: str | None, limit: int, *, flagged: bool
) -> tuple[list[NoteLine], int]:
    """Lines of the newest `limit` notes, those with flags first, and how many more there are. `flagged`: of all notes
    those that have flags."""
    whole = flagged or tag is not None
    entries, count = newest_versions(reader, None if whole else limit), len(_newest(reader))
    if tag is not None:
        entries = [entry for entry in entries if tag.casefold() in entry.payload.tags]
        if not entries:
            known = sorted({each for entry in newest_versions(reader) for each in entry.payload.tags})
            raise TeamError(
                f"no note has the tag {tag}", where="--tag", mend=nearest(tag, known) or "there are no tags"
            )
    lines = [listed(workspace, reader, entry) for entry in (entries if flagged else entries[:limit])]
    wanted = [line for line in lines if line.flags or not flagged]
    shown = sorted(wanted, key=lambda line: not line.flags)[:limit]
    return shown, (len(wanted) if flagged else count if tag is None else len(entries)) - len(shown)


def listed(workspace: Workspace, reader: Reader, entry: Entry[NoteWritten]) -> NoteLine:
    said = entry.payload
    flags = _flags(entry, figures_shown(workspace, reader, entry), links_shown(reader, entry))
    return NoteLine(said.note, said.sort, said.title, said.number, entry.actor, entry.time, list(said.tags), flags)


def unknown(name: str, known: Sequence[str]) -> TeamError:
    mend = nearest(name, known) or "write it: treadle notes add PROJECT NAME --text TEXT"
    return TeamError(f"there is no note {name}", where="NAME", mend=mend)


def figures_shown(workspace: Workspace, reader: Reader, entry: Entry[NoteWritten]) -> list[FigureShown]:
    """Each figure as it was when this version was written, and as it is now."""
    out = []
    for each in entry.payload.figures:
        cited = f"{each.subject}.{each.figure}"
        try:
            found = read_figure(workspace, reader, each.subject, each.figure)
            out.append(FigureShown(cited, each.shown, found.shown, found.entry.seq))
        except TreadleError as bad:
            out.append(FigureShown(cited, each.shown, "", 0, bad.what))
    return out


def links_shown(reader: Reader, entry: Entry[NoteWritten]) -> list[LinkShown]:
    """What a version rests on, and what came after each of these since it was written."""
    out = []
    for link in entry.payload.links:
        for rested in reader.by_hash(link.entry.digest):
            newest: list[Entry[Payload]] = reader.find(
                names=[rested.kind], subject=rested.subject, status="done", newest_first=True, limit=1
            )
            later = newest[0] if newest and newest[0].seq > entry.seq else None
            newer = f"#{later.seq} ({later.time[:10]}): {later.said()}" if later is not None else ""
            out.append(LinkShown(link.name, rested.seq, rested.kind, rested.said(), newer))
    return out


def _flags(entry: Entry[NoteWritten], figures: Sequence[FigureShown], links: Sequence[LinkShown]) -> list[str]:
    out = []
    for each in figures:
        if each.why:
            out.append(f"{each.cited} was {each.was} when {entry.actor} wrote it, and cannot be read now: {each.why}")
        elif not each.holds:
            out.append(
                f"{each.cited} was {each.was} when {entry.actor} wrote it, and is {each.now} now (#{each.entry})"
            )
    out += [f"{each.name} (#{each.entry}) was followed by {each.newer}" for each in links if each.newer]
    return out


def _as_it_is_now(text: str, figures: Sequence[FigureShown]) -> str:
    """The figures in their places; one that changed is shown with what it was."""
    known = {each.cited: each for each in figures}
    shown = []
    for citation in citations(text):
        each = known.get(citation.cited)
        if each is not None:
            value = each.now if each.holds else f"{each.now or '?'} [was {each.was}]"
            shown.append((citation, value))
    return refigured(text, shown)


def _lines(versions: Sequence[Entry[NoteWritten]]) -> list[VersionLine]:
    out, before = list[VersionLine](), ""
    for entry in versions:
        # by counting and not by aligning them: the time that takes grows with the square of the length, and more
        was, now = Counter(before.splitlines()), Counter(entry.payload.text.splitlines())
        count = ((was - now) + (now - was)).total()
        out.append(VersionLine(entry.payload.number, entry.actor, entry.time, entry.seq, count))
        before = entry.payload.text
    return out
