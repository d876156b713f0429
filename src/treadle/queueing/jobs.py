"""The queue of a machine: a file of SQLite in a folder that its people share. Safe for several processes at once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from treadle.errors import StoreError
from treadle.queueing.choosing import Room, decayed
from treadle.queueing.found import IDLE, Job, Priority, State, Use
from treadle.spec.trust import account_folder

_FIELDS = Job.__struct_fields__
_TYPES = {"project": "TEXT", "person": "TEXT", "priority": "TEXT", "state": "TEXT", "said": "TEXT", "pid": "INTEGER"}
DEFAULT_CPUS, DEFAULT_MEMORY_GB = 1.0, 2.0
"""What a run is taken to need that was neither declared nor measured."""
_SPARE = 1.2
"""What was measured once may be a little more the next time."""
_KEEP = 10_000


def queue_folder() -> Path:
    """`TREADLE_QUEUE`, such as a folder that a group may write; else one of this account alone."""
    given = os.environ.get("TREADLE_QUEUE")
    return Path(given).expanduser() if given else account_folder() / "queue"


class Queue:
    """The runs of a machine. `clock` gives seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """
        Raises:
            StoreError: the folder cannot be written, or what is there is no queue.
        """
        self.folder, self.clock = folder, clock
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open() as base:
                columns = ", ".join(f"{name} {_TYPES.get(name, 'REAL')}" for name in _FIELDS if name != "id")
                base.execute(f"CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})")
        except OSError as bad:
            raise self._away(bad.strerror or str(bad)) from bad

    def add(self, project: str, person: str, priority: Priority, cpus: float | None, memory_gb: float | None) -> Job:
        """Ask for a run. What it needs, if it is not said, is the most of what the last runs of this project were
        measured to need that did something.

        Raises:
            StoreError: a run of the project waits already.
        """
        now = self.clock()
        with self._open() as base:
            same = base.execute("SELECT id FROM jobs WHERE project = ? AND state = 'waiting'", (project,)).fetchone()
            if same:
                raise StoreError(
                    f"run {same[0]} of this project waits already, and does all that is new when it begins",
                    where=project,
                    mend=f"treadle queue cancel {same[0]} takes it back",
                )
            peak = base.execute(
                "SELECT MAX(peak_gb), MAX(cpu_s / ran_s) FROM (SELECT peak_gb, cpu_s, ran_s FROM jobs"
                " WHERE project = ? AND state = 'done' AND ran_s > 1 AND said NOT LIKE ? ORDER BY id DESC LIMIT 3)",
                (project, f"%{IDLE}"),
            ).fetchone()
            measured_gb, measured_cpus = (peak[0] or 0.0) * _SPARE, min(max(1.0, round(peak[1] or 0.0)), 1024.0)
            needs = (
                cpus if cpus is not None else measured_cpus if peak[1] else DEFAULT_CPUS,
                memory_gb if memory_gb is not None else round(measured_gb, 2) or DEFAULT_MEMORY_GB,
            )
            made = base.execute(
                "INSERT INTO jobs (project, person, priority, cpus, memory_gb, state, asked, queued, began, ended,"
                " waited_s, ran_s, cpu_s, peak_gb, stopped, pid, said)"
                " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
                (project, person, priority, *needs, now, now),
            )
            number = int(made.lastrowid or 0)
            old = "DELETE FROM jobs WHERE id <= ? AND state NOT IN ('waiting', 'running')"
            base.execute(old, (number - _KEEP,))
        return self.job(number)

    def job(self, number: int) -> Job:
        """
        Raises:
            StoreError: there is none of this number.
        """
        found = self._find("id = ?", (number,))
        if not found:
            raise StoreError(
                f"there is no run {number} in the queue", where="NUMBER", mend="treadle queue list shows them"
            )
        return found[0]

    def of(self, *states: State) -> list[Job]:
        """Those in these states, by their numbers."""
        return self._find(f"state IN ({', '.join('?' * len(states))})", states)

    def newest(self, limit: int) -> list[Job]:
        return self._find("1", (), f"ORDER BY id DESC LIMIT {int(limit)}")

    def begun(self, job: Job, pid: int) -> bool:
        """False where it does not wait any more: somebody took it back meanwhile."""
        now = self.clock()
        waited = job.waited_s + max(0.0, now - job.queued)
        with self._open() as base:
            changed = base.execute(
                "UPDATE jobs SET state = 'running', began = ?, pid = ?, waited_s = ?, said = ''"
                " WHERE id = ? AND state = 'waiting'",
                (now, pid, waited, job.id),
            )
            return changed.rowcount == 1

    def ended(self, job: Job, state: State, *, cpu_s: float, peak_gb: float, said: str) -> None:
        """It ran, and is done, failed, cancelled; or waits again, as it was stopped for what matters more."""
        now = self.clock()
        ran = job.ran_s + (max(0.0, now - job.began) if job.state == "running" else 0.0)
        again = state == "waiting"
        self._set(
            job.id,
            state,
            ended=0.0 if again else now,
            queued=now if again else job.queued,
            pid=0,
            ran_s=ran,
            cpu_s=job.cpu_s + cpu_s,
            peak_gb=max(job.peak_gb, peak_gb),
            stopped=job.stopped + again,
            said=said[:300],
        )

    def cancel(self, number: int) -> Job:
        """A run that waits is taken back; of one that runs it is kept that it shall end.

        Raises:
            StoreError: it ended already, or there is none.
        """
        job = self.job(number)
        if job.state not in ("waiting", "running"):
            raise StoreError(
                f"run {number} is {job.state} already", where="NUMBER", mend="nothing has to be taken back"
            )
        with self._open() as base:
            base.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state = 'waiting'",
                (self.clock(), number),
            )
            base.execute("UPDATE jobs SET said = 'cancel' WHERE id = ? AND state = 'running'", (number,))
        return self.job(number)

    def used(self) -> dict[str, float]:
        """CPU-seconds by person, older ones counting less; of runs that go on, their time by their cores."""
        now, out = self.clock(), dict[str, float]()
        for job in self._find("cpu_s > 0 OR state = 'running'", ()):
            seconds = decayed(job.cpu_s, now - (job.ended or now))
            seconds += max(0.0, now - job.began) * job.cpus if job.state == "running" else 0.0
            out[job.person] = out.get(job.person, 0.0) + seconds
        return out

    def use(self) -> list[Use]:
        """By person, who got most first."""
        every, used = self._find("1", ()), self.used()
        total = sum(used.values()) or 1.0
        now, out = self.clock(), list[Use]()
        for person in dict.fromkeys(job.person for job in every):
            own = [job for job in every if job.person == person]
            waits = [job.waited_s + (max(0.0, now - job.queued) if job.state == "waiting" else 0.0) for job in own]
            out.append(
                Use(
                    person=person,
                    runs=len(own),
                    cpu_s=sum(job.cpu_s for job in own),
                    share=used.get(person, 0.0) / total,
                    waited_mean_s=sum(waits) / len(waits),
                    waited_most_s=max(waits),
                    stopped=sum(job.stopped for job in own),
                )
            )
        return sorted(out, key=lambda each: (-each.cpu_s, each.person))

    def _set(self, number: int, state: State, **given: float | str) -> None:
        names = ", ".join(f"{name} = ?" for name in given)
        with self._open() as base:
            base.execute(f"UPDATE jobs SET state = ?, {names} WHERE id = ?", (state, *given.values(), number))

    def _find(self, where: str, given: Sequence[object], order: str = "ORDER BY id") -> list[Job]:
        with self._open() as base:
            rows = base.execute(f"SELECT {', '.join(_FIELDS)} FROM jobs WHERE {where} {order}", tuple(given)).fetchall()
        out = list[Job]()
        for row in rows:
            with suppress(msgspec.ValidationError):  # a row that somebody wrote by hand is no run
                out.append(msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Job, strict=False))
        return out

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            with closing(sqlite3.connect(self.folder / "queue.db", timeout=30)) as base, base:
                base.execute("BEGIN IMMEDIATE")
                yield base
        except sqlite3.Error as bad:
            raise self._away(str(bad)) from bad

    def _away(self, why: str) -> StoreError:
        mend = "TREADLE_QUEUE names its folder, which all who use it may write"
        return StoreError(f"the queue cannot be used: {why}", where=str(self.folder), mend=mend)


def checked_needs(cpus: float | None, memory_gb: float | None) -> None:
    """
    Raises:
        StoreError: no machine has so much, or so little.
    """
    for flag, given, most in (("--cpus", cpus, 1024), ("--memory-gb", memory_gb, 65_536)):
        if given is not None and not 0.01 <= given <= most:
            raise StoreError(f"{given:g} is no need of a run", where=flag, mend=f"give 0.01 to {most:,}")


def machine_room(cpus: float | None, memory_gb: float | None) -> Room:
    """What runs have: as given, or all cores and four fifths of the memory of this machine."""
    import psutil

    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    memory = round(psutil.virtual_memory().total * 0.8 / 1e9, 1)
    return Room(cores if cpus is None else cpus, memory if memory_gb is None else memory_gb)
