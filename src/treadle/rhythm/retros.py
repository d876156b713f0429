"""Looking back without blame: a timeline filled in from the record, what was learned, and whether it came again.

The form follows what is known as a blameless review (Allspaw, "Blameless PostMortems and a Just Culture", 2012): the
timeline names nobody; persons appear as owners of actions alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.errors import TeamError, nearest
from treadle.evidence import Entry, Payload, Reader, known_kinds
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.retro_kept import RetroKept
from treadle.evidence.kinds.retro_opened import RetroOpened
from treadle.people import ever_named
from treadle.people.checking import people_of
from treadle.rhythm.acting import asked_in, open_actions
from treadle.rhythm.actions import actions, share_of
from treadle.rhythm.areas import area_of
from treadle.rhythm.found import Action, Moment, Repeat, Retro
from treadle.rhythm.since import entries_between, first_at

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec
    from treadle.workspace import Workspace

SUBJECT = "retro/"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_CAUSE = re.compile(r"[^\W_][\w -]{0,59}")
_MOST_MOMENTS = 30
"""Of the time before, and of that after."""
MOST_TEXT = 100_000
MOST_DAYS = 366
_UNTOLD = ("training.trials", "retro.opened", "retro.kept")
"""Kinds of work that say nothing of what happened: they come in numbers, or are of the looking back itself."""


def retro_names(reader: Reader) -> list[str]:
    """Every retrospective, the newest first."""
    found: list[Entry[RetroOpened]] = reader.find(RetroOpened, status="done", newest_first=True)
    return list(dict.fromkeys(entry.payload.retro for entry in found))


def open_retros(reader: Reader) -> list[Entry[RetroOpened]]:
    """Of which nothing that was learned is kept yet, the newest first."""
    kept = _kept(reader)
    found: list[Entry[RetroOpened]] = reader.find(RetroOpened, status="done", newest_first=True)
    return [entry for entry in found if entry.payload.retro not in kept]


def open_retro(workspace: Workspace, name: str, about: str, days: int) -> Entry[RetroOpened]:
    """Look back at something that the record has. days: how far before it the timeline begins.

    Raises:
        TeamError: the name is none, or taken. EvidenceError: nothing in the record is called so.
    """
    from treadle.history.lineage import called

    if not _NAME.fullmatch(name):
        raise TeamError(
            f'"{name}" is no name for a retrospective',
            where="NAME",
            mend="lower-case letters, digits, - and _, such as late-labels",
        )
    if not 0 <= days <= MOST_DAYS:
        raise TeamError(f"{days} days are no span", where="--days", mend=f"give 0 to {MOST_DAYS}")
    chain = workspace.chain
    with chain.reading() as reader:
        entry = _newest_of(reader, about) or called(workspace, reader, about.removeprefix("#"), "--about")
    begins = datetime.fromisoformat(entry.time) - timedelta(days=days)
    with chain.alone() as alone:
        if name in retro_names(alone):
            raise TeamError(f"there is a retrospective {name} already", where="NAME", mend="give another name")
        said = RetroOpened(
            retro=name,
            about=entry.ref,
            what=f"{entry.kind} {entry.subject}: {entry.said()}",
            begins=begins.isoformat(timespec="microseconds"),
        )
        return alone.append(said, f"{SUBJECT}{name}")


def _newest_of(reader: Reader, about: str) -> Entry[Payload] | None:
    """The newest step of a subject that went wrong, where nothing came of the subject since: it is what one looks back
    at. What went well before it is named by its number."""
    found: list[Entry[Payload]] = reader.find(subject=about, newest_first=True, limit=1) if about else []
    return found[0] if found and found[0].status == "failed" else None


def keep_retro(
    workspace: Workspace, name: str, text: str, causes: Sequence[str], asked: Sequence[str]
) -> Entry[RetroKept]:
    """What was learned, and what is done about it: all of it or nothing. asked: actions, a line each.

    Raises:
        TeamError: there is no such retrospective, no text or no cause, or an action lacks owner or day.
    """
    chain, spec = workspace.chain, workspace.project.spec
    today, text = chain.clock().date(), text.replace("\r\n", "\n").strip()
    if not 0 < len(text) <= MOST_TEXT:
        raise TeamError("what was learned is a text", where="--text", mend=f"of up to {MOST_TEXT:,} characters")
    named = tuple(dict.fromkeys(" ".join(cause.casefold().split()) for cause in causes))
    wrong = [cause for cause in named if not _CAUSE.fullmatch(cause)]
    if wrong or not named:
        raise TeamError(
            f'"{wrong[0]}" is no cause' if wrong else "what was the cause?",
            where="--cause",
            mend='in a word or two, which may come again: --cause "late labels"',
        )
    with chain.reading() as reader:
        people = left_out(reader, spec)
    blamed = [cause for cause in named if unnamed(cause, people) != cause]
    if blamed:
        raise TeamError(
            f'"{blamed[0]}" names a person, and nobody is a cause',
            where="--cause",
            mend="name what made it likely, such as a step that was missing; persons own actions",
        )
    lines = [asked_in(line, "--action") for line in asked]
    with chain.alone() as alone:
        opened: Entry[RetroOpened] | None = alone.last(RetroOpened, subject=f"{SUBJECT}{name}")
        if opened is None:
            raise unknown(name, retro_names(alone))
        kept: Entry[RetroKept] | None = alone.last(RetroKept, subject=f"{SUBJECT}{name}")
        if kept is not None and kept.actor != chain.actor:
            raise TeamError(
                f"{kept.actor} has kept what was learned of {name} (#{kept.seq})",
                where="NAME",
                mend="talk with them, who may keep it anew; or open a retrospective of another name",
            )
        numbers = open_actions(alone, spec, lines, today, f"retro {name}", opened.ref)
        said = RetroKept(retro=name, opened=opened.ref, text=text, causes=named, actions=tuple(numbers))
        return alone.append(said, f"{SUBJECT}{name}")


def left_out(reader: Reader, spec: ProjectSpec) -> list[str]:
    """Whose names looking back leaves out: of all whom the brief names, or named as the record has it, or to whom an
    action was given. Who has left the project is named no more than who is there."""
    given: list[Entry[ActionOpened | ActionChanged]] = reader.find(ActionOpened, ActionChanged, status="done")
    owners = (entry.payload.owner for entry in given)
    return list(dict.fromkeys((*people_of(spec), *ever_named(reader), *owners)))


def retro(reader: Reader, name: str, today: date, people: Sequence[str]) -> Retro:
    """people: whose names are in no timeline, see `left_out`.

    Raises:
        TeamError: there is none of this name.
    """
    opened: Entry[RetroOpened] | None = reader.last(RetroOpened, subject=f"{SUBJECT}{name}")
    if opened is None:
        raise unknown(name, retro_names(reader))
    every = _kept(reader)
    numbers = [number for each in every.get(name, ()) for number in each.actions]
    moments, left = _timeline(reader, opened, people)
    stands = _stands(opened, every, actions(reader, today, numbers), today, people)
    return replace(stands, timeline=moments, left=left)


def retros(reader: Reader, today: date, people: Sequence[str]) -> list[Retro]:
    """Every retrospective without its timeline, the newest first: each kind of entry is read once for all of them."""
    opened: dict[str, Entry[RetroOpened]] = {}
    for entry in reader.find(RetroOpened, status="done", newest_first=True):
        opened.setdefault(entry.payload.retro, entry)
    every, followed = _kept(reader), {each.number: each for each in actions(reader, today)}
    order = {number: place for place, number in enumerate(followed)}
    found = []
    for name, entry in opened.items():
        numbers = {number for each in every.get(name, ()) for number in each.actions} & followed.keys()
        mine = [followed[number] for number in sorted(numbers, key=order.__getitem__)]
        found.append(_stands(entry, every, mine, today, people))
    return found


def _kept(reader: Reader) -> dict[str, list[RetroKept]]:
    """What was learned, by the retrospective, oldest first."""
    found: dict[str, list[RetroKept]] = {}
    for entry in reader.find(RetroKept, status="done"):
        found.setdefault(entry.payload.retro, []).append(entry.payload)
    return found


def _stands(
    opened: Entry[RetroOpened],
    every: Mapping[str, Sequence[RetroKept]],
    done: list[Action],
    today: date,
    people: Sequence[str],
) -> Retro:
    name = opened.payload.retro
    last = every[name][-1] if name in every else None
    causes = list(last.causes) if last else []
    return Retro(
        name=name,
        what=unnamed(opened.payload.what, people),
        status="kept" if last else "open",
        opened=opened.time,
        entry=opened.seq,
        timeline=[],
        left=0,
        text=unnamed(last.text, people) if last else "",
        causes=causes,
        repeats=_repeats(every, name, causes),
        actions=done,
        share=share_of(done, today),
    )


def unknown(name: str, known: Sequence[str]) -> TeamError:
    mend = nearest(name, known) or "open one: treadle retro open PROJECT NAME --about ENTRY"
    return TeamError(f"there is no retrospective {name}", where="NAME", mend=mend)


def _timeline(reader: Reader, opened: Entry[RetroOpened], people: Sequence[str]) -> tuple[list[Moment], int]:
    """What the record has of the span, oldest first; where it is too much, what is nearest to what it is about."""
    said = opened.payload
    first, last = first_at(reader, said.begins), opened.seq - 1
    about = next(iter(reader.by_hash(said.about.digest)), None)
    centre = about.seq if about else last
    # what people say to each other, and who was refused, is no part of what happened
    told = [kind for kind in known_kinds() if (area_of(kind) or kind == Noted.KIND) and kind not in _UNTOLD]
    before, earlier = entries_between(reader, first, centre, told, _MOST_MOMENTS, newest=True)
    after, later = entries_between(reader, centre + 1, last, told, _MOST_MOMENTS, newest=False)
    by_number = {entry.seq: entry for entry in (*before, *after)}
    moments = [
        Moment(entry.time, entry.seq, entry.kind, unnamed(entry.said(), people), entry.seq == centre)
        for _, entry in sorted(by_number.items())
    ]
    return moments, earlier + later


def unnamed(text: str, people: Sequence[str]) -> str:
    """
    >>> unnamed("keep or drop; ada decides", ["ada", "grace"])
    'keep or drop; somebody decides'
    >>> unnamed("Did Ada or @grace break ada.csv?", ["ada", "grace"])
    'Did somebody or somebody break ada.csv?'
    >>> unnamed("_Ada_ and **grace** looked at ada_2024", ["ada", "grace"])
    '_somebody_ and **somebody** looked at ada_2024'
    """
    if not people:
        return text
    text = unicodedata.normalize("NFC", text)  # an accent that was typed by itself hides no name
    spelled = {unicodedata.normalize("NFC", person) for person in people}
    names = "|".join(re.escape(each) for each in sorted(spelled, key=len, reverse=True))
    # underscores around a word are Markdown's italics, and between two words part of one
    whole = rf"(?<![\w.@-])(_*)@?(?:{names})(?!_*(?:[^\W_]|@|[.-]\w))"
    return re.sub(whole, r"\1somebody", text, flags=re.IGNORECASE)


def _repeats(every: Mapping[str, Sequence[RetroKept]], name: str, causes: Sequence[str]) -> list[Repeat]:
    out = []
    for cause in causes:
        others = [other for other, kept in every.items() if other != name and cause in kept[-1].causes]
        if others:
            out.append(Repeat(cause, others))
    return out
