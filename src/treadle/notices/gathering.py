"""What is to be told: notices made of entries, and of the days that pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date

from msgspec.structs import replace

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.evidence.kinds.source_late import SourceLate
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.notices.found import Notice
from treadle.rhythm.actions import SUBJECT as ACTION
from treadle.rhythm.actions import actions
from treadle.rhythm.since import entries_between, failed_since
from treadle.spec import Topic

MOST = 200
"""Entries that are looked at in one go; the rest comes with the next."""


def happened(
    reader: Reader, first: int, last: int, about: Collection[Topic], reviewers: tuple[str, ...]
) -> list[Notice]:
    """What the entries `first` to `last` tell of these topics, oldest first; of many only the oldest `MOST`."""
    kinds = [kind.KIND for kind, (topics, _) in _OF.items() if set(topics) & set(about)]
    found = entries_between(reader, first, last, kinds, MOST, newest=False)[0] if kinds else []
    if "failures" in about:
        failed = failed_since(reader, first, MOST, newest=False)[0]
        found = [*found, *(each for each in failed if each.seq <= last)]
    notices = list[Notice]()
    for entry in sorted({each.seq: each for each in found}.values(), key=lambda each: each.seq)[:MOST]:
        made = _failed(entry) if entry.status == "failed" else _OF[type(entry.payload)][1](entry)
        for notice in made:
            # who is told that something waits is told that it is over
            if notice.topic in about or notice.ends:
                notices.append(_asked(notice, reviewers))
    return _not_over(notices)


def _not_over(notices: list[Notice]) -> list[Notice]:
    """Without what was asked for and is over by now: a policy that releases at once waited for nobody."""
    kept, over = list[Notice](), set[str]()
    for notice in reversed(notices):
        if not (notice.asks and notice.thing in over):
            kept.append(notice)
        over.update(notice.ends)
    return kept[::-1]


def overdue(reader: Reader, today: date) -> list[Notice]:
    """Actions whose day is over, each told once for that day."""
    found = []
    for each in actions(reader, today):
        if each.state == "late":
            thing = f"{ACTION}{each.number}"
            text = f"action {each.number} is late: {each.text} ({each.owner}, until {each.due})"
            key, owner = f"{thing}/late/{each.due}", (each.owner,)
            found.append(Notice("actions", thing, key, text, 0, "", today.isoformat(), asks=True, concerns=owner))
    return found


def _alert(entry: Entry[AlertRaised]) -> Iterator[Notice]:
    yield _notice("alerts", entry, f"alert/{entry.subject}/{entry.payload.about}", asks=True)


def _source(entry: Entry[SourceLate] | Entry[SourceStale]) -> Iterator[Notice]:
    word = "late" if isinstance(entry.payload, SourceLate) else "stale"
    yield _notice("alerts", entry, f"{word}/{entry.payload.source}", asks=True)


def _failed(entry: Entry[Payload]) -> Iterator[Notice]:
    yield _notice("failures", entry, f"failed/{entry.kind}/{entry.subject}", f"{entry.kind} {entry.said()}", True)


def _scheduled(entry: Entry[ScheduleRan]) -> Iterator[Notice]:
    if not entry.payload.ok:
        yield _notice("failures", entry, f"failed/{entry.subject}", asks=True)


def _request(entry: Entry[ReviewRequested]) -> Iterator[Notice]:
    said = entry.payload
    address = said.model.rpartition(":")[0]
    failing = [gate.text for gate in said.gates if not gate.holds]
    if failing:
        text = f"{said.model} may not be released: {'; '.join(failing)}"
        yield _notice("gates", entry, f"gates/{address}", text, True)
    else:
        text = f"{said.model} waits for a reviewer; all {len(said.gates)} gates hold"
        yield _notice("reviews", entry, f"review/{address}", text, True, (f"gates/{address}",))


def _release(entry: Entry[ReleaseMade] | Entry[ReleaseRolledBack]) -> Iterator[Notice]:
    address = entry.payload.model.rpartition(":")[0]
    yield _notice("releases", entry, f"release/{address}", ends=(f"gates/{address}", f"review/{address}"))


def _opened(entry: Entry[DecisionOpened]) -> Iterator[Notice]:
    said = entry.payload
    until = f", until {said.until}" if said.until else ""
    people = tuple(dict.fromkeys((*said.asked, said.decides)))
    yield _notice("decisions", entry, entry.subject, f"{said.said()}{until}", True, (), people)


def _closed(entry: Entry[DecisionClosed]) -> Iterator[Notice]:
    yield _notice("decisions", entry, entry.subject, ends=(entry.subject,))


def _action(entry: Entry[ActionOpened] | Entry[ActionChanged]) -> Iterator[Notice]:
    said = entry.payload
    over = isinstance(said, ActionChanged) and said.state != "open"
    ends = (entry.subject,) if over else ()
    yield _notice("actions", entry, entry.subject, asks=not over, ends=ends, concerns=(said.owner,))


_OF: dict[type[Payload], tuple[tuple[Topic, ...], Callable[..., Iterator[Notice]]]] = {
    AlertRaised: (("alerts",), _alert),
    SourceLate: (("alerts",), _source),
    SourceStale: (("alerts",), _source),
    ScheduleRan: (("failures",), _scheduled),
    ReviewRequested: (("gates", "reviews"), _request),
    ReleaseMade: (("releases", "gates", "reviews"), _release),
    ReleaseRolledBack: (("releases", "gates", "reviews"), _release),
    DecisionOpened: (("decisions",), _opened),
    DecisionClosed: (("decisions",), _closed),
    ActionOpened: (("actions",), _action),
    ActionChanged: (("actions",), _action),
}


def _notice(
    topic: Topic,
    entry: Entry[Payload],
    thing: str,
    text: str = "",
    asks: bool = False,
    ends: tuple[str, ...] = (),
    concerns: tuple[str, ...] = (),
) -> Notice:
    said, day = text or entry.said(), entry.time[:10]
    key = f"entry/{entry.seq}"
    return Notice(topic, thing, key, said, entry.seq, entry.actor, day, asks, ends, concerns, entry.ref)


def _asked(notice: Notice, reviewers: tuple[str, ...]) -> Notice:
    """A release that waits concerns those who may approve it, but for who asked for it."""
    if notice.topic != "reviews":
        return notice
    return replace(notice, concerns=tuple(name for name in reviewers if name != notice.actor))
