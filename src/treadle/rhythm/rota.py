"""A rota of sessions in which people tell each other what they know: topics from recent work, speakers in turn.

It is drawn from the record each time, and nobody is bound by it. Who spoke longest ago, or never, comes first; each
speaks of what they did themselves, the newest first; a topic that was told of is not proposed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from treadle.days import day_in, how_to_write
from treadle.errors import TeamError
from treadle.evidence import Chain, Entry, Payload, Reader
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_settled import DecisionSettled
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.retro_kept import RetroKept
from treadle.evidence.kinds.session_held import SessionHeld
from treadle.people.checking import check_text, people_of, refuse_stranger
from treadle.rhythm.found import Held, Session, Topic
from treadle.rhythm.since import entries_since, first_at
from treadle.rhythm.skills import skills

if TYPE_CHECKING:
    from treadle.workspace import Workspace

RECENT = timedelta(days=120)
MOST, MOST_SESSIONS, MOST_DAYS = 200, 52, 366
_SUBJECT = "sessions/"
_KINDS: tuple[type[Payload], ...] = (
    NoteWritten,
    RetroKept,
    DecisionClosed,
    DecisionSettled,
    ReleaseMade,
    LabelsMeasured,
)


def rota(workspace: Workspace, first: date, every: int, sessions: int) -> list[Session]:
    """So many sessions from a day on, each so many days after the one before; fewer where there is nothing to tell.

    Raises:
        TeamError: more sessions, or days between them, than a rota has.
    """
    for flag, number, most in (("--sessions", sessions, MOST_SESSIONS), ("--every", every, MOST_DAYS)):
        if not 1 <= number <= most:
            raise TeamError(f"{number} is too many or too few", where=flag, mend=f"give 1 to {most}")
    now = workspace.chain.clock()
    with workspace.chain.reading() as reader:
        told = held(reader, workspace.project.spec.project)
        topics = list(_topics(workspace, reader, now, {entry.payload.topic for entry in told}))
    last = {entry.payload.speaker: entry.payload.day for entry in told}
    out = list[Session]()
    for number in range(sessions):
        free = [who for who in people_of(workspace.project.spec) if any(topic.speaker == who for topic in topics)]
        if not free:
            break
        speaker = min(free, key=lambda who: last.get(who, ""))
        topic = next(each for each in topics if each.speaker == speaker)
        topics.remove(topic)
        day = (first + timedelta(days=every * number)).isoformat()
        spoke = f"last spoke on {last[speaker]}" if speaker in last else "has not spoken yet"
        last[speaker] = day
        out.append(Session(day, topic, spoke))
    return out


def held(reader: Reader, project: str) -> list[Entry[SessionHeld]]:
    """All that were held, by their day."""
    found: list[Entry[SessionHeld]] = reader.find(SessionHeld, subject=f"{_SUBJECT}{project}", status="done")
    return sorted(found, key=lambda entry: entry.payload.day)


def hold(workspace: Workspace, topic: str, speaker: str, day: str, about: Entry[Payload] | None) -> Held:
    """Keep that a session was held.

    Raises:
        TeamError, DecisionError: no topic, nobody of the project, no day, or one that is to come.
    """
    spec, chain = workspace.project.spec, workspace.chain
    check_text(topic, "--topic")
    refuse_stranger(spec, speaker, people_of(spec), "--speaker")
    _refuse_to_come(day, chain)
    made = SessionHeld(
        day=day, speaker=speaker, topic=" ".join(topic.split()), rests=None if about is None else about.ref
    )
    entry = chain.append(made, f"{_SUBJECT}{spec.project}")
    return Held(day, speaker, made.topic, entry.seq)


def day_of(text: str, where: str) -> date:
    """Raises TeamError: it is no day, or one so late that no day comes after it."""
    try:
        found = day_in(text)
    except ValueError as bad:
        raise TeamError(f'"{text}" is no day', where=where, mend=how_to_write(text)) from bad
    if not 1970 <= found.year <= 2200:
        raise TeamError(f"{text} is no day of a rota", where=where, mend="give one of the years 1970 to 2200")
    return found


def _refuse_to_come(day: str, chain: Chain) -> None:
    today = chain.clock().date()
    if day_of(day, "--day") > today:
        raise TeamError(f"{day} is to come: today is {today}", where="--day", mend="keep it once it was held")


def _topics(workspace: Workspace, reader: Reader, now: datetime, told: set[str]) -> Iterator[Topic]:
    """What each of the project could tell of, the newest first; then areas that they alone know."""
    people = people_of(workspace.project.spec)
    since = first_at(reader, (now - RECENT).isoformat())
    found, _ = entries_since(reader, since, _KINDS, MOST)
    seen = set(told)
    for entry in found:
        topic = _topic(entry)
        if topic is not None and topic.speaker in people and topic.text not in seen:
            seen.add(topic.text)
            yield topic
    for area in skills(workspace, reader, now).areas:
        text = f"How {area.name} works here"
        if area.alone in people and text not in seen:
            yield Topic(text, f"{area.alone} alone knows {area.name}", area.alone, 0)


def _topic(entry: Entry[Payload]) -> Topic | None:
    said, day = entry.payload, entry.time[:10]
    if isinstance(said, NoteWritten):
        what = "A paper" if said.sort == "paper" else "A note"
        return Topic(f"{what}: {said.title}", f"written on {day}", entry.actor, entry.seq)
    if isinstance(said, RetroKept):
        return Topic(f"What we learned of {said.retro}", f"looked back at on {day}", entry.actor, entry.seq)
    if isinstance(said, DecisionSettled):
        return Topic(f"What the experiment on {said.decision} showed", f"settled on {day}", entry.actor, entry.seq)
    if isinstance(said, DecisionClosed):
        return Topic(f"Why {said.decision}: {said.option}", f"decided on {day}", entry.actor, entry.seq)
    if isinstance(said, ReleaseMade):
        return Topic(f"What is new in {said.model}", f"released on {day}", entry.actor, entry.seq)
    if isinstance(said, LabelsMeasured):
        return Topic("What the experts' labels gained", f"measured on {day}", entry.actor, entry.seq)
    return None
