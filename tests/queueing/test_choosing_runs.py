"""Which runs begin and which are stopped: by hand, and for any machine, runs and people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from treadle.queueing.choosing import PATIENCE_S, Moves, Room, choose, decayed
from treadle.queueing.found import Job, Priority

NOW = 1_000_000.0
TWO = Room(2, 8)


def job(
    number: int, person: str = "ada", priority: Priority = "normal", cpus: float = 1, gb: float = 1, since: float = 10
) -> Job:
    return Job(number, f"/p{number}", person, priority, cpus, gb, "waiting", NOW - since, NOW - since)


def runs(one: Job, since: float = 5) -> Job:
    return replace(one, state="running", began=NOW - since)


def moves(waiting: list[Job], running: list[Job] | None = None, machine: Room = TWO, **more: object) -> Moves:
    return choose(waiting, running or [], machine, NOW, used=more.pop("used", {}), **more)  # type: ignore[arg-type]


def test_what_matters_more_goes_first_then_who_used_less_then_who_waits_longest() -> None:
    low, old, new, high = job(1, priority="low", since=99), job(2, since=50), job(3, since=5), job(4, priority="high")
    assert moves([low, old, new, high], machine=Room(1, 8)).begin == (4,)
    assert moves([low, new, old], machine=Room(2, 8)).begin == (2, 3)
    busy, idle = job(5, "busy", since=50), job(6, "idle", since=5)
    assert moves([busy, idle], machine=Room(1, 8), used={"busy": 100.0, "idle": 1.0}).begin == (6,)


def test_what_fits_goes_beside_what_does_not_but_not_for_ever() -> None:
    running, large, small = [runs(job(1))], job(2, cpus=2), job(3, since=1)
    assert moves([large, small], running) == Moves(begin=(3,))
    waits = replace(large, queued=NOW - PATIENCE_S - 1)
    assert moves([waits, small], running) == Moves()
    assert moves([waits, replace(small, priority="high")], running) == Moves(begin=(3,))
    assert moves([waits, small], running, Room(3, 8)) == Moves(begin=(2,))


def test_memory_counts_as_cores_do() -> None:
    assert moves([job(1, gb=5), job(2, gb=5)]).begin == (1,)
    assert moves([job(1, gb=9)]).never == (1,)


def test_a_high_one_stops_the_lowest_and_newest_and_no_more_than_it_needs() -> None:
    low, normal, newest = runs(job(1, priority="low"), 50), runs(job(2), 90), runs(job(3), 5)
    high = job(4, priority="high")
    assert moves([high], [low, normal, newest], Room(3, 8)) == Moves(stop=(1,))
    assert moves([high], [normal, newest]) == Moves(stop=(3,))
    assert moves([replace(high, cpus=2)], [normal, newest]) == Moves(stop=(2, 3)) or moves(
        [replace(high, cpus=2)], [normal, newest]
    ) == Moves(stop=(3, 2))
    small, large = runs(job(5, priority="low", cpus=0.5), 1), runs(job(6, priority="low", cpus=1.5), 50)
    assert moves([replace(high, cpus=1.5)], [small, large]) == Moves(stop=(6,)), "the small one is not needed"
    assert moves([high], [runs(job(7, priority="high")), runs(job(8, priority="high"))]) == Moves()


def test_what_is_being_stopped_is_waited_for_and_its_room_is_kept() -> None:
    low, high, other = runs(job(1, priority="low", cpus=2)), job(2, priority="high", cpus=2), job(3, since=1)
    assert moves([high, other], [low], stopping=frozenset({1})) == Moves()
    assert moves([high], []) == Moves(begin=(2,))


def test_a_person_has_no_more_cores_than_the_quota() -> None:
    waiting = [job(1, since=30), job(2, since=20), job(3, "lin")]
    assert moves(waiting, machine=Room(4, 8), quota_cpus=1).begin == (3, 1) or set(
        moves(waiting, machine=Room(4, 8), quota_cpus=1).begin
    ) == {1, 3}
    assert moves([job(1)], [runs(job(9))], Room(4, 8), quota_cpus=1).begin == ()


JOBS = st.lists(
    st.builds(
        job,
        number=st.integers(1, 10_000),
        person=st.sampled_from(["ada", "lin", "bo"]),
        priority=st.sampled_from(["low", "normal", "high"]),
        cpus=st.sampled_from([0.5, 1.0, 2.0, 5.0]),
        gb=st.sampled_from([0.5, 2.0, 8.0]),
        since=st.floats(0, 2000),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)


@given(JOBS, st.integers(0, 12), st.sampled_from([None, 1.0, 2.0]))
def test_for_any_runs_the_machine_is_never_full_beyond_its_room(jobs: list[Job], cut: int, quota: float | None) -> None:
    machine, running = Room(4, 10), list[Job]()
    for each in jobs[:cut]:
        if machine.less(running).holds(each):
            running.append(runs(each))
    waiting = [each for each in jobs if each.id not in {one.id for one in running}]
    found = moves(waiting, running, machine, quota_cpus=quota)
    known = {each.id: each for each in jobs}
    left = machine.less([*running, *(known[number] for number in found.begin)])
    assert left.cpus >= -1e-6 and left.memory_gb >= -1e-6
    assert not set(found.begin) & {each.id for each in running} and set(found.stop) <= {each.id for each in running}
    begun = {known[number] for number in found.begin}
    for number in found.stop:  # something that matters more waits, and does not begin before it
        assert any(each.rank > known[number].rank for each in waiting if each not in begun)
    if quota is not None:
        for person in ("ada", "lin", "bo"):
            new = [each for each in begun if each.person == person]
            assert not new or sum(each.cpus for each in [*running, *new] if each.person == person) <= quota + 1e-6


@given(JOBS)
def test_for_any_runs_of_little_patience_none_waits_that_would_fit(jobs: list[Job]) -> None:
    """No room is kept free, since none has waited for long: nothing is idle that one of them could have."""
    waiting = [replace(each, queued=NOW - PATIENCE_S) for each in jobs]
    found = moves(waiting, [], Room(4, 10))
    free = Room(4, 10).less([each for each in waiting if each.id in found.begin])
    assert not found.stop and not [each.id for each in waiting if each.id not in found.begin and free.holds(each)]


def test_what_was_used_counts_by_half_after_a_day() -> None:
    assert decayed(8, 3 * 86_400) == 1.0 and decayed(8, -5) == 8.0


@pytest.mark.parametrize(("low", "high", "stopped"), [(3, 2, (3, 2)), (8, 3, (8, 7, 6))])
def test_no_more_are_stopped_than_several_need(low: int, high: int, stopped: tuple[int, ...]) -> None:
    """What makes room for the first makes none for the second, and is not made anew for it either."""
    begun = [runs(job(number, priority="low", cpus=1), 50 - number) for number in range(1, low + 1)]
    found = moves([job(100 + number, priority="high") for number in range(high)], begun, Room(low, 10 * low))
    assert found.begin == () and sorted(found.stop) == sorted(stopped)
