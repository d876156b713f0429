"""Requests that wait for the answers to others are answered in their order; how many, and how long, is bounded."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvloop
from served_shop import RECORD, Served
from uvicorn import Config
from uvicorn.server import ServerState
from wire import status, statuses, told

from treadle.errors import StoreError
from treadle.serving import App, protocol
from treadle.serving.metrics import Metrics
from treadle.serving.protocol import GuardedProtocol
from treadle.serving.unread import Unread

SMALL = b"GET / HTTP/1.1\r\n\r\n"
LENGTH = b" HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
LATE = b"POST /late" + LENGTH % 5 + b"12345"
CHUNKED = b" HTTP/1.1\r\nhost: x\r\ntransfer-encoding: %b\r\n\r\n5\r\n12345\r\n0\r\n\r\n"


def test_of_requests_that_come_at_once_a_few_wait_and_the_others_are_not_read_yet() -> None:
    waiting: list[tuple[int, bool]] = []

    def send(made: GuardedProtocol) -> None:
        made.data_received(SMALL * 2_000)
        waiting.append((len(made.pipeline), made.flow.read_paused))

    wire = told(send, lambda made: waiting.append((len(made.pipeline), made.flow.read_paused)))
    assert waiting[0][0] <= 120 and waiting == [(waiting[0][0], True), (0, False)]
    assert statuses(wire) == [200] * 2_000 and not wire.closed


def test_a_request_that_is_being_answered_lets_no_more_be_read_while_others_wait() -> None:
    """Each answer, and each that asks for its body, would have let in another quarter of a megabyte."""
    paused: list[bool] = []

    def look(made: GuardedProtocol) -> None:
        paused.append(made.flow.read_paused)
        made.flow.resume_reading()
        paused.append(made.flow.read_paused)

    told(lambda made: (made.data_received(LATE + SMALL), look(made)), SMALL)  # type: ignore[arg-type, func-returns-value]
    assert paused == [True, True]


def test_what_all_connections_hold_unread_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_HELD_BYTES", 10_000)
    assert set(statuses(told(SMALL * 500))) == {200}
    found = told(SMALL * 1_000)
    assert set(statuses(found)[:-1]) == {200} and statuses(found)[-1] == 503 and found.closed


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (LATE + b"garbage\r\n\r\n", [200, 400]),
        (LATE + SMALL + b"garbage\r\n\r\n" + SMALL, [200, 200, 400]),
        (LATE + b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", [200, 400]),
        (LATE + b"POST /read" + CHUNKED[:-7] % b"chunked" + b"1\r\na\r\n" * 20_000, [200, 400]),
        (LATE + b"POST /read" + CHUNKED[:-7] % b"chunked" + b"0\r\nhost: a\r\n\r\n" + SMALL, [200, 400]),
        (LATE + b"GET / HTTP/1.1\r\nx: " + b"a" * 80_000, [200, 431]),
    ],
    ids=["no request", "after two", "a header twice", "shreds", "a trailer", "a large head"],
)
def test_a_refusal_is_said_after_what_stands_before_it(sent: bytes, answers: list[int]) -> None:
    """An outcome that was kept was answered by the refusal of what came after it."""
    wire = told(sent, 0.6)
    assert statuses(wire) == answers and wire.closed
    if len(sent) > 70_000:  # and in parts, as it comes from afar
        wire = told(*(sent[at : at + 1_000] for at in range(0, len(sent), 1_000)), 0.6)
        assert statuses(wire) == answers and wire.closed


def test_honest_requests_one_after_another_are_no_large_head() -> None:
    body = b"x" * 180
    assert statuses(told((b"POST /read" + LENGTH % 180 + body) * 1_000)) == [200] * 1_000
    next_one = b"POST /read" + LENGTH % 5 + b"12345"
    first = b"POST /read" + LENGTH % 88_800
    wire = told(first[:20], first[20:] + b"x" * 88_800 + next_one[:20], next_one[20:])
    assert statuses(wire) == [200, 200] and not wire.closed


def test_a_caller_who_left_is_no_fault_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """What is still being answered is not the newest of its requests, and only that was told."""

    def leave(made: GuardedProtocol) -> None:
        made.transport.lost = True  # type: ignore[attr-defined]
        made.connection_lost(ConnectionResetError())

    def send(made: GuardedProtocol) -> None:
        made.data_received(LATE + SMALL * 3)
        made.loop.call_later(0.05, leave, made)

    with caplog.at_level(logging.INFO):
        wire = told(send, 0.6)
    assert wire.written == b"" and caplog.records == []


def test_a_refusal_is_counted_and_said_in_the_log_now_and_then(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, now = Metrics("shop"), [0.0]
    unread = Unread(metrics, clock=lambda: now[0])
    for _ in range(30):
        now[0] += 3
        unread(400)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" were")[0].split(" was")[0] for line in said] == ["treadle: 1 request", "treadle: 20 requests"]
    assert b'treadle_requests_total{endpoint="shop",path="unread",status="400"} 30.0' in metrics.text()
    with caplog.at_level(logging.INFO):
        assert status(told(b"garbage\r\n\r\n")) == 400
    assert caplog.records == []


def test_a_body_in_a_coding_that_is_not_undone_is_refused() -> None:
    assert status(told(b"POST /read" + CHUNKED % b"Chunked")) == 200
    for coding in (b"gzip, chunked", b"identity, chunked", b"gzip"):
        wire = told(b"POST /read" + CHUNKED % coding)
        assert status(wire) == 501 and wire.closed


# -- who does not read


def test_who_takes_a_little_again_and_again_is_waited_for_and_who_takes_nothing_is_not() -> None:
    seen: list[bool] = []

    def read(left: int) -> Any:
        def go_on(made: GuardedProtocol) -> None:
            made.transport.unread = left  # type: ignore[attr-defined]
            made._look_at_writing()
            seen.append(made.transport.aborted)  # type: ignore[attr-defined]

        return go_on

    def full(made: GuardedProtocol) -> None:
        made.transport.unread = 100_000  # type: ignore[attr-defined]
        made.pause_writing()

    wire = told(full, read(99_999), read(50_000), read(50_000))
    assert seen == [False, False, True] and wire.aborted
    wire = told(full, read(50_000), GuardedProtocol.resume_writing, lambda made: seen.append(made._writing is None))
    assert seen[-2:] == [False, True] and not wire.aborted


def test_a_server_that_is_stopped_waits_shorter_for_who_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_LAST_SECONDS", 0.05)

    def full(made: GuardedProtocol) -> None:
        made.transport.unread = 100_000  # type: ignore[attr-defined]
        made.pause_writing()

    assert not told(LATE, full, 0.2).aborted
    assert told(LATE, full, GuardedProtocol.shutdown, 0.2).aborted


LARGE = b"x" * 4 * 2**20


async def large(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(LARGE))]})
    await send({"type": "http.response.body", "body": LARGE})


@pytest.mark.parametrize(
    "sent",
    [SMALL, SMALL * 300, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", SMALL + b"garbage\r\n\r\n"],
    ids=["one", "many", "one that is closed then", "a refusal"],
)
def test_who_never_reads_is_cut_off(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_WRITE_SECONDS", 0.1)

    async def until_gone() -> None:
        config = Config(large, lifespan="off", ws="none", log_config=None)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: GuardedProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        with socket.create_connection(server.sockets[0].getsockname()) as raw:
            raw.sendall(sent)
            async with asyncio.timeout(20):
                while not state.total_requests and not state.connections:
                    await asyncio.sleep(0.01)
                while state.connections or state.tasks:
                    await asyncio.sleep(0.01)
        server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_gone())


# -- at the server itself


def test_predictions_in_one_go_are_answered_and_what_is_no_request_is_counted(served: Served) -> None:
    url = served.http.base_url
    asked = served.http.build_request("POST", "/predict", json=RECORD)
    head = f"POST /predict HTTP/1.1\r\nhost: {url.host}\r\ncontent-type: application/json\r\ncontent-length: "
    whole = head.encode() + b"%d\r\n\r\n" % len(asked.content) + asked.content
    with socket.create_connection((url.host, url.port), timeout=20) as raw:
        raw.sendall(whole * 400 + b"garbage\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 400 and answer.rindex(b" 200 OK") < answer.index(b" 400 Bad Request")
    assert b'path="unread",status="400"' in served.http.get("/metrics").content


def test_probes_are_answered_by_head_and_other_methods_are_told_what_is_taken(served: Served) -> None:
    for path in ("/healthz", "/readyz"):
        head, got = served.http.head(path), served.http.get(path)
        assert head.status_code == 200 and head.content == b""
        assert head.headers["content-length"] == str(len(got.content))
    with httpx.Client(base_url=served.http.base_url) as anybody:
        for method in ("OPTIONS", "TRACE", "PUT"):
            for path, takes in (("/predict", "POST"), ("/state", "GET, HEAD, POST"), ("/api", "GET, HEAD")):
                answer = anybody.request(method, path)
                assert answer.status_code == 405 and answer.headers["allow"] == takes, (method, path)
        assert anybody.get("/predict").headers["allow"] == "POST" and anybody.get("/api/run").headers["allow"] == ""


def test_a_list_of_events_is_kept_whole_or_not_at_all(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the state fails in the middle of it."""
    state: Any = app.endpoint.state
    rows = [
        {"order_id": f"e{i}", "customer": f"c{i}", "amount": 1.0, "came_back": True, "told": "2024-04-14T00:00:00Z"}
        for i in range(300)
    ]
    written, writes = state._write, iter([True, True, False])

    def fails(items: Any) -> None:
        if not next(writes):
            raise StoreError("the state is away")
        written(items)

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            return (await http.post("/events/returns", json=rows)).status_code

    def kept() -> Iterator[bool]:
        return (state.history("returns", row["customer"]) is not None for row in rows)

    monkeypatch.setattr(state, "_write", fails)
    assert asyncio.run(post()) == 503 and not any(kept())
    monkeypatch.setattr(state, "_write", written)
    assert asyncio.run(post()) == 200 and all(kept())
