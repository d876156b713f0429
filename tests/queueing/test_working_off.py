"""A queue in its file, worked off by a worker whose runs are drawn up by a test; and by one with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from treadle.errors import StoreError
from treadle.queueing import working
from treadle.queueing.choosing import Room
from treadle.queueing.found import Job
from treadle.queueing.jobs import Queue, checked_needs, machine_room
from treadle.queueing.working import Worker, work


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Drawn:
    """A run that takes so many looks; told to stop, it ends at the next."""

    takes: int
    ends: int = 0
    pid: int = 1
    cpu_s: float = 2.0
    peak_gb: float = 1.5
    stopped: bool = False

    def code(self) -> int | None:
        self.takes -= 1
        if self.stopped:
            return -2
        return self.ends if self.takes < 0 else None

    def stop(self) -> None:
        self.stopped = True

    def said(self) -> str:
        return "p:1 is released" if not self.ends else "the source is away"


@dataclass
class Shop:
    """A queue by a clock that a worker's waits move, half a second each."""

    folder: Path
    takes: dict[str, int] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    happens: dict[int, object] = field(default_factory=dict)
    looks: int = 0
    begun: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.queue = Queue(self.folder, self.clock)

    def begin(self, job: Job) -> Drawn:
        self.begun.append(job.project)
        return Drawn(self.takes.get(job.project, 3), 1 if job.project in self.fails else 0)

    def wait(self, seconds: float) -> bool:
        self.clock.now += seconds
        self.looks += 1
        do = self.happens.pop(self.looks, None)
        if callable(do):
            do()
        return self.looks > 200

    def work(self, cpus: float = 2, **more: object) -> int:
        worker = Worker(
            self.queue, Room(cpus, 8), self.begin, self.wait, self.said.append, until_empty=True, **more  # type: ignore[arg-type]
        )  # fmt: skip
        return worker.work()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "queue")


def states(shop: Shop) -> dict[str, str]:
    return {job.project: job.state for job in shop.queue.newest(100)}


def test_what_waits_is_worked_off_and_measured(shop: Shop) -> None:
    for name in ("a", "b", "c"):
        shop.queue.add(name, "ada", "normal", 1, 1)
    shop.fails.add("b")
    assert shop.work() == 3
    assert states(shop) == {"a": "done", "b": "failed", "c": "done"}
    first, second, third = (shop.queue.job(number) for number in (1, 2, 3))
    assert (first.said, second.said) == ("p:1 is released", "the source is away")
    assert first.waited_s == 0 and third.waited_s == 2.0 and first.ran_s == 2.0 and first.cpu_s == 2.0
    (use,) = shop.queue.use()
    assert (use.person, use.runs, use.cpu_s, use.share) == ("ada", 3, 6.0, 1.0)
    assert use.waited_most_s == 2.0 and use.waited_mean_s == pytest.approx(2 / 3)


def test_a_high_one_stops_a_low_one_which_goes_on_later(shop: Shop) -> None:
    shop.queue.add("low", "ada", "low", 2, 1)
    shop.takes["low"] = 6
    shop.happens[3] = lambda: shop.queue.add("high", "lin", "high", 1, 1)
    shop.work()
    assert shop.begun == ["low", "high", "low"] and states(shop) == {"low": "done", "high": "done"}
    low = shop.queue.job(1)
    assert low.stopped == 1 and low.waited_s > 0 and low.cpu_s == 4.0
    assert any("is stopped, for what matters more" in line for line in shop.said)
    assert any("begins anew, after it was stopped 1 times" in line for line in shop.said)


def test_shares_are_fair_between_people(shop: Shop) -> None:
    for number in range(6):
        shop.queue.add(f"ada{number}", "ada", "normal", 1, 1)
    shop.happens[2] = lambda: [shop.queue.add(f"lin{number}", "lin", "normal", 1, 1) for number in range(2)]
    shop.work(cpus=1)
    assert shop.begun.index("lin1") < shop.begun.index("ada3")


