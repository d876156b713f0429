"""What is made ahead comes in its order, and no more of it is made than is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from treadle.sources.ahead import made_ahead


class Made:
    """Makes numbers; `asked` how many were begun, `broken` one that cannot be made."""

    def __init__(self, count: int, broken: int | None = None) -> None:
        self.count, self.broken, self.asked = count, broken, 0

    def calls(self) -> Iterator[Callable[[], int]]:
        for number in range(self.count):
            self.asked += 1
            yield partial(self.one, number)

    def one(self, number: int) -> int:
        if number == self.broken:
            raise ValueError(number)
        return number


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_all_of_it_in_its_order(threads: int, count: int) -> None:
    assert list(made_ahead(Made(count).calls(), threads)) == [*range(count)]


def test_the_first_is_made_alone_and_of_the_others_no_more_than_there_are_threads() -> None:
    made = Made(9)
    read = made_ahead(made.calls(), 2)
    assert made.asked == 0
    assert next(read) == 0 and made.asked == 1
    for number in range(1, 4):
        assert next(read) == number and made.asked == number + 3
    read.close()
    assert made.asked == 6


def test_two_are_made_at_once() -> None:
    met = threading.Barrier(2, timeout=5)
    assert sorted(made_ahead([lambda: 2, met.wait, met.wait], 2)) == [0, 1, 2]


def test_what_is_wrong_with_one_is_told_in_its_place() -> None:
    read = made_ahead(Made(9, broken=3).calls(), 2)
    assert [next(read), next(read), next(read)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3"):
        next(read)


def test_no_thread_is_left_when_nobody_reads_on() -> None:
    before = threading.active_count()
    read = made_ahead(Made(9).calls(), 2)
    assert [next(read), next(read)] == [0, 1]
    assert threading.active_count() == before + 2
    read.close()
    assert threading.active_count() == before
