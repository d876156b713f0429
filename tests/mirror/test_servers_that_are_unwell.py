"""A server that is away, slow, unwilling or something else harms no run, and is told of in one sentence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from treadle.address import Address
from treadle.api import Context
from treadle.api.mirror import MirrorRequest, mirror
from treadle.api.work import RunRequest, run
from treadle.errors import SpecError, StoreError
from treadle.mirror.found import Mirrored
from treadle.mirror.rest import Rest
from treadle.principal import person

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def says(status: int, body: object = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()

    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.rfile.read(int(asked.headers.get("content-length") or 0))
        asked.send_response(status)
        for name, value in headers.items():
            asked.send_header(name, value)
        asked.send_header("content-length", str(len(content)))
        asked.end_headers()
        asked.wfile.write(content)

    return answer


def told(project: Path, url: str, seconds: int = 20) -> Mirrored:
    answer = mirror(MirrorRequest(project=str(project), mlflow=url, seconds=seconds), Context(person("ada")))
    (one,) = answer.versions
    assert not answer.ok and one.state == "not sent" and one.run == ""
    return one


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says(500, {"error_code": "INTERNAL_ERROR", "message": "disk full\nat line 3"}), "it refused: 500 disk full"),
        (says(401), "it lets nobody in so (401)"),
        (says(403), "it lets nobody in so (403)"),
        (says(507), "it refused: 507"),
        (says(200, b"<html>hello</html>"), "something else than JSON"),
        (says(200), "its answer lacks what MLflow's has"),
        (says(200, {"experiment": [1]}), "its answer lacks what MLflow's has"),
        (says(302, location="http://127.0.0.1:1/elsewhere"), "it points elsewhere"),
        (says(200, b"x" * (9 << 20)), "its answer is too large"),
    ],
)
def test_what_a_server_says_instead_is_told(run_once: Path, answer: Answer, said: str) -> None:
    with serving(answer) as url:
        assert said in told(run_once, url).why


def test_nobody_there_and_no_such_host(run_once: Path) -> None:
    assert "refused" in told(run_once, "http://127.0.0.1:1").why.lower()
    assert "MLflow at http://nowhere.invalid" in told(run_once, "http://nowhere.invalid").why


def test_a_server_that_hangs_or_dribbles_is_left(run_once: Path) -> None:
    held = threading.Event()

    def hang(asked: BaseHTTPRequestHandler) -> None:
        held.wait(60)

    def dribble(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.end_headers()
        while not held.wait(0.1):
            asked.wfile.write(b" ")

    for answer in (hang, dribble):
        with serving(answer) as url:
            began = time.monotonic()
            assert "time" in (why := told(run_once, url, seconds=1).why) or "seconds are over" in why
            assert time.monotonic() - began < 30  # of the 60 that it would hang
    held.set()


def test_no_password_is_shown_and_none_follows_a_redirect(run_once: Path) -> None:
    heard = []

    def listen(asked: BaseHTTPRequestHandler) -> None:
        heard.append(asked.headers.get("authorization"))
        says(200)(asked)

    with serving(listen) as other, serving(says(302, location=other)) as url:
        why = told(run_once, url.replace("http://", "http://ada:s3cret%40word@")).why
    assert heard == [] and "s3cret" not in why and "ada:***@" in why


def test_who_asks_is_told_as_the_url_or_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    def listen(asked: BaseHTTPRequestHandler) -> None:
        heard.append(asked.headers.get("authorization"))
        says(200)(asked)

    with serving(listen) as url:
        Rest(Address(url.replace("http://", "http://ada:p%40ss@"), "here"), 5).get("x")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok")
        Rest(Address(url, "here"), 5).get("x")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "bo")
        Rest(Address(url, "here"), 5).get("x")
    assert heard == ["Basic YWRhOnBAc3M=", "Bearer tok", "Basic Ym86"]


@pytest.mark.parametrize("url", ["ftp://host", "nothing", "http://", "file:///x", "http://a:b"])
def test_what_is_no_server_is_refused(run_once: Path, url: str) -> None:
    with pytest.raises(StoreError):
        Rest(Address(url, "--mlflow"), 5)
    assert told(run_once, url).why


def test_artifacts_that_clients_must_write_themselves_are_told() -> None:
    rest = Rest(Address("http://127.0.0.1:1", "here"), 5)
    with pytest.raises(StoreError, match="keeps artifacts at s3:") as bad:
        rest.put("s3://bucket/1/abc/artifacts", "report.html", b"")
    assert "--artifacts-destination" in bad.value.mend


def test_a_run_is_unharmed(shop: Path) -> None:
    """It is released as without a mirror, and says once what is lacking and how to send it."""
    answer = run(RunRequest(project=str(shop), mlflow="http://127.0.0.1:1"), Context(person("ada")))
    assert answer.released and answer.mirrored is not None and answer.mirrored.state == "not sent"
    assert "refused" in answer.mirrored.why.lower()


def test_without_a_server_nothing_is_told(shop: Path) -> None:
    assert run(RunRequest(project=str(shop)), Context(person("ada"))).mirrored is None
    with pytest.raises(SpecError, match="no server to tell"):
        mirror(MirrorRequest(project=str(shop)), Context(person("ada")))
    with pytest.raises(SpecError, match="0 seconds"):
        mirror(MirrorRequest(project=str(shop), mlflow="http://127.0.0.1:1", seconds=0), Context(person("ada")))
