"""Which waiting runs begin now, and which running ones are stopped for them. A pure function of what is known.

Priority comes first; among equals whoever used least of late (fair share, with a half-life as in Kay and Lauder, "A
Fair Share Scheduler", CACM 31(1), 1988); then who waits longest. What fits into the room that is left goes before what
does not (backfill), but not for ever: for a run that waits longer than `PATIENCE_S` its room is kept free, so that
small runs cannot starve a large one (as EASY backfilling has a reservation; Lifka 1995).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from treadle.queueing.found import Job

PATIENCE_S = 600.0
HALF_LIFE_S = 86_400.0


class Room(Struct, frozen=True):
    """What there is for runs."""

    cpus: float
    memory_gb: float

    def holds(self, job: Job) -> bool:
        return job.cpus <= self.cpus + 1e-9 and job.memory_gb <= self.memory_gb + 1e-9

    def less(self, jobs: Sequence[Job]) -> Room:
        return Room(self.cpus - sum(j.cpus for j in jobs), self.memory_gb - sum(j.memory_gb for j in jobs))

    def more(self, job: Job) -> Room:
        return Room(self.cpus + job.cpus, self.memory_gb + job.memory_gb)


class Moves(Struct, frozen=True):
    """`begin` and `stop` are runs by their ids; `never` are those that need more than the whole machine has, or than
    one person may have."""

    begin: tuple[int, ...] = ()
    stop: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


def choose(
    waiting: Sequence[Job],
    running: Sequence[Job],
    machine: Room,
    now: float,
    *,
    used: Mapping[str, float],
    quota_cpus: float | None = None,
    stopping: frozenset[int] = frozenset(),
) -> Moves:
    """used: CPU-seconds of each person, older ones counting less. quota_cpus: cores that one person may have at once.
    stopping: running ones that were told to stop already."""
    over = [job for job in waiting if quota_cpus is not None and job.cpus > quota_cpus + 1e-9]
    never = tuple(job.id for job in waiting if not machine.holds(job) or job in over)
    order = sorted(
        (job for job in waiting if job.id not in never),
        key=lambda job: (-job.rank, used.get(job.person, 0.0), job.queued, job.id),
    )
    free, begin, stop = machine.less(running), list[Job](), list[Job]()
    for job in order:
        if quota_cpus is not None and _held(job.person, [*running, *begin]) + job.cpus > quota_cpus + 1e-9:
            continue
        if free.holds(job):
            begin.append(job)
            free = free.less([job])
            continue
        told = stopping | {each.id for each in stop}  # their room is taken from `free` already, and counts with them
        victims = _victims(job, running, free, told)
        if victims is not None:
            stop += [each for each in victims if each.id not in told]
            free = free.less([job])  # kept for it: what is stopped ends in its own time
        elif now - job.queued > PATIENCE_S:
            free = free.less([job])
    return Moves(tuple(job.id for job in begin), tuple(job.id for job in stop), never)


def _victims(job: Job, running: Sequence[Job], free: Room, stopping: frozenset[int]) -> list[Job] | None:
    """Runs of a lower priority that make room enough when they end: the lowest, then those that began last, so that
    least is lost; none that is not needed. None: all of them would not do."""
    lower = sorted(
        (each for each in running if each.rank < job.rank),
        key=lambda each: (each.id not in stopping, each.rank, -each.began),
    )
    room, chosen = free, list[Job]()
    for each in lower:
        if room.holds(job):
            break
        room = room.more(each)
        chosen.append(each)
    if not room.holds(job):
        return None
    for each in [each for each in chosen if each.id not in stopping][::-1]:
        spared = Room(room.cpus - each.cpus, room.memory_gb - each.memory_gb)
        if spared.holds(job):
            chosen.remove(each)
            room = spared
    return chosen


def _held(person: str, jobs: Sequence[Job]) -> float:
    return sum(job.cpus for job in jobs if job.person == person)


def decayed(seconds: float, ago: float) -> float:
    """CPU-seconds as they count after so long.

    >>> decayed(100, 86_400)
    50.0
    """
    return float(seconds * 0.5 ** (max(0.0, ago) / HALF_LIFE_S))
