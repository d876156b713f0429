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
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.evidence.kinds.source_late import SourceLate
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.notices.found import Notice
from treadle.people.decisions import SUBJECT as DECISION
from treadle.rhythm.actions import SUBJECT as ACTION
from treadle.rhythm.actions import actions
from treadle.rhythm.since import entries_between, failed_since
from treadle.rhythm.waiting import waiting
from treadle.spec import Topic

MOST = 200
"""Entries that are looked at in one go; the rest comes with the next."""


def happened(
    reader: Reader, first: int, last: int, about: Collection[Topic], reviewers: tuple[str, ...]
) -> list[Notice]:
    """What the entries `first` to `last` tell of these topics, oldest first; of many only the oldest `MOST`."""
    kinds = [kind.KIND for kind, (topics, _) in _OF.items() if set(topics) & set(about)]
    notices = list[Notice]()
    while not notices and first <= last:  # what tells of nothing, such as a run that went well, is gone over
        entries, first = _page(reader, first, last, kinds, "failures" in about)
        for entry in entries:
            made = _failed(entry) if entry.status == "failed" else _OF[type(entry.payload)][1](entry, reader)
            # who is told that something waits is told that it is over
            notices += [_asked(notice, reviewers) for notice in made if notice.topic in about or notice.ends]
    return _not_over(notices)


def _page(reader: Reader, first: int, last: int, kinds: list[str], failures: bool) -> tuple[list[Entry[Payload]], int]:
    """The oldest entries that may tell of something, oldest first, and where the next page begins."""
    found = sorted(entries_between(reader, first, last, kinds, MOST, newest=False)[0], key=lambda each: each.seq)
    failed = sorted(failed_since(reader, first, MOST, newest=False)[0], key=lambda each: each.seq) if failures else []
    full = [each[-1].seq for each in (found, failed) if len(each) == MOST]
    end = min([last, *full])
    every = {each.seq: each for each in (*found, *failed) if each.seq <= end and (failures or each.status != "failed")}
    return [every[number] for number in sorted(every)], end + 1


def _not_over(notices: list[Notice]) -> list[Notice]:
    """Without what was asked for and is over by now: a policy that releases at once waited for nobody."""
    kept, over = list[Notice](), set[str]()
    for notice in reversed(notices):
        if not (notice.asks and notice.thing in over):
            kept.append(notice)
        over.update(notice.ends)
    return kept[::-1]


def overdue(reader: Reader, today: date, about: Collection[Topic]) -> list[Notice]:
    """Actions and open decisions whose day is over, each told once for that day."""
    found = list[Notice]()
    for each in actions(reader, today) if "actions" in about else ():
        if each.state == "late":
            text = f"action {each.number} is late: {each.text} ({each.owner}, until {each.due})"
            found.append(_late(reader, "actions", f"{ACTION}{each.number}", text, each.due, today, each.owner))
    for open_one in waiting(reader, today)[0] if "decisions" in about else ():
        if open_one.outcome is None and "" < open_one.until < today.isoformat():
            text = f"{open_one.question} was to be decided by {open_one.until}; {open_one.decides} decides now"
            thing = f"{DECISION}{open_one.name}"
            found.append(_late(reader, "decisions", thing, text, open_one.until, today, open_one.decides))
    return found


def _late(reader: Reader, topic: Topic, thing: str, text: str, due: str, today: date, who: str) -> Notice:
    """No entry tells of it; it rests on the one that opened the thing."""
    opened: list[Entry[Payload]] = reader.find(subject=thing, status="done", limit=1)
    key, day = f"{thing}/late/{due}", today.isoformat()
    return Notice(topic, thing, key, text, 0, "", day, asks=True, concerns=(who,), rests=opened[0].ref)


def _alert(entry: Entry[AlertRaised], reader: Reader) -> Iterator[Notice]:
    text = f"{entry.subject}: {entry.said()}"
    yield _notice("alerts", entry, f"alert/{entry.subject}/{entry.payload.about}", text, True)


def _source(entry: Entry[SourceLate] | Entry[SourceStale], reader: Reader) -> Iterator[Notice]:
    word = "late" if isinstance(entry.payload, SourceLate) else "stale"
    yield _notice("alerts", entry, f"{word}/{entry.payload.source}", asks=True)


def _failed(entry: Entry[Payload]) -> Iterator[Notice]:
    yield _notice("failures", entry, f"failed/{entry.kind}/{entry.subject}", f"{entry.kind} {entry.said()}", True)


def _scheduled(entry: Entry[ScheduleRan], reader: Reader) -> Iterator[Notice]:
    if not entry.payload.ok:
        yield _notice("failures", entry, f"failed/{entry.subject}", asks=True)


def _request(entry: Entry[ReviewRequested], reader: Reader) -> Iterator[Notice]:
    said = entry.payload
    address = said.model.rpartition(":")[0]
    failing = [gate.text for gate in said.gates if not gate.holds]
    if failing:
        text = f"{said.model} may not be released: {'; '.join(failing)}"
        yield _notice("gates", entry, f"gates/{address}", text, True)
    else:
        text = f"{said.model} waits for a reviewer; all {len(said.gates)} gates hold"
        yield _notice("reviews", entry, f"review/{address}", text, True, (f"gates/{address}",))


def _accepted(entry: Entry[FindingAccepted], reader: Reader) -> Iterator[Notice]:
    said = entry.payload
    text = f"{said.model}: {entry.actor} answers for {said.gate}: {said.reason}; treadle models show says what is left"
    yield _notice("reviews", entry, f"gates/{said.model.rpartition(':')[0]}", text)


def _release(entry: Entry[ReleaseMade] | Entry[ReleaseRolledBack], reader: Reader) -> Iterator[Notice]:
    address = entry.payload.model.rpartition(":")[0]
    yield _notice("releases", entry, f"release/{address}", ends=(f"gates/{address}", f"review/{address}"))


def _opened(entry: Entry[DecisionOpened], reader: Reader) -> Iterator[Notice]:
    said = entry.payload
    until = f", until {said.until}" if said.until else ""
    people = tuple(dict.fromkeys((*said.asked, said.decides)))
    yield _notice("decisions", entry, entry.subject, f"{said.said()}{until}", True, (), people)


def _closed(entry: Entry[DecisionClosed], reader: Reader) -> Iterator[Notice]:
    asked = next(iter(reader.by_hash(entry.payload.opened.digest)), None)
    question = f"{asked.payload.question} " if asked and isinstance(asked.payload, DecisionOpened) else ""
    yield _notice("decisions", entry, entry.subject, f"{question}{entry.said()}", ends=(entry.subject,))


def _action(entry: Entry[ActionOpened] | Entry[ActionChanged], reader: Reader) -> Iterator[Notice]:
    said = entry.payload
    over = isinstance(said, ActionChanged) and said.state != "open"
    ends, text = (entry.subject,) if over else (), entry.said()
    if isinstance(said, ActionChanged):
        asked = next(iter(reader.by_hash(said.opened.digest)), None)
        text += f" (it was to {asked.payload.text})" if asked and isinstance(asked.payload, ActionOpened) else ""
    yield _notice("actions", entry, entry.subject, text, not over, ends, (said.owner,))


_OF: dict[type[Payload], tuple[tuple[Topic, ...], Callable[..., Iterator[Notice]]]] = {
    AlertRaised: (("alerts",), _alert),
    SourceLate: (("alerts",), _source),
    SourceStale: (("alerts",), _source),
    ScheduleRan: (("failures",), _scheduled),
    ReviewRequested: (("gates", "reviews"), _request),
    FindingAccepted: (("reviews",), _accepted),
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
