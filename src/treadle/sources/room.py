"""Memory that several readings share: who would go beyond it waits, and so does the server that it reads from.

A reading that is not asked for its next part leaves that where it is: the connection fills up, and the database or the
API stops sending (back-pressure). The reading that somebody waits for never waits itself, so that none stands still.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from treadle.sources.limits import refuse_larger

if TYPE_CHECKING:
    from treadle.spec import Layout


class Share(Protocol):
    """What a reading tells of the memory that it takes."""

    def grow(self, size: int) -> None:
        """Now this many bytes are held. Returns when there is room for them.

        Raises:
            GivenUp: nobody wants the rows any more.
        """
        ...


class GivenUp(Exception):
    """The run that wanted the rows has ended."""


class Alone:
    """Of a reading beside which there is no other."""

    def grow(self, size: int) -> None: ...


ALONE = Alone()


class Kept:
    """Of tables that are read one after the other, and all held: together they take no more than one of them might.

    layout: what is said of them, with its limit. `where`: what named them, for errors; fewer: how one asks for fewer.
    """

    def __init__(self, layout: Layout, where: str, fewer: str) -> None:
        self._layout, self._where, self._fewer, self._held = layout, where, fewer, 0

    def grow(self, size: int) -> None:
        """See `Share`.

        Raises:
            DataError: with those that are held it is more than may be taken.
        """
        refuse_larger(
            self._held + size,
            self._layout,
            "the tables together",
            what="take more than",
            where=self._where,
            other=self._fewer,
        )

    def keep(self, size: int) -> None:
        """A table of so many bytes stays."""
        self._held += size


class Room:
    """`most` bytes for all readings together. Safe to call from many threads."""

    def __init__(self, most: int) -> None:
        self.most, self.highest = most, 0
        self._held: dict[str, int] = {}
        self._first, self._closed = "", False
        self._changed = threading.Condition()

    def share(self, name: str) -> Part:
        return Part(self, name)

    def put_first(self, name: str) -> None:
        """This reading is waited for: it may take what its source may, whatever others hold."""
        with self._changed:
            self._first = name
            self._changed.notify_all()

    def let_go(self, name: str) -> None:
        """What this reading held is held no more."""
        with self._changed:
            self._held.pop(name, None)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, name: str, size: int) -> float:
        """Wait until there is room, and take it. Seconds that were waited."""
        began = time.monotonic()
        with self._changed:
            while not self._closed and name != self._first and self._too_much(name, size):
                self._changed.wait()
            if self._closed:
                raise GivenUp
            self._held[name] = size
            self.highest = max(self.highest, sum(self._held.values()))
        return time.monotonic() - began

    def _too_much(self, name: str, size: int) -> bool:
        """Beside what others hold; for one alone the limit of its source counts."""
        others = sum(self._held.values()) - self._held.get(name, 0)
        return others > 0 and others + size > self.most


class Part:
    """The share of one reading. `waited`: seconds that it had to wait for room."""

    def __init__(self, room: Room, name: str) -> None:
        self._room, self._name, self.waited = room, name, 0.0

    def grow(self, size: int) -> None:
        self.waited += self._room.take(self._name, size)
