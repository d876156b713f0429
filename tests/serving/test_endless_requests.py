"""What never ends, comes in shreds or says a thing twice is cut off after a bounded number of bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
from served_shop import RECORD, Served, token_of
from wire import status, told

from treadle.access import tokens
from treadle.serving import App, bodies, protocol
from treadle.serving.bodies import Bodies, NoRoom
from treadle.serving.protocol import MOST_CONNECTIONS, GuardedProtocol
from treadle.workspace import Workspace

LENGTH = b" HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
CHUNKED = b" HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


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


@pytest.mark.parametrize("name", [b"Host", b"Authorization", b"Content-Type", b"Origin", b"X-CSRF-Token"])
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
    kept = told(b"POST /early" + LENGTH + b"12345", b"POST /read" + LENGTH, b"12345")
    assert kept.written.count(b" 200 OK") == 2 and b"close" not in kept.written and not kept.closed
    cut = told(b"POST /early" + LENGTH + b"12", b"345")
    assert status(cut) == 200 and b"connection: close" in cut.written and cut.closed
    begun = told(b"POST /begun" + LENGTH + b"12", b"345")
    assert status(begun) == 200 and b"connection: close" in begun.written and begun.closed


def test_a_body_is_refused_with_an_upgrade_and_none_is_lost() -> None:
    head = b" HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n"
    wire = told(b"POST /read" + head + b"content-length: 5\r\n\r\n12345")
    assert status(wire) == 400 and b"upgrade" in wire.written and wire.closed
    parts = told(b"POST /read" + head + b"transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")
    assert status(parts) == 400 and b"upgrade" in parts.written and parts.closed
    assert status(told(b"POST /read" + head + b"content-length: 0\r\n\r\n")) == 200
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


WHOLE = b"GET /early HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        (),
        (b"GET /re",),
        (b"G", 0.1, b"E", 0.1, b"T"),
        (WHOLE, b"GET /re"),
        (b"POST /read" + LENGTH,),
        (b"POST /read" + LENGTH + b"1", 0.1, b"2", 0.1, b"3"),
        (WHOLE, b"POST /read" + LENGTH + b"1"),
        (WHOLE, b"\r\n"),
        (WHOLE, b"\r\n", 0.1, b"\r\n", 0.1, b"\r\n"),
    ],
    ids=[
        "nothing",
        "a head",
        "a head in bits",
        "a second head",
        "no body",
        "a body in bits",
        "a second body",
        "a blank line",
        "blank lines",
    ],
)
def test_what_does_not_come_in_its_time_is_closed(sent: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a byte comes: the time is that of the whole."""
    monkeypatch.setattr(protocol, "_HEAD_SECONDS", 0.15)
    monkeypatch.setattr(protocol, "_BODY_SECONDS", 0.15)
    assert told(*sent, 0.5).closed


def test_blank_lines_are_no_head_without_end_and_do_no_harm() -> None:
    wire = told(WHOLE, *[b"\r\n" * 1000] * 40)
    assert wire.closed and b" 431 " in wire.written
    wire = told(WHOLE, b"\r\n", WHOLE, b"\r\n" + b"POST /read" + LENGTH, b"12345", b"\r\n", WHOLE)
    assert wire.written.count(b" 200 OK") == 4 and not wire.closed


def test_what_came_in_its_time_may_be_answered_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_HEAD_SECONDS", 0.1)
    monkeypatch.setattr(protocol, "_BODY_SECONDS", 0.1)
    wire = told(b"POST /late" + LENGTH + b"12345", 1.5)
    assert status(wire) == 200 and not wire.closed


def test_a_body_of_one_size_too_many_is_refused_and_each_request_has_a_measure_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "_BODY_BYTES", 1000)
    head = b" HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    parts = [b"x" * 500] * 2
    wire = told(*[b"POST /read" + head % 1000, *parts] * 3)
    assert wire.written.count(b" 200 OK") == 3 and not wire.closed
    wire = told(b"POST /read" + head % 1002, *parts, b"x")
    assert status(wire) == 413 and wire.closed
    shreds = [b"1\r\na\r\n" * 400] * 20
    monkeypatch.setattr(protocol, "_BODY_BYTES", 8000)  # and what is around these is five times as much
    wire = told(*[b"POST /read" + CHUNKED, *shreds, b"0\r\n\r\n"] * 3)
    assert wire.written.count(b" 200 OK") == 3 and not wire.closed


def test_a_server_that_is_stopped_takes_no_more_once_the_body_was_answered() -> None:
    wire = told(b"POST /read" + LENGTH + b"12", GuardedProtocol.shutdown, b"345")
    assert status(wire) == 200 and b"connection: close" in wire.written and wire.closed


def test_a_body_is_measured_over_all_its_parts_and_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY", 500)
    monkeypatch.setattr(bodies, "_BODY_SECONDS", 0.1)
    asked = 0

    async def more() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async def drops() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def all_of_them() -> None:
        large, small = Bodies(most=10_000), Bodies(most=300)
        async with asyncio.timeout(20):
            whole = await large.whole(b"x", more, known=True)
            assert whole is not None and len(whole) == 501 and asked == 5  # too much, and no more is asked for
            with pytest.raises(NoRoom):
                await small.whole(b"x", more, known=True)
            assert asked == 5 + 3
            assert await large.whole(b"x", drops, known=True) is None
        assert large.held == small.held == 0

    asyncio.run(all_of_them())


def test_who_is_known_has_room_for_a_body_that_others_no_longer_have(app: App, workspace: Workspace) -> None:
    token = token_of(workspace.project.root, "predict")
    app.door.renew(tokens.book(workspace.chain, "shop"))
    body = b"[" + b",".join([json.dumps(RECORD).encode()] * 2) + b"]"
    app._bodies = Bodies(most=len(body) + 10)

    async def sent(*headers: tuple[bytes, bytes]) -> int:
        parts = iter([body[:50], body[50:]])
        found: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            part = next(parts)
            return {"type": "http.request", "body": part, "more_body": len(part) == 50}

        async def send(message: dict[str, Any]) -> None:
            found.append(message)

        given = [(b"host", b"shop"), (b"content-type", b"application/json"), *headers]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": given, "client": ("10.0.0.1", 1)}
        await app(scope, receive, send)
        return int(found[0]["status"])

    assert asyncio.run(sent()) == 503
    assert asyncio.run(sent((b"authorization", f"Bearer {token}".encode()))) == 200
    assert app._bodies.held == 0
