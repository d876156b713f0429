"""Bodies that come in several parts: gathered whole, each within a size and a time, all together within a size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
MAX_BODY = 4 * 2**20
"""What is larger takes so long to read that others would wait for it: it comes in parts."""
MOST_TOGETHER = 64 * 2**20
"""Bytes of all that has begun to come and is not whole. Callers without a name may fill a half of it."""
_BODY_SECONDS = 60.0  # that a body may take to come, once it has begun


class NoRoom(Exception):
    """The bodies of others that are still to come hold all the memory that there is for them."""


class Bodies:
    """Of one server. Belongs to its event loop."""

    def __init__(self, most: int = MOST_TOGETHER) -> None:
        self._most, self.held = most, 0

    async def whole(self, body: bytes, receive: Receive, *, known: bool) -> bytes | None:
        """The whole of a body that begins with `body`, or more of it than is taken; None if it breaks off.

        Raises:
            NoRoom: there is no memory for it now.
        """
        parts, size, most = list[bytes](), 0, self._most if known else self._most // 2
        message: dict[str, Any] = {"body": body, "more_body": True}
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    part = message.get("body", b"")
                    if self.held + len(part) > most:
                        raise NoRoom
                    parts.append(part)
                    size += len(part)
                    self.held += len(part)
                    if size > MAX_BODY or not message.get("more_body"):
                        return b"".join(parts)
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
        except TimeoutError:
            return None
        finally:
            self.held -= size
