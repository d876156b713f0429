"""Minutes: kept with who was there, and with the actions that stand in them as Markdown's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from treadle.errors import TeamError
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.meeting_held import MeetingHeld
from treadle.people.checking import people_of, refuse_stranger
from treadle.rhythm.acting import open_actions, tasks_in
from treadle.rhythm.actions import actions
from treadle.rhythm.found import Minutes

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

MOST_TEXT = 100_000


def subject(project: str) -> str:
    return f"meeting/{project}"


def last_meeting(reader: Reader, project: str) -> Entry[MeetingHeld] | None:
    found: Entry[MeetingHeld] | None = reader.last(MeetingHeld, subject=subject(project))
    return found


def keep_minutes(chain: Chain, spec: ProjectSpec, day: str, text: str, present: Sequence[str]) -> Entry[MeetingHeld]:
    """The minutes and their actions, all of it or nothing.

    Raises:
        TeamError: there is no text, nobody was there, the day is to come, or an action lacks owner or day.
        DecisionError: a name is nobody of the project.
    """
    today = chain.clock().date()
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > MOST_TEXT:
        raise TeamError(
            "minutes are a text", where="--text", mend=f"give --text or --file, up to {MOST_TEXT:,} characters"
        )
    if not present:
        raise TeamError("who was there?", where="--present", mend="name everybody: --present ada --present lin")
    for person in present:
        refuse_stranger(spec, person, people_of(spec), "--present")
    met, asked = _met_on(day, today), tasks_in(text, "--text")
    with chain.alone() as alone:
        numbers = open_actions(alone, spec, asked, today, f"meeting of {met}")
        said = MeetingHeld(day=met, text=text, present=tuple(dict.fromkeys(present)), actions=tuple(numbers))
        return alone.append(said, subject(spec.project))


def minutes(reader: Reader, project: str, today: date, limit: int) -> list[Minutes]:
    """The newest first, each with what became of its actions."""
    held: list[Entry[MeetingHeld]] = reader.find(
        MeetingHeld, subject=subject(project), status="done", newest_first=True, limit=limit
    )
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
        met = date.fromisoformat(day)
    except ValueError as bad:
        raise TeamError(f'"{day}" is no day', where="--day", mend="write 2027-01-31") from bad
    if met > today:
        raise TeamError(f"{day} is to come", where="--day", mend="minutes are of a meeting that was held")
    return met.isoformat()
