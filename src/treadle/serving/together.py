"""Records that come at the same time are answered together: one call of the model's graph for all of them.

A call costs much the same for one row as for thirty, and trees that are walked by thirty rows in a row stay in the
processor's caches. Servers call it dynamic batching (Triton, BentoML); here nobody is made to wait for a batch to
fill: it is whoever came in the same turn of the event loop. A record that comes alone is answered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from treadle.serving.inputs import Record

MOST = 128
"""Records that are answered before others get their turn: some ten milliseconds of work."""
_QUIET_TURNS = 8  # after a crowd, until one that comes alone is answered at once again: a crowd comes in bits


class Asked(NamedTuple):
    """A record, the body that it was read from, which a model that is taken up meanwhile reads anew, and who asks."""

    record: Record
    body: bytes
    client: str = ""


class Together:
    """Belongs to one event loop."""

    def __init__(self, answer_each: Callable[[Sequence[Asked]], list[bytes | Exception]]) -> None:
        """answer_each: the answer to each record, or what is wrong with it."""
        self._answer_each = answer_each
        self._came, self._crowded = 0, 0
        self._waiting: list[tuple[Asked, asyncio.Future[bytes]]] = []

    def alone(self) -> bool:
        """Whether a record that came now is to be answered at once: in the last turns no two came together."""
        if self._crowded:
            return False
        if not self._came:
            asyncio.get_running_loop().call_soon(self._turned)
        self._came += 1
        return True

    def _turned(self) -> None:
        self._crowded, self._came = _QUIET_TURNS if self._came > 1 else 0, 0

    async def answer(self, asked: Asked) -> bytes:
        """The answer to one record, once all of this turn have come."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._answer_waiting)
        answered: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append((asked, answered))
        return await answered

    def _answer_waiting(self) -> None:
        now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._crowded = _QUIET_TURNS if len(now) > 1 else self._crowded - 1
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_waiting)
        try:
            found = self._answer_each([asked for asked, _ in now])
        except Exception as bad:  # of all of them: each is told, and none waits for ever
            found = [bad] * len(now)
        for (_, answered), answer in zip(now, found, strict=True):
            if answered.done():  # its caller went away
                continue
            if isinstance(answer, Exception):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)
