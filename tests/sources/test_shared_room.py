"""Memory that readings share: who has no room waits, whoever is waited for does not, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from treadle.sources.room import ALONE, GivenUp, Room


def waiting(room: Room, name: str, size: int) -> tuple[threading.Thread, list[float]]:
    """A reading in a thread of its own that wants so much; and, once it has it, how long it waited."""
    took: list[float] = []
    thread = threading.Thread(target=lambda: took.append(room.take(name, size)), daemon=True)
    thread.start()
    return thread, took


def stands_still(thread: threading.Thread) -> bool:
    thread.join(0.15)
    return thread.is_alive()


def test_who_has_no_room_waits_until_another_lets_go() -> None:
    room = Room(100)
    assert room.take("a", 60) < 0.1 and room.take("b", 40) < 0.1
    thread, took = waiting(room, "b", 50)
    assert stands_still(thread) and not took
    room.let_go("a")
    thread.join(5)
    assert took and took[0] > 0.1 and room.highest == 100


def test_a_reading_alone_takes_what_it_needs() -> None:
    room = Room(100)
    share = room.share("a")
    share.grow(50)
    share.grow(5000)  # the limit of its source is another's business
    assert room.highest == 5000 and share.waited < 0.1
    ALONE.grow(10**12)


def test_whoever_is_waited_for_never_waits() -> None:
    room = Room(100)
    room.take("a", 90)
    thread, took = waiting(room, "b", 50)
    assert stands_still(thread)
    room.put_first("b")
    thread.join(5)
    assert took and room.highest == 140


def test_who_is_not_wanted_any_more_ends() -> None:
    room = Room(100)
    room.take("a", 90)
    ended: list[type] = []

    def read() -> None:
        try:
            room.share("b").grow(50)
        except GivenUp as told:
            ended.append(type(told))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert stands_still(thread)
    room.close()
    thread.join(5)
    assert ended == [GivenUp]
    with pytest.raises(GivenUp):
        room.take("c", 1)


def test_many_at_once_stay_within_the_room() -> None:
    """Ten that grow and let go, in an order of their own; each is put first in turn, as a run does."""
    room, most = Room(1000), 10
    done = [threading.Event() for _ in range(most)]

    def read(number: int) -> None:
        for size in range(50, 301, 50):
            room.take(str(number), size)
            time.sleep(0.001)
        done[number].set()

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(most)]
    for thread in threads:
        thread.start()
    for number in range(most):
        room.put_first(str(number))
        assert done[number].wait(20)
        room.let_go(str(number))
    assert room.highest <= 1300  # beyond it, only what the first one took
