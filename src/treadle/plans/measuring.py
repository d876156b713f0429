"""The workload of a project, measured: what its runs used, when its endpoint was asked, what is kept and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import SpecError
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.removals import Named, name_of, removals
from treadle.plans.confirming import newest_test
from treadle.plans.found import Assumed, Job, Kept, Load, Workload
from treadle.plans.loads import counted_days
from treadle.plans.machines import DAYS_A_MONTH
from treadle.store import Part, Snapshot

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from treadle.evidence import Reader
    from treadle.workspace import Workspace

MOST_DAYS = 3660
_NEAR, _BLOCK = 20, 1000
_MOST_MEAN = 500
"""Of the newest whole runs, those of which the mean is taken."""


def measure(workspace: Workspace, days: int, assumed: Assumed) -> Workload:
    """Of the last `days`, or as many as the record has. It writes nothing.

    Raises:
        SpecError: so many days cannot be looked at; or the record has nothing yet.
    """
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    last = workspace.chain.clock().astimezone(UTC).date()
    with workspace.chain.reading() as reader:
        begun, newest = span(reader)
        if begun is None:
            raise SpecError(
                "nothing was measured yet",
                where="costs plan",
                mend=f"run it first: {workspace.project.command_that_reads()}",
            )
        window = days_measured(begun, last, days)
        job = _job(reader, window)
        kept = stored_of(held_of(reader, window[0], len(window)))
    load = _load(workspace, window, days, assumed)
    return Workload(window[0], last.isoformat(), len(window), job, load, kept, newest)


def days_measured(begun: date, last: date, days: int) -> list[str]:
    """The last `days`, or as many as there are since the record began: no day before it counts.

    >>> days_measured(date(2026, 11, 9), date(2026, 11, 10), 30)
    ['2026-11-09', '2026-11-10']
    """
    first = min(max(last - timedelta(days=days - 1), begun), last)
    return [(first + timedelta(days=each)).isoformat() for each in range((last - first).days + 1)]


def span(reader: Reader) -> tuple[date | None, int]:
    """The day on which the record began, and the newest entry's number.

    It is the day of the first entry that most do not lie before: of the next few, of the next thousand, and of some
    from all of the record. So a clock that was wrong says nothing of the others, though the record began with it.
    """
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    newest = int(reader.connection.execute(select(func.max(entries.c.seq))).scalar() or 0)
    spread = entries.c.seq.in_(range(1, newest + 1, max(1, newest // _BLOCK)))
    every = _times_where(reader.connection, spread)
    several = sorted({*_times(reader.connection, 1, _BLOCK), *every})
    for place, (number, time) in enumerate(several, 1):
        after, next_ones = [late for late in every if late[0] > number], several[place : place + _BLOCK]
        if all(_mostly_not_before(time, some) for some in (next_ones[:_NEAR], next_ones, after)):
            return date.fromisoformat(time[:10]), newest
    return None, newest


def _mostly_not_before(time: str, several: Sequence[tuple[int, str]]) -> bool:
    return 2 * sum(each < time for _, each in several) <= len(several)


def number_at(connection: Connection, time: str) -> int:
    """The number of the first entry that is not before a time; one beyond the newest, where all are before it.

    Times rise with numbers, but for clocks that were wrong: it is the number at which fewest entries lie on the wrong
    side, the lowest of several. Entries are counted a thousand at a time, and only those thousands are looked at, one
    by one, in which it may be.
    """
    wrong, best = 0, (0, 1)
    several = []
    for block, count, before in _blocks(connection, time):
        several.append((wrong - before, block, wrong))
        wrong += count - 2 * before  # were the next block's first entry the one
        best = min(best, (wrong, _BLOCK * (block + 1)))
    for least, block, begun in sorted(several):
        if least > best[0]:
            break
        wrong = begun
        for number, each in _times(connection, _BLOCK * block, _BLOCK * (block + 1) - 1):
            wrong += -1 if each < time else 1
            best = min(best, (wrong, number + 1))
    return best[1]


def _blocks(connection: Connection, time: str) -> list[tuple[int, int, int]]:
    """Of each thousand numbers, in order: how many entries there are, and how many of them are before a time."""
    from sqlalchemy import case, func, select

    from treadle.store.schema import entries

    block = (entries.c.seq // _BLOCK).label("block")
    before = func.sum(case((entries.c.time < time, 1), else_=0))
    query = select(block, func.count(), before).group_by(block).order_by(block)
    return [(int(number), int(count), int(some)) for number, count, some in connection.execute(query)]


def _times(connection: Connection, first: int, last: int) -> list[tuple[int, str]]:
    """The numbers and times of entries, the last one included."""
    from treadle.store.schema import entries

    return _times_where(connection, entries.c.seq.between(first, last))


def _times_where(connection: Connection, which: ColumnElement[bool]) -> list[tuple[int, str]]:
    from sqlalchemy import select

    from treadle.store.schema import entries

    query = select(entries.c.seq, entries.c.time).where(which).order_by(entries.c.seq)
    return [(int(seq), str(time)) for seq, time in connection.execute(query)]


def whole_runs(reader: Reader, since: int) -> list[str]:
    """The runs that did the whole loop since an entry, from the search to a version that was packed, the newest first.

    None of them failed, or was cut before its end; and none took the search from the record.
    """
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    loop = (ModelsSearched.KIND, ModelPacked.KIND)
    mine = (entries.c.run != "", entries.c.seq >= since)
    failed = select(entries.c.run).where(*mine, entries.c.status == "failed")
    query = (
        select(entries.c.run)
        .where(*mine, entries.c.kind.in_(loop), entries.c.status == "done", entries.c.run.not_in(failed))
        .group_by(entries.c.run)
        .having(func.count(entries.c.kind.distinct()) == len(loop))
        .order_by(func.max(entries.c.seq).desc())
    )
    return [str(row[0]) for row in reader.connection.execute(query)]


def _job(reader: Reader, window: list[str]) -> Job | None:
    """By the ledger's views: what steps used, each day; how many runs there were, and how long those were that did the
    whole loop: all of them, where none did."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    days = select(ledger).where(ledger.c.by == "day", ledger.c.name.between(window[0], window[-1]))
    hours, cpu, seconds, peak, gpu = dict.fromkeys(window, 0.0), 0.0, 0.0, 0.0, 0.0
    for row in reader.connection.execute(days):
        hours[row.name] = hours.get(row.name, 0.0) + row.seconds / 3600
        cpu, seconds, peak = cpu + row.cpu_seconds, seconds + row.seconds, max(peak, row.peak_mb)
        gpu += row.gpu_seconds
    since = number_at(reader.connection, window[0])
    runs = select(func.count(), func.sum(ledger.c.seconds)).where(
        ledger.c.by == "run", ledger.c.seconds > 0, ledger.c.name != "(no run)", ledger.c.last >= since
    )
    count, took = reader.connection.execute(runs).one()
    if not seconds or not count:
        return None
    whole = whole_runs(reader, since)[:_MOST_MEAN]
    mean = reader.connection.execute(runs.where(ledger.c.name.in_(whole))).one() if whole else (count, took)
    mean_s = float(mean[1] or 0.0) / (mean[0] or 1) or float(took) / count
    return Job(tuple(hours[day] for day in window), int(count), mean_s, cpu / seconds, peak, len(whole), gpu / seconds)


