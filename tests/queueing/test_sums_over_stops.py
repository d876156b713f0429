"""What a queue adds up over the parts of a run that was stopped; what is measured; what is kept of those that ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_choosing_runs import job, moves, runs
from test_working_off import Clock, Shop

from treadle.queueing import jobs
from treadle.queueing.choosing import HALF_LIFE_S, Moves, Room
from treadle.queueing.found import IDLE, Job, State
from treadle.queueing.jobs import Queue
from treadle.queueing.working import _idle


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "queue", Clock())


def later(queue: Queue, seconds: float) -> None:
    assert isinstance(queue.clock, Clock)
    queue.clock.now += seconds


def part(
    queue: Queue, number: int, state: State, *, waits: float, takes: float, cpu_s: float, gb: float, said: str = ""
) -> Job:
    """It waits, runs, and is what it is then."""
    later(queue, waits)
    assert queue.begun(queue.job(number), 1)
    later(queue, takes)
    queue.ended(queue.job(number), state, cpu_s=cpu_s, peak_gb=gb, said=said)
    return queue.job(number)


def test_a_run_in_two_parts_waited_ran_and_used_the_sum_and_had_the_most_of_either(queue: Queue) -> None:
    queue.add("a", "ada", "low", 1, 1)
    part(queue, 1, "waiting", waits=5, takes=20, cpu_s=18, gb=3.0)
    found = part(queue, 1, "done", waits=7, takes=10, cpu_s=9, gb=2.0)
    assert (found.waited_s, found.ran_s, found.cpu_s, found.peak_gb, found.stopped) == (12, 30, 27, 3.0, 1)


def test_who_waits_again_has_waited_before_too(queue: Queue) -> None:
    queue.add("a", "ada", "low", 1, 1)
    part(queue, 1, "waiting", waits=5, takes=20, cpu_s=18, gb=1.0)
    later(queue, 7)
    (use,) = queue.use()
    assert (use.waited_mean_s, use.waited_most_s, use.stopped) == (12, 12, 1)


def test_needs_are_of_the_last_three_that_were_done_the_most_of_them(queue: Queue) -> None:
    """The oldest needed 9 GB and a failed one 7; of the last three 1, 2 and 1.5 GB: a fifth more is 2.4."""
    parts: list[tuple[State, float, float]] = [
        ("done", 9.0, 80), ("done", 1.0, 10), ("done", 2.0, 16), ("done", 1.5, 10), ("failed", 7.0, 70),
    ]  # fmt: skip
    for number, (state, gb, cpu_s) in enumerate(parts, 1):
        queue.add("a", "ada", "normal", None, None)
        part(queue, number, state, waits=0, takes=10, cpu_s=cpu_s, gb=gb)
    again = queue.add("a", "ada", "normal", None, None)
    assert (again.memory_gb, again.cpus) == (2.4, 2.0), "1.6 cores in the mean are taken for 2"
    assert queue.add("b", "ada", "normal", 3, None).cpus == 3


def test_what_was_used_long_ago_counts_less_in_what_is_fair(queue: Queue) -> None:
    for number, person in enumerate(("ada", "lin"), 1):
        queue.add(person, person, "normal", 1, 1)
        part(queue, number, "done", waits=0, takes=100, cpu_s=80, gb=1.0)
        later(queue, HALF_LIFE_S - 100 if person == "ada" else 0)
    assert queue.used() == {"ada": 40, "lin": 80}
    assert {each.person: each.share for each in queue.use()} == {
        "ada": pytest.approx(1 / 3),
        "lin": pytest.approx(2 / 3),
    }


def test_the_oldest_that_ended_are_forgotten_and_none_that_waits(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_KEEP", 2)
    for number, name in enumerate("abcde", 1):
        queue.add(name, "ada", "normal", 1, 1)
        if name in "bcd":
            part(queue, number, "done", waits=0, takes=10, cpu_s=1, gb=1.0)
    assert [each.project for each in queue.newest(9)] == ["e", "d", "a"]


def test_one_that_was_stopped_counts_as_ended_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "queue")
    shop.queue.add("low", "ada", "low", 2, 1)
    shop.takes["low"] = 6
    shop.happens[3] = lambda: shop.queue.add("high", "lin", "high", 1, 1)
    assert shop.work() == 2 and shop.queue.job(1).stopped == 1


def test_what_stops_already_is_waited_for_before_another_is_stopped() -> None:
    newest, older, high = runs(job(1, priority="low"), 5), runs(job(2, priority="low"), 50), job(3, priority="high")
    assert moves([high], [newest, older], stopping=frozenset({2})) == Moves()
    assert moves([high], [newest, older]) == Moves(stop=(1,))


def test_the_room_of_one_for_whom_others_are_stopped_is_taken_by_nobody() -> None:
    """One core is free, three are of a low run: a high one waits for two, and a small one does not slip in."""
    low, high, small = runs(job(1, priority="low", cpus=3)), job(2, priority="high", cpus=2), job(3, cpus=1)
    assert moves([high, small], [low], Room(4, 8)) == Moves(stop=(1,))
    assert moves([small], [low], Room(4, 8)) == Moves(begin=(3,))


def test_runs_that_did_nothing_tell_nothing_of_what_a_run_needs(queue: Queue) -> None:
    queue.add("a", "ada", "normal", None, None)
    part(queue, 1, "done", waits=0, takes=40, cpu_s=80, gb=0.59, said="p:1 is released")
    for number in range(2, 7):
        queue.add("a", "ada", "normal", None, None)
        part(queue, number, "done", waits=0, takes=3, cpu_s=2, gb=0.125, said=f"p:1 is released; {IDLE}")
    again = queue.add("a", "ada", "normal", None, None)
    assert (again.memory_gb, again.cpus) == (0.71, 2.0)


def test_a_run_did_nothing_where_no_step_of_any_target_was_made() -> None:
    old, new = {"steps": [1, 2], "cached_steps": ["a", "b"]}, {"steps": [1, 2], "cached_steps": ["a"]}
    assert _idle(old) and _idle(old | {"others": [old]})
    assert not any(_idle(each) for each in (new, old | {"others": [new]}, {}, {"steps": []}))
