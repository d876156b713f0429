"""A caller of an endpoint speaks as its URL says, and what is no answer of an endpoint is told in a sentence."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from treadle.errors import SpecError, TreadleError
from treadle.replay.client import Client


class Once:
    """A server of one call: what it was sent, and what it answers to that."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.sent = answer, b""
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            self.sent = connection.recv(1 << 16)
            connection.sendall(self.answer)


@contextlib.contextmanager
def once(status: str, body: bytes) -> Iterator[Once]:
    answer = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
    server = Once(answer + body)
    try:
        yield server
        server.thread.join()
    finally:
        server.listening.close()


def test_a_token_does_not_go_in_the_clear_where_the_url_says_https() -> None:
    with once("200 OK", b"{}") as server, pytest.raises(TreadleError, match="no answer"):
        Client(f"https://{server.place}", "hush-hush").get("/")
    assert server.sent[:1] == b"\x16", "a handshake of TLS begins so"
    assert b"hush" not in server.sent


def test_a_path_of_the_url_stands_before_those_of_the_endpoint() -> None:
    with once("200 OK", b"{}") as server:
        assert Client(f"http://{server.place}/shop/", "hush").get("/state") == {}
    assert server.sent.startswith(b"GET /shop/state ") and b"authorization: Bearer hush" in server.sent


@pytest.mark.parametrize(
    "url", ["http://h:99999", "http://h:port", "http://[::1", "ftp://h", "localhost:8000", "https://", "http://h/?a=1"]
)
def test_what_is_no_url_of_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(SpecError) as caught:
        Client(url)
    assert caught.value.where == url and "https://HOST" in caught.value.mend


def test_a_page_of_a_proxy_is_told_and_no_trace() -> None:
    page = "<h1>Schlechtes Gateway für Sie</h1>".encode("latin-1")
    with once("502 Bad Gateway", page) as server:
        assert Client(f"http://{server.place}").try_post("/predict", {}) == (
            502,
            {"error": "502: <h1>Schlechtes Gateway f\ufffdr Sie</h1>"},
        )
    with once("502 Bad Gateway", page) as server, pytest.raises(TreadleError, match="/ answered 502: <h1>Schlechtes"):
        Client(f"http://{server.place}").get("/")
    for ask in (lambda client: client.get("/"), lambda client: client.try_post("/", {})):
        with once("200 OK", page) as server, pytest.raises(TreadleError, match="something else than JSON"):
            ask(Client(f"http://{server.place}"))