def _load(workspace: Workspace, window: list[str], days: int, assumed: Assumed) -> Load | None:
    """Of the endpoint; from the first day of the window on which it was asked, and of history that was replayed."""
    from treadle.errors import TreadleError
    from treadle.models.registry import find
    from treadle.monitoring import moments_of

    first, last = (date.fromisoformat(each) for each in (window[0], window[-1]))
    moments = moments_of(workspace.tables, workspace.names, workspace.journal)
    found = counted_days(moments, first, last, days, assumed.idle_s)
    if found is None:
        return None
    try:
        released = workspace.releases.current()
        packed = find(workspace.chain, workspace.project.address, released.model if released else None)
    except TreadleError:
        return None
    model = packed.payload.model
    with workspace.chain.reading() as reader:
        test = newest_test(reader, model)
    busy_s, peak = packed.payload.p99_ms / 1000, packed.usage.peak_mb if packed.usage is not None else 0.0
    if test is not None:
        busy_s, peak = test.payload.cpu_ms / 1000, test.payload.peak_mb
    return Load(
        found.requests, found.minutes, found.awake, found.wakes, busy_s, peak, model, 0 if test is None else test.seq,
        found.replayed, found.history, found.left_out,
    )  # fmt: skip


File = tuple[str, str]
"""A table, and the path of a file in it."""


class Shared(Struct, frozen=True):
    """A file of one or more kept snapshots: read whenever one of them is, and at hand where one of them has to be.

    `of`: the newest of them; `every`: the names of all.
    """

    part: Part
    of: Snapshot
    reads: float
    pinned: str
    every: tuple[str, ...]


