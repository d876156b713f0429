"""What was edited in the files, read back: each file becomes an entry, is a conflict, or is refused with what helps.

Entries are in the name of whoever reads the files in. Git's authors are not asked: anybody can write any name there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from treadle.errors import Fault, TeamError, TreadleError
from treadle.evidence import Entry, Payload, Reader, rehearsed
from treadle.evidence.kinds.action_changed import State
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.meeting_held import MeetingHeld
from treadle.evidence.kinds.note_written import NoteWritten, Sort
from treadle.filing.found import Clash, FolderRead, Told
from treadle.filing.front import ENTRY, Filed, composed, read_page
from treadle.filing.pages import FOLDERS, Page, pages
from treadle.filing.same import EDITED, changed, is_same, listed, text_changed
from treadle.filing.writing import refuse_other, restoring
from treadle.knowledge.writing import Draft, add_note, edit_note
from treadle.rhythm.acting import Asked, change_action, open_actions
from treadle.rhythm.meeting import correct_minutes
from treadle.signs import still

if TYPE_CHECKING:
    from treadle.workspace import Workspace

MOST_FILES = 10_000
_STATES = ("open", "done", "dropped")
_MILESTONES = "milestones/"
_FREE = ("because", "by")
"""Lines that are no part of what a record says by itself."""


class _Done(Struct, frozen=True):
    """What came of one file: `told` of what was taken; or of what was not, where it is `refused`; or a conflict."""

    told: Told | None = None
    clash: Clash | None = None
    refused: bool = False
    same: bool = False
    older: bool = False
    again: Told | None = None


def read_folder(workspace: Workspace, folder: Path, named: str, *, look: bool) -> FolderRead:
    """Each file by itself: what one of them lacks keeps no other back. `look`: all of it is tried, and nothing is kept.

    Raises:
        TeamError: it is no folder of records of this project, or has more files than a record.
    """
    refuse_other(folder, named, workspace.project.spec.project, must=True)
    files = list(_files(folder, named))
    with workspace.chain.reading() as reader:
        every = pages(workspace, reader)
        known = _known(reader, {file: folder / file for file in files}, every)
    workspace = replace(workspace, chain=rehearsed(workspace.chain)) if look else workspace
    gone = known - {page.head.get(ENTRY, "") for page in every.values()}
    done = {file: _one(workspace, every.get(file), file, folder / file, known, gone, look=look) for file in files}
    taken = [each.told for each in done.values() if each.told is not None and not each.refused]
    refused = [each.told for each in done.values() if each.told is not None and each.refused]
    conflicts = [each.clash for each in done.values() if each.clash is not None]
    return FolderRead(
        folder=named,
        looked=look,
        taken=taken,
        conflicts=conflicts,
        refused=refused,
        same=sum(each.same for each in done.values()),
        again=[each.again for each in done.values() if each.again is not None],
        older=[file for file, each in done.items() if each.older],
        missing=[file for file in every if file not in done],
        ok=not conflicts and not refused,
    )


def _files(folder: Path, named: str) -> Iterator[str]:
    """Markdown in the folder and in those of its kinds: no deeper, and by no link."""
    count = 0
    for part in ("", *FOLDERS):
        place = folder / part
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            if file.suffix != ".md" or (file.is_dir() and not file.is_symlink()):
                continue
            count += 1
            if count > MOST_FILES:
                raise TeamError(f"there are more than {MOST_FILES:,} files", where=named, mend="no record has so many")
            yield f"{part}/{file.name}" if part else file.name


def _known(reader: Reader, files: Mapping[str, Path], every: Mapping[str, Page]) -> set[str]:
    """Of the entries that files say they were written from, those that the record has."""
    said = set()
    for file, place in files.items():
        try:
            said.add(read_page(place, file).head.get(ENTRY, ""))
        except TeamError:
            continue
    fresh = said - {page.head.get(ENTRY, "") for page in every.values()} - {""}
    return {page.head.get(ENTRY, "") for page in every.values()} | {e.hash for e in reader.by_hash(*fresh)} - {""}


def _one(
    workspace: Workspace, page: Page | None, file: str, place: Path, known: set[str], gone: set[str], *, look: bool
) -> _Done:
    """`known`: entries that files were written from; `gone`: those of them that no page stands by now."""
    try:
        found = read_page(place, file)
        if page is None and not found.edited and file.startswith(_MILESTONES) and found.head.get(ENTRY, "") in gone:
            return _Done(older=True)  # what it tells of was dropped since
        if page is None or (ENTRY not in found.head and page.kind in ("note", "action")):
            return _new(workspace, page, file, found, look=look)
        if not found.edited:
            return _Done(same=True) if composed(found.head, found.text) == page.content else _Done(older=True)
        if is_same(page, found):
            return _Done(same=True)
        if page.do:
            return _refuse(file, f"{page.kind}: not changed by its file", restoring(page))
        if found.head.get(ENTRY, "") not in known:
            return _refuse(file, "its entry is none of this record", "leave the line entry: as it was written")
        if found.head[ENTRY] != page.head[ENTRY]:
            return _Done(clash=_clash(page, file, found))
        _refuse_fixed(page, found)
        return _take(workspace, page, file, found, look=look)
    except TreadleError as bad:
        return _Done(told=_why(file, bad), refused=True)


def _why(file: str, bad: TreadleError) -> Told:
    """All that is wrong with a file, each with its line."""
    every = bad.faults or (Fault(bad.what, bad.where, bad.mend),)
    what = []
    for each in every:
        place = each.where.removeprefix("--").removeprefix(file)
        where = f"line {place[1:]}" if place.startswith(":") else place.removeprefix(", ")
        what.append(f"{each.what}{f' ({where})' if where else ''}")
    return Told(file, "; ".join(what), "; ".join(dict.fromkeys(each.mend for each in every if each.mend)) or bad.mend)


def _refuse(file: str, what: str, do: str) -> _Done:
    return _Done(told=Told(file, what, do), refused=True)


def _clash(page: Page, file: str, found: Filed) -> Clash:
    entry = page.entry
    assert entry is not None
    return Clash(file, entry.seq, entry.actor, entry.time, _shown(page.head, page.text), _shown(found.head, found.text))


def _shown(head: Mapping[str, str], text: str) -> str:
    lines = [f"{name}: {value}" for name, value in head.items() if name not in (ENTRY, "by", "version")]
    return "\n".join([*lines, "", text])


def _refuse_fixed(page: Page, found: Filed) -> None:
    """What a file of this kind has that nobody edits."""
    free = (*_FREE, *EDITED[page.kind])
    for name, value in page.head.items():
        value = " ".join(value.split())
        if name not in free and name in found.head and found.head[name] != value:
            raise TeamError(f"{name}: is not changed by a file", where="", mend=f"leave it as it was: {name}: {value}")
    strange = [name for name in found.head if name not in page.head]
    if strange:
        raise TeamError(
            f"{strange[0]}: says nothing of a {page.kind}", where="", mend=f"it has: {', '.join(page.head)}"
        )
    if not changed(page, found) and not text_changed(page, found):
        raise TeamError("a reason alone changes nothing", where="", mend="change state:, owner: or due: with it")
    if page.kind == "action" and text_changed(page, found):
        mend = f"drop it with a reason, and add another: treadle actions close . {page.name} --drop"
        raise TeamError("the text of an action stays", where="", mend=mend)


def _would(page: Page, found: Filed) -> str:
    parts = [f"{name}: {found.head[name]}" for name in changed(page, found)]
    return "; ".join([*parts, *(["another text"] if text_changed(page, found) else [])])


def _numbered(what: str, entry: Entry[Payload], *, look: bool) -> str:
    """What is only looked at gets no number."""
    return what if look else f"{what} (#{entry.seq})"


def _take(workspace: Workspace, page: Page, file: str, found: Filed, *, look: bool = False) -> _Done:
    what, chain, spec = _would(page, found), workspace.chain, workspace.project.spec
    if page.kind == "note":
        edited = edit_note(workspace, page.name, int(page.head["version"]), _edits(page, found))
        if edited.entry is None:
            with chain.reading() as reader:
                return _Done(clash=_clash(pages(workspace, reader)[file], file, found))
        return _Done(told=Told(file, _numbered(what, edited.entry, look=look)))
    if page.kind == "minutes":
        made = correct_minutes(
            chain, spec, page.first, page.head[ENTRY], _as_it_was(page, found.text), where=file, first=found.first
        )
        if made.entry is None:
            with chain.reading() as reader:
                return _Done(clash=_clash(pages(workspace, reader)[file], file, found))
        left = "".join(f"; the action of {task!r} stays: treadle actions close or move" for task in made.left)
        return _Done(told=Told(file, f"{_numbered(what, made.entry, look=look)}{left}"))
    state = found.head.get("state", page.head["state"])
    if state not in _STATES:
        raise TeamError(f'"{state}" is no state', where="", mend=f"write one of: {', '.join(_STATES)}")
    moved = changed(page, found)
    if state != "open" and moved != ["state"]:
        raise TeamError("who is done with it has no other day or owner", where="", mend="change state: alone, or these")
    because = found.head.get("because", "")
    entry = change_action(
        chain,
        spec,
        int(page.name),
        state=cast("State", state),
        owner=found.head["owner"] if "owner" in moved else None,
        due=found.head["due"] if "due" in moved else None,
        because=because if because != page.head["because"] else "",
        seen=page.head[ENTRY],
    )
    return _Done(told=Told(file, _numbered(what, entry, look=look)))


def _edits(page: Page, found: Filed) -> Draft:
    """What was edited, and nothing else: signs that move a terminal stand in no file, and stay where nobody was."""
    moved, draft = changed(page, found), _draft(found)
    return Draft(
        text=_as_it_was(page, found.text) if text_changed(page, found) else None,
        title=draft.title if "title" in moved else None,
        source=draft.source if "source" in moved else None,
        tags=draft.tags if "tags" in moved else None,
        on=draft.on if "on" in moved else None,
    )


def _as_it_was(page: Page, text: str) -> str:
    """An edited text, with the lines that nobody edited as the record has them."""
    said = page.entry.payload if page.entry is not None else None
    if not isinstance(said, NoteWritten | MeetingHeld):
        return text
    kept = {still(line): line for line in said.text.split("\n")}
    return "\n".join(kept.get(line, line) for line in text.split("\n"))


def _draft(found: Filed) -> Draft:
    head = found.head
    return Draft(
        text=found.text,
        title=head.get("title") or None,
        source=head.get("source"),
        tags=listed(head["tags"]) if "tags" in head else None,
        on=listed(head["on"]) if "on" in head else None,
    )


def _new(workspace: Workspace, page: Page | None, file: str, found: Filed, *, look: bool) -> _Done:
    """A file that was written by hand: a new note, or a new action."""
    folder, _, name = file.removesuffix(".md").rpartition("/")
    if page is not None and is_same(page, found):
        return _Done(same=True)
    if ENTRY in found.head:
        return _refuse(file, "no record is called so", "a file keeps its name; a new one has no line entry:")
    allowed = {"notes": ("title", "tags", "source", "on", "sort"), "actions": ("owner", "due")}.get(folder)
    if allowed is None:
        return _refuse(file, "nothing new is taken of this folder", "new are notes and actions; the rest by commands")
    strange = [each for each in found.head if each not in allowed]
    if strange:
        return _refuse(file, f"{strange[0]}: says nothing of what is new", f"it may have: {', '.join(allowed)}")
    if folder == "actions":
        return _new_action(workspace, file, found, look=look)
    if page is not None:
        return _Done(clash=_clash(page, file, found))
    sort = found.head.get("sort", "note")
    if sort not in ("note", "paper"):
        return _refuse(file, f'"{sort}" is no sort', "write note or paper")
    entry = add_note(workspace, name, cast("Sort", sort), _draft(found))
    return _Done(told=Told(file, _numbered("a new note", entry, look=look)))


def _new_action(workspace: Workspace, file: str, found: Filed, *, look: bool) -> _Done:
    """Taken once: the action names the file that it came of."""
    chain, text = workspace.chain, " ".join(found.text.split())
    with chain.alone() as alone:
        for entry in alone.find(ActionOpened, status="done"):
            if (entry.payload.origin, entry.payload.text) == (file, text):
                return _Done(again=Told(file, f"it is action {entry.payload.number}", "take the file away"))
        asked = Asked(text, found.head.get("owner", ""), found.head.get("due", ""), file)
        (number,) = open_actions(alone, workspace.project.spec, [asked], chain.clock().date(), file)
        if look:
            return _Done(told=Told(file, "a new action"))
    return _Done(told=Told(file, f"is action {number} now", f"take the file away: actions/{number}.md is it"))
