"""Minutes: kept with who was there, and with the actions that stand in them as Markdown's tasks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.days import day_in, how_to_write
from treadle.errors import DecisionError, TeamError, TreadleError
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.meeting_held import MeetingHeld
from treadle.people.checking import people_of, refuse_stranger
from treadle.rhythm.acting import Asked, check_action, open_actions, refuse_all, tasks_in
from treadle.rhythm.actions import actions
from treadle.rhythm.found import Minutes

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

MOST_TEXT = 100_000


def subject(project: str) -> str:
    return f"meeting/{project}"


class Kept(Struct, frozen=True):
    """Minutes: where they were kept first, which counts for the next agenda, and as they read now."""

    first: Entry[MeetingHeld]
    now: Entry[MeetingHeld]


class Corrected(Struct, frozen=True):
    """`entry`: None where somebody else corrected them meanwhile; then `now` is what they made of it. `left`: tasks
    that the new text has no more, whose actions stay as they are."""

    entry: Entry[MeetingHeld] | None
    now: Entry[MeetingHeld]
    left: tuple[str, ...] = ()


def meetings(reader: Reader, project: str) -> list[Kept]:
    """Every meeting of which there are minutes, the newest first."""
    found: dict[str, Kept] = {}
    for entry in reader.find(MeetingHeld, subject=subject(project), status="done"):
        corrected = entry.payload.corrects
        if corrected is None:
            found[entry.hash] = Kept(entry, entry)
        elif corrected.digest in found:
            found[corrected.digest] = Kept(found[corrected.digest].first, entry)
    return list(reversed(found.values()))


def last_meeting(reader: Reader, project: str) -> Entry[MeetingHeld] | None:
    found = meetings(reader, project)
    return found[0].first if found else None


def keep_minutes(
    chain: Chain,
    spec: ProjectSpec,
    day: str,
    text: str,
    present: Sequence[str],
    *,
    where: str = "--text",
    first: int = 1,
) -> Entry[MeetingHeld]:
    """The minutes and their actions, all of it or nothing. `where`: what the text is of, and `first` its first line.

    Raises:
        TeamError: there is no text, nobody was there, the day is to come, or an action lacks owner or day.
        DecisionError: a name is nobody of the project.
    """
    today = chain.clock().date()
    text, first = _text(text), first + _lines_before(text)
    present = [unicodedata.normalize("NFC", person) for person in present]
    if not present:
        raise TeamError("who was there?", where="--present", mend="name everybody: --present ada --present lin")
    bad = list[TreadleError]()
    for person in dict.fromkeys(present):
        try:
            refuse_stranger(spec, person, people_of(spec), "--present")
        except DecisionError as stranger:
            bad.append(stranger)
    refuse_all(bad, "who were there are nobody of the project")
    met, asked = _met_on(day, today), tasks_in(text, where, first, lambda each: check_action(spec, each, today))
    with chain.alone() as alone:
        numbers = open_actions(alone, spec, asked, today, f"meeting of {met}")
        said = MeetingHeld(day=met, text=text, present=tuple(dict.fromkeys(present)), actions=tuple(numbers))
        return alone.append(said, subject(spec.project))


def correct_minutes(
    chain: Chain, spec: ProjectSpec, kept_by: str, seen: str, text: str, *, where: str = "--text", first: int = 1
) -> Corrected:
    """Another text for minutes that were kept; tasks that are new in it become actions. `kept_by`: the hash of the
    entry that kept them; `seen`: of the one whose text was edited. `where`, `first`: as of `keep_minutes`.

    Raises:
        TeamError: there is no text, or an action lacks owner or day.
    """
    first += _lines_before(text)
    today, text = chain.clock().date(), _text(text)
    with chain.alone() as alone:
        kept = next(each for each in meetings(alone, spec.project) if each.first.hash == kept_by)
        said = kept.now.payload
        if kept.now.hash != seen:
            return Corrected(None, kept.now)
        old = [_plain(each) for each in tasks_in(said.text, where)]
        new = list[Asked]()

        def sort_out(each: Asked) -> None:
            if _plain(each) in old:
                old.remove(_plain(each))
            else:
                check_action(spec, each, today)
                new.append(each)

        tasks_in(text, where, first, sort_out)
        numbers = open_actions(alone, spec, new, today, f"meeting of {said.day}")
        made = MeetingHeld(
            day=said.day,
            text=text,
            present=said.present,
            actions=(*said.actions, *numbers),
            corrects=kept.first.ref,
        )
        entry = alone.append(made, subject(spec.project))
        return Corrected(entry, entry, tuple(task for task, *_ in old))


def _plain(asked: Asked) -> tuple[str, str, str]:
    return asked.text, asked.owner, asked.due


def _lines_before(text: str) -> int:
    """Lines without a word at its beginning, which are not kept."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > MOST_TEXT:
        raise TeamError(
            "minutes are a text", where="--text", mend=f"give --text or --file, up to {MOST_TEXT:,} characters"
        )
    return text


def minutes(reader: Reader, project: str, today: date, limit: int) -> list[Minutes]:
    """The newest first, each with what became of its actions."""
    held = [kept.now for kept in meetings(reader, project)[:limit]]
    known = {each.number: each for each in actions(reader, today)}
    return [
        Minutes(
            day=entry.payload.day,
            present=list(entry.payload.present),
            text=entry.payload.text,
            by=entry.actor,
            entry=entry.seq,
            actions=[known[number] for number in entry.payload.actions if number in known],
        )
        for entry in held
    ]


def _met_on(day: str, today: date) -> str:
    if not day:
        return today.isoformat()
    try:
        met = day_in(day)
    except ValueError as bad:
        raise TeamError(f'"{day}" is no day', where="--day", mend=how_to_write(day)) from bad
    if met > today:
        raise TeamError(f"{day} is to come", where="--day", mend="minutes are of a meeting that was held")
    return met.isoformat()
