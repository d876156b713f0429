"""A web server on this machine that behaves as a test asks: it answers what a function says, or breaks off."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: its path, its parameters, its headers by their names in small letters; how many came before it; and
    what it holds, where something is sent."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    number: int
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True)
class Say:
    """What is answered. `length`: said in place of the true one, -1 for none; `then`: called with the socket before the
    body is sent, and what it returns in place of the body; `raw`: bytes in place of all of it.
    """

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    then: Callable[[socket.socket], None] | None = None
    raw: bytes | None = None


Answers = Callable[[Asked], Say]


def says(tree: Any, **more: Any) -> Say:
    """An answer of JSON."""
    return Say(json.dumps(tree).encode(), **more)


@dataclass
class Web:
    """A running server: its URL, and what it was asked for."""

    answers: Answers
    head: Say | None = None
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def serving(
    answers: Answers, *, wrap: Callable[[socket.socket], socket.socket] | None = None, head: Say | None = None
) -> Iterator[Web]:
    """A server on a free port of 127.0.0.1. wrap: what makes its socket one with TLS; head: what HEAD is answered."""
    web = Web(answers, head)
    server = _Server(("127.0.0.1", 0), _handler(web))
    if wrap is not None:
        server.socket = wrap(server.socket)
    web.url = f"{'https' if wrap else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            query = dict(parse_qsl(parts.query, True))
            asked = Asked(parts.path, query, headers, len(web.asked), self.command, body)
            web.asked.append(asked)
            said = web.answers(asked)
            try:
                self._send(said)
            except ConnectionError:
                self.close_connection = True

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def do_HEAD(self) -> None:
            self._send(web.head or Say(status=405))
            self.close_connection = False  # what it says of a length is true: of the body that GET would have

        def _send(self, said: Say) -> None:
            if said.raw is not None:
                self.wfile.write(said.raw)
                self.close_connection = True
                return
            self.send_response(said.status)
            if said.kind:
                self.send_header("Content-Type", said.kind)
            if said.length != -1:
                self.send_header("Content-Length", str(len(said.body) if said.length is None else said.length))
            for name, value in said.headers:
                self.send_header(name, value)
            self.end_headers()
            if said.then is not None:
                self.wfile.flush()
                said.then(self.connection)
            self.wfile.write(said.body)
            if said.length is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler
