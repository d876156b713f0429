"""Minutes that people worked, by stage, read from the record; and what was done without them.

A person's acts lie in a session as long as one follows the other within the gap. The time from the end of one act to
the beginning of the next is work on the stage of the next; before the first act of a session nothing is known, so it
counts nothing. A run is one act from its first step's beginning to its last step's end, and to wait for it is no work.
Hours that are booked for a person and a month win over what was measured, which then only says how they are parted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import SpecError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.money import Money, to_billionth
from treadle.plans.hours_found import Automated, Hours, PersonMonth, StageMinutes
from treadle.plans.measuring import MOST_DAYS, number_at
from treadle.rhythm.areas import area_of

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload, Reader
    from treadle.workspace import Workspace

LEAST_BY_HAND = 3
"""Of what a person did fewer times than this, no time by hand is told."""
MOST_GAP = 240.0
LEAST_MEASURED = 0.1
"""The share of booked hours that must have been measured, so that they can be parted over stages by it."""
OTHER, NOT_TOLD = "other", "not told"
_HOURS = ("hour", "hours", "h")
_NO_STAGE = ("code.stated",)
_PART = 1000


class Act(Struct, frozen=True):
    """Something that a person did, or had done: one entry, or all of a run. `area`: of its first step that has one."""

    person: str
    begin: datetime
    end: datetime
    area: str
    kinds: tuple[str, ...]
    run: str = ""


class _Ran(Struct, frozen=True):
    """A run of the scheduler; `ok`: it did what it was to do."""

    begin: datetime
    end: datetime
    ok: bool


class Worked(Struct, frozen=True):
    """The minutes before an act that were work on it; None where it began a session."""

    act: Act
    minutes: float | None


def hours_of(workspace: Workspace, days: int, gap: float) -> Hours:
    """Of the last `days`; `gap` in minutes.

    Raises:
        SpecError: a gap, or days, that cannot be.
    """
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    if not 0 < gap <= MOST_GAP:
        raise SpecError(f"a gap of {gap:g} minutes cannot be", where="--gap", mend=f"give up to {MOST_GAP:g}")
    last = workspace.chain.clock().astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    with workspace.chain.reading() as reader:
        schedule = _scheduled(reader)
        acts = _acts(reader, first.isoformat())
        booked: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
        mine = [e for e in booked if _is_hours(e.payload) and first.isoformat() <= e.payload.due <= last.isoformat()]
        reused, spared = _reused(reader, acts)
    by_hand = [each for each in acts if ":" not in each.person and not _by_schedule(each, schedule)]
    worked = list(minutes_of(by_hand, gap))
    stages, people = _summed(worked, _booked(mine))
    automated = _automated(acts, worked, schedule)
    hour, currency = _an_hour(mine, workspace)
    minutes = sum(each.minutes or 0.0 for each in automated)
    return Hours(
        project=workspace.project.spec.project,
        first=first.isoformat(),
        last=last.isoformat(),
        gap=gap,
        stages=stages,
        people=people,
        automated=automated,
        waited=sum((each.end - each.begin).total_seconds() for each in by_hand) / 60,
        reused=reused,
        spared=spared,
        currency=currency,
        hour=hour,
        saved=None if hour is None else to_billionth(hour * Decimal(str(minutes)) / 60),
        rule=f"from one act of a person to the next, where that is within {gap:g} minutes; nothing before the first of "
        "a session; waiting for a run is no work; booked hours win",
    )


def minutes_of(acts: Iterable[Act], gap: float) -> Iterator[Worked]:
    """Each act with the minutes of work before it; those of each person in their order."""
    ends: dict[str, datetime] = {}
    for act in sorted(acts, key=lambda each: (each.begin, each.end)):
        before = ends.get(act.person)
        free = None if before is None else (act.begin - before).total_seconds() / 60
        yield Worked(act, None if free is None or free > gap else max(free, 0.0))
        ends[act.person] = act.end if before is None else max(before, act.end)


def _acts(reader: Reader, since: str) -> list[Act]:
    """Of persons, and of policies and services, whose actor has a colon; in the order of the record."""
    runs: dict[tuple[str, str], list[Entry[Payload]]] = {}
    for entry in _entries(reader, since):
        if entry.kind not in (ScheduleRan.KIND, *_NO_STAGE):
            runs.setdefault((entry.actor, entry.run or entry.id), []).append(entry)
    found = list[Act]()
    for several in runs.values():
        is_run = any(each.usage is not None for each in several)
        found += [_act(several)] if is_run else [_act([each]) for each in several]
    return found


def _act(entries: Sequence[Entry[Payload]]) -> Act:
    times = [datetime.fromisoformat(each.time) for each in entries]
    begins = [time - timedelta(seconds=0 if e.usage is None else e.usage.seconds)
              for time, e in zip(times, entries, strict=True)]  # fmt: skip
    area = next((found for each in entries if (found := area_of(each.kind))), OTHER)
    first, kinds = entries[0], tuple(dict.fromkeys(each.kind for each in entries))
    is_run = any(each.usage is not None for each in entries)
    return Act(first.actor, min(begins), max(times), area, kinds, first.run if is_run else "")


def _entries(reader: Reader, since: str) -> Iterator[Entry[Payload]]:
    from sqlalchemy import select

    from treadle.store.schema import entries

    query = select(entries.c.seq).where(entries.c.seq >= number_at(reader.connection, since))
    numbers = [int(row[0]) for row in reader.connection.execute(query.order_by(entries.c.seq))]
    for start in range(0, len(numbers), _PART):
        yield from reader.by_seq(numbers[start : start + _PART])


def _scheduled(reader: Reader) -> list[_Ran]:
    """When a scheduler ran the project; nobody worked at that, though it failed."""
    ran: list[Entry[ScheduleRan]] = reader.find(ScheduleRan, status="done")
    return [_Ran(e.payload.began, e.payload.began + timedelta(seconds=e.payload.seconds), ok=e.payload.ok) for e in ran]


def _by_schedule(act: Act, schedule: Sequence[_Ran]) -> bool:
    return bool(act.run) and any(each.begin <= act.end <= each.end for each in schedule)


def _is_hours(cost: CostBooked) -> bool:
    return bool(cost.person) and cost.quantity is not None and cost.unit.casefold() in _HOURS


def _hours(booked: Entry[CostBooked]) -> Decimal:
    """Of a refund they are taken away, however its quantity is signed."""
    hours, price = booked.payload.quantity or Decimal(0), booked.price
    return -abs(hours) if price is not None and price.money.amount < 0 else hours


def _booked(booked: Sequence[Entry[CostBooked]]) -> dict[tuple[str, str], float]:
    """Minutes by month and person."""
    found = defaultdict[tuple[str, str], Decimal](Decimal)
    for each in booked:
        found[each.payload.due[:7], each.payload.person] += _hours(each) * 60
    return {key: float(minutes) for key, minutes in found.items()}


def _an_hour(booked: Sequence[Entry[CostBooked]], workspace: Workspace) -> tuple[Decimal | None, str]:
    """What an hour that was booked came to, in the mean."""
    book, paid, hours = workspace.book, Decimal(0), Decimal(0)
    for each in booked:
        amount = None if each.price is None else _in_book(each.price.money, workspace)
        if amount is not None and each.payload.quantity:
            paid, hours = paid + amount, hours + _hours(each)
    return (to_billionth(paid / hours) if hours > 0 else None), book.currency


def _in_book(money: Money, workspace: Workspace) -> Decimal | None:
    found = workspace.book.rates.convert(money, workspace.book.currency)
    return None if found is None else found.amount


def _summed(
    worked: Sequence[Worked], booked: dict[tuple[str, str], float]
) -> tuple[list[StageMinutes], list[PersonMonth]]:
    measured = defaultdict[tuple[str, str, str], float](float)
    acts, sessions = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for each in worked:
        month, person = f"{each.act.begin:%Y-%m}", each.act.person
        acts[month, person] += 1
        sessions[month, person] += each.minutes is None
        measured[month, person, each.act.area] += each.minutes or 0.0
    people = []
    for month, person in sorted({*acts, *booked}):
        mine = sum(minutes for key, minutes in measured.items() if key[:2] == (month, person))
        told = booked.get((month, person))
        people.append(PersonMonth(month, person, mine, told, sessions[month, person], acts[month, person]))
    stages = []
    for one in people:
        if one.booked is not None and (not one.measured or one.measured < LEAST_MEASURED * one.booked):
            if one.booked:  # what was booked and taken back is nothing
                stages.append(StageMinutes(one.month, one.person, NOT_TOLD, one.booked, one.measured))
            continue
        own = {key[2]: minutes for key, minutes in measured.items() if key[:2] == (one.month, one.person)}
        for stage, minutes in sorted(own.items()):
            counts = minutes if one.booked is None else one.booked * minutes / one.measured
            if counts:
                stages.append(StageMinutes(one.month, one.person, stage, counts, minutes))
    return stages, people


def _automated(acts: Sequence[Act], worked: Sequence[Worked], schedule: Sequence[_Ran]) -> list[Automated]:
    """Runs of a scheduler; approvals and releases of a policy: each held against the like by hand."""
    policy = [each for each in acts if each.person.startswith("policy")]
    done = [each for each in schedule if each.ok]
    several = [
        ("runs by schedule, by files or by events", sum(_by_schedule(each, done) for each in acts),
         [each for each in worked if each.act.run]),
        ("versions approved by policy", sum(ReviewApproved.KIND in each.kinds for each in policy),
         [each for each in worked if ReviewApproved.KIND in each.act.kinds and not each.act.run]),
        ("versions released by policy", sum(ReleaseMade.KIND in each.kinds for each in policy),
         [each for each in worked if ReleaseMade.KIND in each.act.kinds and not each.act.run]),
    ]  # fmt: skip
    return [_held(what, times, hand) for what, times, hand in several if times]


def _held(what: str, times: int, hand: Sequence[Worked]) -> Automated:
    known = sorted(each.minutes for each in hand if each.minutes is not None)
    if len(known) < LEAST_BY_HAND:
        why = f"only {len(known)} by hand are known, and {LEAST_BY_HAND} are needed to say what one takes"
        return Automated(what, times, len(known), None, None, why)
    each = known[(len(known) - 1) // 4]
    return Automated(what, times, len(known), each, each * times)


def _reused(reader: Reader, acts: Sequence[Act]) -> tuple[int, float]:
    """Steps of other runs whose products these runs used in place of making them, and the minutes that those took."""
    from sqlalchemy import and_, select

    from treadle.store.schema import entries, refs

    runs = sorted({each.run for each in acts if each.run})
    made, taken = refs.alias("made"), refs.alias("taken")
    maker, user = entries.alias("maker"), entries.alias("user")
    found = set[tuple[str, int]]()
    for start in range(0, len(runs), 200):
        query = (
            select(user.c.run, maker.c.seq)
            .select_from(user)
            .join(taken, and_(taken.c.seq == user.c.seq, taken.c.made == 0))
            .join(made, and_(made.c.content == taken.c.content, made.c.made == 1))
            .join(maker, and_(maker.c.seq == made.c.seq, maker.c.run != user.c.run, maker.c.run != ""))
            .where(user.c.run.in_(runs[start : start + 200]), maker.c.seq < user.c.seq)
            .distinct()
        )
        found |= {(str(row[0]), int(row[1])) for row in reader.connection.execute(query)}
    took = dict[int, float]()
    numbers = sorted({seq for _, seq in found})
    for start in range(0, len(numbers), _PART):
        for entry in reader.by_seq(numbers[start : start + _PART]):
            took[entry.seq] = 0.0 if entry.usage is None else entry.usage.seconds
    steps = [(run, seq) for run, seq in found if took.get(seq)]
    return len(steps), sum(took[seq] for _, seq in steps) / 60