def test_one_that_waits_is_taken_back_and_one_that_runs_ends(shop: Shop) -> None:
    shop.queue.add("runs", "ada", "normal", 2, 1)
    shop.queue.add("waits", "ada", "normal", 2, 1)
    shop.takes["runs"] = 100
    shop.happens[2] = lambda: (shop.queue.cancel(1), shop.queue.cancel(2))
    shop.work()
    assert states(shop) == {"runs": "cancelled", "waits": "cancelled"} and shop.begun == ["runs"]
    with pytest.raises(StoreError, match="cancelled already"):
        shop.queue.cancel(1)
    with pytest.raises(StoreError, match="no run 9"):
        shop.queue.cancel(9)


def test_needs_are_declared_or_measured_and_no_machine_has_all(shop: Shop) -> None:
    one = shop.queue.add("a", "ada", "normal", None, None)
    assert (one.cpus, one.memory_gb) == (1.0, 2.0)
    with pytest.raises(StoreError, match="run 1 of this project waits already"):
        shop.queue.add("a", "lin", "normal", None, None)
    shop.work()
    again = shop.queue.add("a", "ada", "normal", None, None)
    assert (again.cpus, again.memory_gb) == (1.0, 1.8)  # a fifth more than it had at the most
    shop.queue.add("huge", "ada", "normal", 64, 1)
    shop.work()
    assert "it needs 64 cores" in shop.queue.job(3).said and states(shop)["huge"] == "failed"
    for cpus, memory in ((0.0, None), (float("nan"), None), (None, -1.0), (1e9, None)):
        with pytest.raises(StoreError, match="is no need of a run"):
            checked_needs(cpus, memory)
    assert machine_room(1.5, 3) == Room(1.5, 3) and machine_room(None, None).cpus >= 1


def test_a_worker_that_is_stopped_leaves_what_ran_waiting(shop: Shop) -> None:
    shop.queue.add("a", "ada", "normal", 1, 1)
    shop.takes["a"] = 1000
    shop.looks = 190
    assert shop.work() == 0
    (job,) = shop.queue.of("waiting")
    assert job.stopped == 1 and job.said == "its worker was stopped"


@dataclass
class Slow(Drawn):
    """Told to stop, it ends after three more looks."""

    def code(self) -> int | None:
        self.takes -= self.stopped
        return -2 if self.takes < 0 else None


def test_a_worker_that_is_stopped_does_not_spin_while_what_runs_ends(shop: Shop) -> None:
    """Once it was told to stop, its wait returns at once."""
    job = shop.queue.add("a", "ada", "normal", 1, 1)
    worker = Worker(shop.queue, Room(2, 8), lambda job: Slow(3), lambda seconds: shop.wait(seconds) or True, print)
    assert worker.work() == 0 and shop.queue.job(job.id).state == "waiting"
    assert shop.looks == 1


def test_a_clock_that_is_set_back_takes_nothing_off_what_somebody_used(shop: Shop) -> None:
    one, _ = shop.queue.add("a", "ada", "normal", 2, 1), shop.queue.add("b", "lin", "normal", 1, 1)
    shop.queue.begun(one, 1)
    shop.clock.now += 10
    assert shop.queue.used() == {"ada": 20.0}, "ten seconds of two cores"
    shop.clock.now -= 1000
    assert shop.queue.used() == {"ada": 0.0}
    assert [each.waited_most_s for each in shop.queue.use()] == [0.0, 0.0]


def test_what_a_killed_worker_left_running_is_ended_and_queued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(tmp_path / "queue")
    job, other = queue.add("a", "ada", "normal", 1, 1), queue.add("b", "ada", "normal", 1, 1)
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env={**os.environ, "TREADLE_QUEUED": str(job.id)}
    )
    queue.begun(job, left.pid)
    queue.begun(other, os.getpid())  # a number that another process has by now: it is left alone
    time.sleep(0.3)
    said = list[str]()
    working._recover(queue, said.append)
    assert left.poll() is not None and len(queue.of("waiting")) == 2 and len(said) == 2


