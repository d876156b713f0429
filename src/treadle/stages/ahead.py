"""Sources that are read side by side: a slow one does not keep the others waiting.

Rows of databases, APIs and stores come from elsewhere, so a run that reads them one after the other mostly waits. They
are begun together, each in a thread, under one limit of memory; the run holds them to their contracts and keeps them in
the order of the project file, one at a time, as it would have without this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from treadle.sources import Room, most_bytes
from treadle.spec import Layout
from treadle.spec.urls import is_url

if TYPE_CHECKING:
    from treadle.sources import Share
    from treadle.spec import Source

_MOST_AT_ONCE = 8
_LOOK_SECONDS = 0.1
_LEAVING_SECONDS = 2.0
"""That a run which failed waits for readings to end; they end with the process in any case."""


class Held(Protocol):
    """What a reading gives: it says how much it holds."""

    @property
    def bytes(self) -> int: ...


class Fetched(Struct, frozen=True):
    """How one of several sources was read. `waited`: of its seconds, those in which it waited for memory."""

    source: str
    bytes: int
    seconds: float
    waited: float


def from_elsewhere(source: Source) -> bool:
    return is_url(source.read)


class Ahead:
    """Readings that were begun. Belongs to the thread of the run."""

    def __init__(self, most: int | None = None) -> None:
        """most: bytes that all of them may hold; if not given, as many as one source may take."""
        self._room = Room(most_bytes(Layout()) if most is None else most)
        self._waiting: SimpleQueue[_Reading] = SimpleQueue()
        self._begun: dict[str, _Reading] = {}
        self._threads: list[threading.Thread] = []
        self._taken: list[Fetched] = []

    def add(self, name: str, read: Callable[[Share], Held]) -> None:
        """A reading that is to be begun, after those that were added before it."""
        self._begun[name] = reading = _Reading(name, read, self._room)
        self._waiting.put(reading)

    def start(self) -> None:
        for number in range(min(_MOST_AT_ONCE, len(self._begun))):
            # of a daemon, since one that hangs in a driver must not keep the process
            thread = threading.Thread(target=self._work, name=f"reading-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        while True:
            try:
                reading = self._waiting.get_nowait()
            except Empty:
                return
            reading.run()

    def take(self, name: str) -> Any:
        """What was read, once it is; None of a source that was not begun, or was taken before.

        Raises:
            whatever its reading raised.
        """
        reading = self._begun.pop(name, None)
        if reading is None:
            return None
        self._room.put_first(name)
        while not reading.ended.wait(_LOOK_SECONDS):
            pass  # so that Ctrl-C is met: the kernel may hand it to a thread that reads
        if reading.fault is not None:
            raise reading.fault
        assert reading.found is not None
        self._taken.append(
            Fetched(name, reading.found.bytes, round(reading.seconds, 3), round(reading.share.waited, 3))
        )
        return reading.found

    def done(self, name: str) -> None:
        """The rows stand in a snapshot: others have their room."""
        self._room.let_go(name)

    def told(self) -> tuple[Fetched, ...]:
        """How they were read; none where no two were."""
        return tuple(self._taken) if len(self._taken) > 1 else ()

    def close(self) -> None:
        """Nobody wants more of them."""
        with suppress(Empty):  # first, so that whoever is let go begins no other
            while True:
                self._waiting.get_nowait()
        self._room.close()
        until = time.monotonic() + _LEAVING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))


class _Reading:
    def __init__(self, name: str, read: Callable[[Share], Held], room: Room) -> None:
        self.share, self._read = room.share(name), read
        self.found: Held | None = None
        self.fault: BaseException | None = None
        self.seconds = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        try:
            self.found = self._read(self.share)
        except BaseException as bad:  # told to the run, which asks for it in its turn
            self.fault = bad
        self.seconds = time.monotonic() - began
        self.ended.set()
