"""A connection without a network: what the server's protocol writes for the bytes that it is fed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from treadle.serving.protocol import GuardedProtocol


class Wire(asyncio.Transport):
    """Keeps what is written, and whether it was closed. `unread`: bytes of it that nobody has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.unread = b"", 0
        self.closed = self.aborted = self.lost = self.paused = False

    def write(self, data: Any) -> None:
        if self.lost:
            raise RuntimeError("the handler is closed")
        self.written += b"" if self.closed else bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def reading(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """/read takes its whole body, and answers how long it is and what headers came; else it answers at once.

    /late answers only a while after that; /begun begins its answer before.
    """
    if scope["path"] == "/begun":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.body", "body": b"ok"})
        return
    got, more = b"", scope["path"] in ("/read", "/late")
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        got, more = got + message["body"], message["more_body"]
    if scope["path"] == "/late":
        await asyncio.sleep(0.3)
    said = b"%d %r" % (len(got), sorted(name for name, _ in scope["headers"]))
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


def told(*sent: bytes | float | Callable[[GuardedProtocol], None], others: int = 0) -> Wire:
    """What came of bytes that arrived one after another; all are fed until the connection is closed.

    Between them so many seconds go by as a number says, or something else is done.
    """

    async def feed() -> Wire:
        config = Config(reading, lifespan="off", ws="none", log_config=None)
        config.load()
        state, wire = ServerState(), Wire()
        state.connections.update(object() for _ in range(others))  # type: ignore[misc]
        made = GuardedProtocol(config=config, server_state=state, app_state={})
        made.connection_made(wire)
        for part in sent:
            if wire.closed:
                break
            if isinstance(part, float):
                await asyncio.sleep(part)
            elif isinstance(part, bytes):
                made.data_received(part)
            else:
                part(made)
            async with asyncio.timeout(20):
                while made.pipeline and not wire.closed and not wire.lost:
                    await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
        closed = wire.closed
        made.connection_lost(None)
        await asyncio.sleep(0)
        wire.closed = closed
        return wire

    return asyncio.run(feed())


def status(wire: Wire) -> int:
    return int(wire.written.split()[1])


def statuses(wire: Wire) -> list[int]:
    """Of all answers, in their order."""
    return [int(each) for each in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", wire.written)]
