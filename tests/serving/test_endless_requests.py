"""What never ends, comes in shreds or says a thing twice is cut off after a bounded number of bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest
from served_shop import Served
from uvicorn import Config
from uvicorn.server import ServerState

from treadle.serving.bodies import Bodies, NoRoom
from treadle.serving.protocol import MOST_CONNECTIONS, GuardedProtocol

CHUNKED = b" HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """Keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: Any) -> None:
        self.written += b"" if self.closed else bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def reading(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """/read takes its whole body, and answers how long it is and what headers came; else it answers at once."""
    got, more = b"", scope["path"] == "/read"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        got, more = got + message["body"], message["more_body"]
    said = b"%d %r" % (len(got), sorted(name for name, _ in scope["headers"]))
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


def told(*sent: bytes, others: int = 0) -> Wire:
    """What came of bytes that arrived one after another; all are fed until the connection is closed."""

    async def feed() -> Wire:
        config = Config(reading, lifespan="off", ws="none", log_config=None)
        config.load()
        state, wire = ServerState(), Wire()
        state.connections.update(object() for _ in range(others))  # type: ignore[misc]
        protocol = GuardedProtocol(config=config, server_state=state, app_state={})
        protocol.connection_made(wire)
        for part in sent:
            if wire.closed:
                break
            protocol.data_received(part)
            for _ in range(5):
                await asyncio.sleep(0)
        closed = wire.closed
        protocol.connection_lost(None)
        await asyncio.sleep(0)
        wire.closed = closed
        return wire

    return asyncio.run(feed())


def status(wire: Wire) -> int:
    return int(wire.written.split()[1])


@pytest.mark.parametrize("path", [b"GET /healthz", b"POST /predict"])
@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"0\r\nx: ", b"a" * 65_536),
        (b"0\r\n", b"x: a\r\n" * 10_000),
        (b"", b"1\r\na\r\n" * 10_000),
        (b"", b"1;" + b"e" * 65_000),
    ],
    ids=["a trailer", "trailers", "shreds", "an extension"],
)
def test_a_body_without_end_is_cut_off(served: Served, path: bytes, start: bytes, more: bytes) -> None:
    url, taken, closed = served.http.base_url, 0, False
    with socket.create_connection((url.host, url.port), timeout=20) as raw:
        with contextlib.suppress(ConnectionError):
            raw.sendall(path + CHUNKED + start)
            while taken < 64 * 2**20:
                raw.sendall(more)
                taken += len(more)
        with contextlib.suppress(ConnectionError):
            while not closed:
                closed = not raw.recv(65536)
    assert taken < 64 * 2**20  # what the kernel holds on its way is a few MiB
    assert served.http.get("/healthz").status_code == 200


def test_headers_after_the_body_are_refused() -> None:
    wire = told(b"POST /read" + CHUNKED + b"1\r\na\r\n0\r\nhost: evil\r\nauthorization: Bearer x\r\n\r\n")
    assert status(wire) == 400 and b"after the body" in wire.written and wire.closed


@pytest.mark.parametrize("name", [b"Host", b"Authorization", b"Content-Type"])
def test_a_header_that_tells_who_asks_stands_there_once(name: bytes) -> None:
    head = b"GET /read HTTP/1.1\r\n" + name + b": a\r\n"
    assert status(told(head + b"\r\n")) == 200
    wire = told(head + name.lower() + b": b\r\n\r\n")
    assert status(wire) == 400 and b"twice" in wire.written and wire.closed


def test_shreds_are_cut_off_soon_and_chunks_of_a_usual_size_are_not() -> None:
    shreds = told(b"POST /read" + CHUNKED, *[b"1\r\na\r\n" * 100] * 1_000)
    assert status(shreds) == 400 and b"too small parts" in shreds.written and shreds.closed
    part = b"28\r\n" + b"b" * 40 + b"\r\n"
    whole = told(b"POST /read" + CHUNKED, *[part * 100] * 500, b"0\r\n\r\n")
    assert status(whole) == 200 and b"2000000 " in whole.written and not whole.closed


def test_what_was_answered_is_not_read_on() -> None:
    """The connection is kept where the body was there, and else closed with the answer, which says so."""
    length = b" HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
    kept = told(b"POST /early" + length + b"12345", b"POST /read" + length, b"12345")
    assert kept.written.count(b" 200 OK") == 2 and b"close" not in kept.written and not kept.closed
    cut = told(b"POST /early" + length + b"12", b"345")
    assert status(cut) == 200 and b"connection: close" in cut.written and cut.closed


def test_a_body_is_refused_with_an_upgrade_and_none_is_lost() -> None:
    head = b" HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n"
    wire = told(b"POST /read" + head + b"content-length: 5\r\n\r\n12345")
    assert status(wire) == 400 and b"upgrade" in wire.written and wire.closed
    plain = told(b"GET /read" + head + b"\r\n")
    assert status(plain) == 200 and plain.closed


def test_more_connections_than_are_taken_are_told() -> None:
    request = b"GET /read HTTP/1.1\r\nhost: x\r\n\r\n"
    assert status(told(request, others=MOST_CONNECTIONS - 1)) == 200
    wire = told(request, others=MOST_CONNECTIONS)
    assert status(wire) == 503 and wire.closed


def test_bodies_that_are_still_to_come_hold_a_bounded_memory() -> None:
    async def several() -> tuple[list[bool], int, int]:
        bodies, never = Bodies(most=1000), asyncio.Event()

        async def receive() -> dict[str, Any]:
            await never.wait()
            return {"type": "http.disconnect"}

        async def held(known: bool) -> bytes | None:
            return await bodies.whole(b"x" * 200, receive, known=known)

        tasks = [asyncio.create_task(held(known)) for known in [False] * 4 + [True] * 4]
        await asyncio.sleep(0)
        waiting, most = [not task.done() for task in tasks], bodies.held
        never.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, NoRoom) or one is None for one in found)
        return waiting, most, bodies.held

    assert asyncio.run(several()) == ([True, True, False, False, True, True, True, False], 1000, 0)
