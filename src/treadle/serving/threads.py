"""Work that may wait for a disk, a process or another server, apart from the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def apart(made: Callable[[], T], name: str = "treadle-apart") -> T:
    """What `made` gives, from a thread of its own that holds up neither the loop nor the end of the process.

    Cancelled, the thread goes on, and what it gives is let go. asyncio's own threads are waited for at the end: one
    that waits for a database that does not answer would keep a stopped server alive.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Future[T] = loop.create_future()

    def tell(found: T | None, bad: BaseException | None) -> None:
        if told.done():
            return
        if bad is not None:
            told.set_exception(bad)
        else:
            told.set_result(found)  # type: ignore[arg-type]

    def work() -> None:
        found, fault = None, None
        try:
            found = made()
        except BaseException as bad:
            fault = bad
        try:
            loop.call_soon_threadsafe(tell, found, fault)
        except RuntimeError:  # the loop has ended
            return

    threading.Thread(target=work, name=name, daemon=True).start()
    return await told
