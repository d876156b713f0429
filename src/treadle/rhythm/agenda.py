"""An agenda, built from what happened since the last meeting. Each point says why it is there.

What waits for a person stands first (late actions, decisions, releases), then what happened, then what it cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed
from treadle.evidence.kinds.source_late import SourceLate
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.figures import figure
from treadle.knowledge.notes import list_notes
from treadle.models.registry import address_of, packing_of
from treadle.people import request_of
from treadle.people.checkins import pulse, warnings
from treadle.rhythm.actions import actions
from treadle.rhythm.found import Point
from treadle.rhythm.meeting import last_meeting
from treadle.rhythm.milestones import milestone
from treadle.rhythm.milestones import names as milestones
from treadle.rhythm.retros import left_out, open_retros, unnamed
from treadle.rhythm.since import entries_since, failed_since, first_at, spent_since
from treadle.rhythm.turns import was_released
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.workspace import Workspace

FIRST_DAYS = 14
"""How far the first agenda goes back, before there was a meeting."""
_MOST = 10
_SOON_DAYS = 7
_MOST_NOTES = 50


class Since(Struct, frozen=True):
    """`first`: the number of the first entry that counts; `day`: of the last meeting; `said`: in words."""

    first: int
    day: str
    said: str
    now: datetime
    people: tuple[str, ...] = ()
    """Whose names looking back leaves out."""

    @property
    def today(self) -> date:
        return self.now.date()


class Agenda(Struct, frozen=True):
    since: str
    points: list[Point]


def agenda(workspace: Workspace, reader: Reader, now: datetime, days: int | None = None) -> Agenda:
    """days: go back so many instead of to the last meeting."""
    spec = workspace.project.spec
    since = replace(_since(reader, spec.project, now, days), people=tuple(left_out(reader, spec)))
    found = [*_late_actions(reader, since), *_milestones(workspace, reader, since)]
    for part in _PARTS:
        found += part(reader, since)
    found += _asked_before(workspace, reader, since)
    return Agenda(since.said, [*found, *_flagged(workspace, reader)])


def markdown(found: Agenda, project: str, day: date) -> str:
    """The agenda as a page to write the minutes into."""
    lines = [f"# {project}, {day}", "", f"What happened {found.since}.", ""]
    for topic in dict.fromkeys(point.topic for point in found.points):
        lines += [f"## {topic}", ""]
        lines += [f"- {each.text} ({each.why}; `{each.where}`)" for each in found.points if each.topic == topic]
        lines.append("")
    return "\n".join([*lines, "## actions agreed", "", "<!-- - [ ] what is to be done @who 2027-01-31 -->", ""])


def _since(reader: Reader, project: str, now: datetime, days: int | None) -> Since:
    last = last_meeting(reader, project)
    if days is None and last is not None:
        return Since(last.seq + 1, last.payload.day, f"since the meeting of {last.payload.day}", now)
    begins = now - timedelta(days=FIRST_DAYS if days is None else days)
    said = f"in the last {FIRST_DAYS if days is None else days} days"
    first = first_at(reader, begins.isoformat(timespec="microseconds"))
    return Since(first, begins.date().isoformat(), said if days is not None else f"{said}, as no meeting was kept", now)


def _late_actions(reader: Reader, since: Since) -> Iterator[Point]:
    soon = (since.today + timedelta(days=_SOON_DAYS)).isoformat()
    for each in actions(reader, since.today):
        if each.state == "late":
            why = f"{each.days} day{'' if each.days == 1 else 's'} late, of {each.origin or each.opened[:10]}"
        elif each.state == "open" and each.due <= soon:
            why = f"due on {each.due}"
        else:
            continue
        yield Point("actions", f"{each.number}: {each.text}", why, f"action/{each.number}", each.owner)


def _milestones(workspace: Workspace, reader: Reader, since: Since) -> Iterator[Point]:
    soon = (since.today + timedelta(days=FIRST_DAYS)).isoformat()
    for name in milestones(reader):
        found = milestone(workspace, reader, name, since.today)
        if found.status == "reached" or found.by > soon:
            continue
        missing = "; ".join(f"{gate.text}, and it is {gate.found}" for gate in found.gates if not gate.holds)
        why = f"{'was' if found.status == 'late' else 'is'} to be reached by {found.by}"
        yield Point("milestones", f"{found.text or name}: {missing}", why, f"milestone/{name}")


def _decisions(reader: Reader, since: Since) -> Iterator[Point]:
    every, more = waiting(reader, since.today)
    for found in every:
        waits = (found.unheard or [found.decides]) if found.outcome is None else [found.decides]
        until = f"open, until {found.until}" if found.until else "open"
        why = "; ".join(found.notes) or until
        yield Point("decisions", f"{found.name}: {found.question}", why, f"decision/{found.name}", ", ".join(waits))
    if more:
        yield Point("decisions", f"{more:,} more", "those that are due first are shown", "decide list")


def _releases(reader: Reader, since: Since) -> Iterator[Point]:
    kinds = (ReviewRequested, ReviewApproved, FindingAccepted, ReleaseMade, ReleaseRolledBack)
    found, more = entries_since(reader, since.first, kinds, 5 * _MOST)
    settled = {e.payload.model for e in found if isinstance(e.payload, ReviewApproved | ReleaseMade)}
    newest = set[str]()
    for entry in found:
        said = entry.payload
        if isinstance(said, ReleaseMade | ReleaseRolledBack):
            yield _point("releases", entry, f"released {entry.time[:10]}", since)
        elif isinstance(said, ReviewRequested):
            address = said.model.rpartition(":")[0]
            if address in newest:  # an older version waits for nothing that the newest does not wait for
                continue
            newest.add(address)
            if said.model not in settled:
                yield _unreleased(entry, said)
    yield from _rest("releases", more, since)


def _asked_before(workspace: Workspace, reader: Reader, since: Since) -> Iterator[Point]:
    """The newest versions that were asked for before, and still wait: from meeting to meeting, until they do not."""
    requests: list[Entry[ReviewRequested]] = reader.find(ReviewRequested, status="done")
    for one in workspace.each():
        packed = packing_of(reader, one.project.address, None)
        asked = _asked_last(reader, one.project.address, requests)
        if packed is None or asked is None or asked.seq >= since.first:
            continue
        model = asked.payload.model
        approved = reader.last(ReviewApproved, subject=f"model/{model}")
        served = {model, packed.payload.model}  # where a newer one is served no older one waits
        if approved is None and not any(was_released(reader, one.endpoint, each) for each in served):
            yield _unreleased(asked, asked.payload)


def _asked_last(
    reader: Reader, address: str, requests: Sequence[Entry[ReviewRequested]]
) -> Entry[ReviewRequested] | None:
    """For the newest version that anybody asked for: one that was packed since, and not asked for, waits for nobody."""
    asked = {entry.payload.model for entry in requests if address_of(entry.payload.model) == address}
    for model in sorted(asked, key=lambda model: (len(model), model), reverse=True):  # by number
        packed = packing_of(reader, address, model)
        found = None if packed is None else request_of(reader, model, packed.payload.bundle.digest)
        if found is not None:
            return found
    return None


def _unreleased(entry: Entry[Payload], said: ReviewRequested) -> Point:
    failing = [gate.text for gate in said.gates if not gate.holds]
    why = f"{len(failing)} of {len(said.gates)} gates do not hold" if failing else "waits for a reviewer"
    text = f"{said.model} is not released" + (f": {'; '.join(failing[:3])}" if failing else "")
    return Point("releases", text, why, str(entry.seq), entry.actor)


def _quality(reader: Reader, since: Since) -> Iterator[Point]:
    yield from _told(reader, since, "quality", (AlertRaised,), "an alert")
    for opened in open_retros(reader):
        said = opened.payload
        what, why = unnamed(said.what, since.people), "opened, and nothing learned is kept"
        yield Point("quality", f"look back at: {what}", why, f"retro/{said.retro}")


def _runs(reader: Reader, since: Since) -> Iterator[Point]:
    packed, more = entries_since(reader, since.first, (ModelPacked,), _MOST)
    for entry in packed:
        said = entry.payload
        assert isinstance(said, ModelPacked)
        score = figure(said.value, said.low, said.high).whole
        yield Point(
            "runs", f"{said.model}: {said.metric} {score}, {said.family}", _when(entry), str(entry.seq), entry.actor
        )
    yield from _rest("runs", more, since)
    failed, more = failed_since(reader, since.first, _MOST)
    for entry in failed:
        yield Point("runs", f"{entry.kind} {entry.said()}", f"it failed {entry.time[:10]}", str(entry.seq), entry.actor)
    yield from _rest("runs", more, since)


def _data(reader: Reader, since: Since) -> Iterator[Point]:
    yield from _told(reader, since, "data", (SourceLate, SourceStale), "told")


def _team(reader: Reader, since: Since) -> Iterator[Point]:
    """What check-ins without names warn of, where any were shown since."""
    found = pulse(reader, 2)
    for text in warnings(found, since.today):
        if found[0].entry >= since.first:
            yield Point("team", text, "told without names, in two check-ins after one another", str(found[0].entry))


def _spend(reader: Reader, since: Since) -> Iterator[Point]:
    for currency, amount in spent_since(reader, since.day).items():
        yield Point("spend", f"{amount:.4f} {currency}", f"spent and booked from {since.day} on", "costs")


def _savings(reader: Reader, since: Since) -> Iterator[Point]:
    """When the next look at money is due, and what the last one warned of."""
    last = reader.last(SavingsReviewed)
    if last is None:
        return
    said = last.payload
    if said.due <= (since.today + timedelta(days=_SOON_DAYS)).isoformat():
        why = f"{'was' if said.due < since.today.isoformat() else 'is'} due on {said.due}"
        yield Point("spend", "what to save next: treadle costs review", why, str(last.seq), last.actor)
    if last.seq >= since.first:
        for text in said.warnings:
            yield Point("spend", text, f"warned of {last.time[:10]}", str(last.seq), last.actor)


def _notes(reader: Reader, since: Since) -> Iterator[Point]:
    yield from _told(reader, since, "notes", (NoteWritten,), "written")


def _flagged(workspace: Workspace, reader: Reader) -> Iterator[Point]:
    """Of the newest notes, those that may no longer hold."""
    for line in list_notes(workspace, reader, None, _MOST_NOTES, flagged=False)[0]:
        if line.flags:
            yield Point("notes", f"{line.title} may no longer hold", line.flags[0], f"note/{line.name}", line.by)


_PARTS: tuple[Callable[[Reader, Since], Iterator[Point]], ...] = (
    _decisions,
    _releases,
    _quality,
    _runs,
    _data,
    _team,
    _spend,
    _savings,
    _notes,
)


def _told(reader: Reader, since: Since, topic: str, kinds: Sequence[type[Payload]], word: str) -> Iterator[Point]:
    found, more = entries_since(reader, since.first, kinds, _MOST)
    for entry in found:
        yield _point(topic, entry, f"{word} {entry.time[:10]}", since)
    yield from _rest(topic, more, since)


def _rest(topic: str, more: int, since: Since) -> Iterator[Point]:
    if more:
        yield Point(topic, f"{more:,} more", f"{since.said}; the newest are shown", "log")


def _point(topic: str, entry: Entry[Payload], why: str, since: Since) -> Point:
    return Point(topic, entry.said(), why, str(entry.seq), entry.actor)


def _when(entry: Entry[Payload]) -> str:
    return f"made {entry.time[:10]}"