class Held(Struct, frozen=True):
    """A snapshot that is kept: when it was made and last used, its reads a month, and why it must stay at hand."""

    snapshot: Snapshot
    made: str
    used: str
    reads: float
    pinned: list[str]


def held_of(
    reader: Reader, since: str, days: float, releases: int = 1, answering: Mapping[str, str] | None = None
) -> list[Held]:
    """Each snapshot that is kept, the newest first. `days`: as many as there are since `since`; `releases`,
    `answering`: as for `treadle.upkeep.pinned.pins`."""
    from treadle.upkeep.pinned import pins

    gone, pinned = removals(reader), pins(reader, releases, answering)
    found, reads, times = dict[Named, Snapshot](), dict[Named, int](), dict[Named, str]()
    used = dict[Named, str]()
    for entry in reader.by_seq(_numbers(reader)):
        if entry.status != "done":
            continue
        for ref in entry.made:
            removal = gone.get(name_of(ref)) if isinstance(ref, Snapshot) else None
            if isinstance(ref, Snapshot) and (removal is None or removal.seq < entry.seq):
                found.pop(name_of(ref), None)
                found[name_of(ref)], times[name_of(ref)] = ref, entry.time
        for ref in entry.uses:
            if isinstance(ref, Snapshot):
                name = name_of(ref)
                used[name] = max(entry.time, used.get(name, ""))
                reads[name] = reads.get(name, 0) + (entry.time >= since)
    alike = {snapshot.content: name for name, snapshot in found.items()}
    for gone_name in reads.keys() - found.keys():  # who read the same rows of a version that is gone reads the newest
        newest = alike.get(gone_name[2])
        if newest is not None:
            used[newest] = max(used[gone_name], used.get(newest, ""))
            reads[newest] = reads.get(newest, 0) + reads[gone_name]
    return [
        Held(
            snapshot=snapshot,
            made=times[name],
            used=used.get(name, ""),
            reads=reads.get(name, 0) / days * float(DAYS_A_MONTH),
            pinned=pinned.get(name, []),
        )
        for name, snapshot in reversed(found.items())
    ]


def files_of(held: Sequence[Held], stays: Sequence[str]) -> list[Shared]:
    """Each file once: with the reads of all snapshots that have it, and pinned where one of them stays at hand.

    held: the newest first. stays: why each of them does; "" where it need not.
    """
    files, reads, why = dict[File, tuple[Part, Snapshot]](), dict[File, float](), dict[File, str]()
    every = dict[File, tuple[str, ...]]()
    for each, reason in zip(held, stays, strict=True):
        for part in each.snapshot.parts:
            file = (each.snapshot.table, part.path)
            files.setdefault(file, (part, each.snapshot))
            reads[file] = reads.get(file, 0.0) + each.reads
            why[file] = why.get(file) or reason
            every[file] = (*every.get(file, ()), f"{each.snapshot.table}@{each.snapshot.version}")
    return [Shared(part, of, reads[file], why[file], every[file]) for file, (part, of) in files.items()]


def stored_of(held: Sequence[Held]) -> tuple[Kept, ...]:
    """Bytes to be placed: the files of each snapshot that no newer one has, together where they are read alike, and
    stay at hand alike. It says what is read of a file, where `kept_of` says what is of a snapshot."""
    sums = dict[tuple[str, float, str], int]()
    for each in files_of(held, ["; ".join(each.pinned) for each in held]):
        group = (f"{each.of.table}@{each.of.version}", each.reads, each.pinned)
        sums[group] = sums.get(group, 0) + each.part.size
    return tuple(Kept(name, size, reads, pinned) for (name, reads, pinned), size in sums.items())


def kept_of(reader: Reader, since: str, days: float) -> tuple[Kept, ...]:
    """Each snapshot that is kept, the newest first, by the files that no newer one has; how often it was used since."""
    counted, kept = set[tuple[str, str]](), list[Kept]()
    for each in held_of(reader, since, days):
        snapshot = each.snapshot
        fresh = {(snapshot.table, part.path): part.size for part in snapshot.parts}
        size = sum(fresh[file] for file in fresh.keys() - counted)
        counted |= fresh.keys()
        called = f"{snapshot.table}@{snapshot.version}"
        kept.append(Kept(called, size, each.reads, "; ".join(each.pinned), each.made))
    return tuple(kept)


def _numbers(reader: Reader) -> list[int]:
    from sqlalchemy import select

    from treadle.store.schema import refs

    query = select(refs.c.seq).where(refs.c.name != "").distinct()
    return sorted(int(row[0]) for row in reader.connection.execute(query))