def test_real_runs_are_begun_measured_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import json, sys, time, signal\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(130))\n"
        "x = bytearray(60_000_000); end = time.time() + float(sys.argv[1])\n"
        "while time.time() < end: sum(range(10_000))\n"
        "print(json.dumps({'model': 'p:1', 'released': True}))\n"
    )
    monkeypatch.setattr(
        working, "command", lambda project, person: [sys.executable, "-c", script, Path(project).parts[-2]]
    )
    queue, said = Queue(tmp_path / "queue"), list[str]()
    queue.add("1/quick", "ada", "normal", 1, 1)
    queue.add("60/slow", "ada", "low", 1, 1)

    def intrude() -> None:
        while not queue.of("running"):
            time.sleep(0.05)
        time.sleep(0.5)
        queue.cancel(2)

    other = threading.Thread(target=intrude)
    other.start()
    before = signal.getsignal(signal.SIGINT)
    assert work(queue, Room(2, 8), said.append, quota_cpus=None, until_empty=True) == 2
    other.join()
    quick, slow = queue.job(1), queue.job(2)
    assert (quick.state, quick.said) == ("done", "p:1 is released") and slow.state == "cancelled"
    assert 0.2 < quick.cpu_s < 20 and quick.peak_gb > 0.06
    assert signal.getsignal(signal.SIGINT) is before


def test_one_worker_a_queue(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "queue")
    from treadle.alone import alone

    with alone(queue.folder / "worker.lock", "x", "y"), pytest.raises(StoreError, match="another worker"):
        work(queue, Room(1, 1), print, quota_cpus=None, until_empty=True)


def test_a_folder_that_is_none_and_a_file_that_is_no_queue(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="the queue cannot be used"):
        Queue(tmp_path / "file" / "queue")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "queue.db").write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="the queue cannot be used"):
        Queue(tmp_path / "broken")


def test_rows_that_somebody_wrote_by_hand_stop_no_worker(shop: Shop) -> None:
    import sqlite3

    shop.queue.add("a", "ada", "normal", 1, 1)
    with sqlite3.connect(shop.folder / "queue.db") as base:
        for name, value in (("priority", "urgent"), ("cpus", None), ("memory_gb", "x"), ("queued", "zz")):
            base.execute(
                "INSERT INTO jobs SELECT NULL, project, person, priority, cpus, memory_gb, state, asked, queued, began,"
                " ended, waited_s, ran_s, cpu_s, peak_gb, stopped, pid, said FROM jobs WHERE id = 1"
            )
            base.execute(f"UPDATE jobs SET {name} = ? WHERE id = (SELECT MAX(id) FROM jobs)", (value,))
        base.execute("UPDATE jobs SET state = 'running', pid = -3, priority = 'low' WHERE id = 1")
    base.close()
    shop.queue.add("b", "lin", "high", 2, 1)
    assert shop.work() == 0, "what another worker runs is left alone"
    working._recover(shop.queue, shop.said.append)
    shop.looks = 0
    assert shop.work() == 2 and shop.begun == ["b", "a"]


def test_what_was_taken_back_does_not_go_on(shop: Shop) -> None:
    job = shop.queue.add("a", "ada", "normal", 1, 1)
    shop.queue.begun(job, 1 << 22)
    shop.queue.cancel(job.id)
    working._recover(shop.queue, shop.said.append)
    assert states(shop) == {"a": "cancelled"}
    other = shop.queue.add("b", "ada", "normal", 1, 1)
    shop.queue.cancel(other.id)
    assert shop.queue.begun(other, 1) is False and states(shop)["b"] == "cancelled"
    third = shop.queue.add("c", "ada", "normal", 1, 1)
    shop.takes["c"] = 1000
    shop.looks = 190
    shop.happens[193] = lambda: shop.queue.cancel(third.id)
    shop.work()
    assert states(shop)["c"] == "cancelled"


def test_a_quota_below_what_a_run_needs_is_told(shop: Shop) -> None:
    shop.queue.add("a", "ada", "normal", 1, 1)
    shop.work(quota_cpus=0.5)
    assert "and one person 0.5 cores" in shop.queue.job(1).said and shop.queue.job(1).ran_s == 0


def test_a_queue_that_is_held_is_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.queue.add("a", "ada", "normal", 1, 1)
    of, fails = shop.queue.of, [2]

    def away(*asked: object) -> list[Job]:
        fails[0] -= 1
        if fails[0] >= 0:
            raise StoreError("the queue cannot be used: database is locked")
        return of(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.queue, "of", away)
    assert shop.work() == 1
    assert [line for line in shop.said if "locked" in line] == ["the queue cannot be used: database is locked"]


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "queue")
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    (queue.folder / "worker.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="lock cannot be opened"):
        work(queue, Room(1, 1), print, quota_cpus=None, until_empty=True)
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"
