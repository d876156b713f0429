"""What takes long is made ahead, in threads, while what was made before is used: in its order, and never much of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice, repeat, takewhile
from typing import TypeVar

T = TypeVar("T")


def made_ahead(makes: Iterable[Callable[[], T]], threads: int) -> Generator[T, None, None]:
    """What each of `makes` returns, in their order, and what it raises, in its place.

    The first is made when it is asked for, and nothing beside it: who measures something by it is not disturbed. Later
    on, while one is used, so many others as there are threads are being made or wait; without threads none is. `makes`
    is asked by who reads this; each of them is called once, in any of the threads. None of these runs on when the
    reader is closed.
    """
    if not threads:
        for make in makes:
            yield make()
        return
    waits = iter(makes)
    for make in islice(waits, 1):
        yield make()
    waiting = deque[Future[T]]()
    with ThreadPoolExecutor(threads, "treadle-ahead") as pool:
        try:
            for make in waits:
                waiting.append(pool.submit(make))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def each_ahead(made: Iterator[T]) -> Generator[T, None, None]:
    """The same things, each made in a thread of its own while the one before is used. None is none of them."""
    with closing(made_ahead(repeat(partial(next, made, None)), 1)) as parts:
        yield from takewhile(lambda one: one is not None, parts)
