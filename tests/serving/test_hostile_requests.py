"""Whatever is sent, the server answers it soon with one clear refusal, takes nothing of it, and goes on for others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_shop import RECORD, Served

from treadle.errors import nearest
from treadle.serving import App, records
from treadle.spec import load
from treadle.workspace import open_workspace

POSTS = ("/predict", "/events/returns", "/events/customers", "/outcomes", "/state")
GETS = ("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/state", "/report", "/watch", "/api", "/api/log")
SOON = 3.0
"""Seconds. What is held to it takes milliseconds; what is super-linear in a body of these sizes takes minutes."""


def kept(folder: Path, kind: str) -> list[dict[str, Any]]:
    return list(records(open_workspace(load(folder), actor="ada").journal, kind))


@contextlib.contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    url = served.http.base_url
    with socket.create_connection((url.host, url.port), timeout=20) as raw:
        yield raw


def sent_raw(served: Served, content: bytes) -> bytes:
    """The first line of what comes back."""
    with connected(served) as raw:
        with contextlib.suppress(OSError):  # it may be refused before its end
            raw.sendall(content)
        answer = b""
        with contextlib.suppress(OSError):
            while b"\r\n" not in answer:
                part = raw.recv(65536)
                if not part:
                    break
                answer += part
        return answer.partition(b"\r\n")[0]


BODIES: dict[str, Callable[[], bytes]] = {
    "a key like the end of a message": lambda: b'{"' + b" - at `$" * 240_000 + b'\\n":1}',
    "a key of digits": lambda: b'{"' + b"1" * 4_301 + b'":1}',
    "a key of digits in brackets": lambda: b'{"[' + b"1" * 4_301 + b']":1}',
    "one long key": lambda: b'{"' + b"k" * 1_900_000 + b'":1}',
    "a whole number of 4,301 digits": lambda: b'{"items":' + b"1" * 4_301 + b"}",
    "a text that is one": lambda: b'{"customer":' + b"1" * 4_301 + b"}",
    "a list of such": lambda: b'{"amount":[' + b",".join([b"1" * 4_301] * 400) + b"]}",
    "many digits": lambda: b'{"amount":' + b"1" * 1_900_000 + b"}",
    "a key many times": lambda: b"{" + b",".join([b'"items":1'] * 200_000) + b',"items":"x"}',
    "many rows of nothing": lambda: b"[" + b",".join([b"{}"] * 690_000) + b"]",
    "many lists": lambda: b"[" + b",".join([b"[]"] * 690_000) + b"]",
    "deep": lambda: b'{"amount":' + b"[" * 1_900_000,
    "deep and closed": lambda: b'{"amount":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "digits of a second": lambda: b'{"ordered":"2024-04-15T12:00:00.' + b"1" * 1_900_000 + b'x"}',
    "bytes that are no text": lambda: b'{"customer":"\xff"}',
    "half a surrogate": lambda: b'{"customer":"\\ud800","items":"x"}',
    "NaN": lambda: b'{"amount":NaN}',
    "minus infinity": lambda: b'{"amount":-Infinity}',
    "a name in bytes that are no text": lambda: b'{"\xff\xfe":1}',
    "bytes after what is wrong": lambda: b'[{"amount":"x","label":"x","as_of":1,"since":1},"\xff"]',
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", list(BODIES.values()), ids=list(BODIES))
def test_a_hostile_body_is_refused_soon(served: Served, path: str, body: Callable[[], bytes]) -> None:
    content = body()
    began = time.monotonic()
    answer = served.http.post(path, content=content)
    took = time.monotonic() - began
    assert 400 <= answer.status_code < 500 or (answer.status_code == 200 and path.startswith("/events/")), answer.text
    assert answer.status_code == 200 or answer.json()["error"]
    assert len(answer.content) < 10_000 and took < SOON


@pytest.mark.parametrize("length", [2_000, 2_000_000])
def test_the_nearest_name_of_a_long_word_is_not_searched_for(length: int) -> None:
    began = time.monotonic()
    assert nearest("ab" * length, ["amount", "items"]) == "known here: amount, items"
    assert time.monotonic() - began < 0.05


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/log?x", 422),
        ("/api/log?limit=-1", 422),
        ("/api/log?limit=0", 422),
        ("/api/log?limit=99999999999999999999", 422),
        ("/api/log?limit=" + "1" * 5_000, 422),
        ("/api/log?%ff=%fe", 422),
        ("/api/log?limit=%ed%a0%80", 422),
        ("/api/log?kind=a&kind=b", 422),
        ("/api/" + "x" * 10_000, 404),
        ("/api/%00", 404),
        ("/apix", 404),
        ("/reportage", 404),
        ("/watching", 404),
        ("/events/" + "v" * 10_000, 405),
    ],
)
def test_a_hostile_path_is_refused(served: Served, path: str, status: int) -> None:
    answer = served.http.get(path)
    assert answer.status_code == status and answer.json()["error"] and len(answer.content) < 5_000


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 2_000_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"y" * 2_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 300_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"n" * 2_000_000,
    ],
    ids=["path", "value", "many", "name"],
)
def test_a_head_without_end_is_refused(served: Served, head: bytes) -> None:
    assert sent_raw(served, head).split()[1:2] == [b"431"]
    assert served.http.get("/healthz").status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from([*POSTS, *GETS, "/events/", "/nowhere", "/api/why", "/api/models/show"]),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"]),
    body=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda t: t.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.text(),
                st.sampled_from([*RECORD, "label", "as_of", "told"]),
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(
                    st.one_of(st.text(max_size=8), st.sampled_from([*RECORD, "label", "prediction_id", "known"])),
                    inner,
                    max_size=5,
                ),
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_no_request_is_a_fault_of_the_server(served: Served, path: str, method: str, body: bytes) -> None:
    if method in ("GET", "HEAD") and path in GETS[6:]:
        return  # reads of the project have tests of their own
    answer = served.http.request(method, path, content=body)
    assert answer.status_code < 500, (method, path, body, answer.text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    target=st.binary(max_size=40).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")),
    name=st.binary(min_size=1, max_size=20),
    value=st.binary(max_size=40),
)
def test_no_bytes_on_the_wire_are_a_fault_of_the_server(
    served: Served, target: bytes, name: bytes, value: bytes
) -> None:
    line = sent_raw(
        served, b"POST /" + target + b" HTTP/1.1\r\nconnection: close\r\n" + name + b": " + value + b"\r\n\r\n"
    )
    assert line == b"" or line.split()[1][:1] in b"24", line


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("outcomes", "/outcomes", b'{"prediction_id":"cut off","label":true}'),
        ("predictions", "/predict", json.dumps({**RECORD, "prediction_id": "cut off"}).encode()),
    ],
)
@pytest.mark.parametrize("how", ["length", "chunks"])
def test_an_upload_that_breaks_off_is_not_taken(served: Served, kind: str, path: str, body: bytes, how: str) -> None:
    """The part that came is whole JSON; but the caller had announced more, so it is not what they meant to say."""
    head = b"POST " + path.encode() + b" HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n"
    if how == "length":
        sent = head + b"content-length: 500\r\n\r\n" + body
    else:
        sent = head + b"transfer-encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n"
    with connected(served) as raw:
        raw.sendall(sent)
        time.sleep(0.1)
    assert served.http.post(path, content=body.replace(b"cut off", b"whole")).status_code == 200
    time.sleep(0.6)  # longer than what is answered waits to be written
    ids = [record["prediction_id"] for record in kept(served.folder, kind)]
    assert "cut off" not in ids and "whole" in ids


EVENT = {"customer": "a", "amount": 1.0, "came_back": True, "told": "2024-04-14T00:00:00Z"}


@pytest.mark.parametrize(("path", "row"), [("/predict", RECORD), ("/events/returns", {**EVENT, "order_id": "e"})])
def test_a_long_list_lets_others_in(app: App, path: str, row: dict[str, Any]) -> None:
    """Who comes meanwhile is answered meanwhile: after some records or events they get their turn."""

    async def turns(rows: int) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            asking, found = asyncio.create_task(http.post(path, json=[row] * rows)), 0
            while not asking.done():
                found += 1
                await asyncio.sleep(0)
            assert (await asking).status_code == 200
            return found

    assert asyncio.run(turns(5_000)) - asyncio.run(turns(1)) >= 5_000 // 512


def test_more_rows_than_a_list_may_have_are_refused_and_none_is_taken(served: Served) -> None:
    event = {"order_id": "many", "customer": "many", "amount": 1.0, "items": 1, "told": "2024-04-14T00:00:00Z"}
    outcome = {"prediction_id": "many", "label": 1}
    for path, row in (("/predict", {"customer": "a", "order_id": "b", "items": 1}), ("/outcomes", outcome)):
        answer = served.http.post(path, json=[row] * 10_001)
        assert answer.status_code == 413 and "10,000 rows" in answer.json()["error"]
    assert served.http.post("/events/returns", json=[event] * 10_001).status_code == 413
    braces = {"customer": "{" * 50_001, "order_id": "b", "items": 1}
    assert [answer["model"] for answer in served.http.post("/predict", json=[braces]).json()] == ["shop:1"]
    assert "many" not in [record["prediction_id"] for record in kept(served.folder, "outcomes")]


def test_events_of_one_key_told_newest_first_are_taken_soon(served: Served) -> None:
    rows = [
        {
            "order_id": f"back-{i}",
            "customer": "backwards",
            "amount": 1.0,
            "items": 1,
            "came_back": True,
            "told": f"2024-04-{14 - i // 720:02d}T{(719 - i % 720) // 30:02d}:{(719 - i % 720) % 30:02d}:00Z",
        }
        for i in range(7_200)
    ]
    began = time.monotonic()
    assert served.http.post("/events/returns", json=rows).json() == {"taken": 7_200}
    assert time.monotonic() - began < 2 * SOON
