"""A server that is started for a replay: it may say much, it ends with the replay, and why it did not start is told."""

from __future__ import annotations

import socket
import sys

import pytest

from treadle.errors import TreadleError
from treadle.replay import starting
from treadle.replay.client import Client
from treadle.replay.starting import running

SERVER = """
import http.server, signal, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sys.stderr.write("x" * 200_000)
        sys.stderr.flush()
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"true")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


def test_a_server_that_says_much_goes_on_and_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_END_SECONDS", 0.1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with running([sys.executable, "-c", SERVER, str(port)], url):
        assert Client(url).get("/") is True
    with pytest.raises(TreadleError, match="no answer"):
        Client(url).get("/")


def test_what_a_server_said_that_did_not_start_is_told() -> None:
    words = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    with pytest.raises(TreadleError, match="did not start: the port is taken"), running(words, "http://127.0.0.1:1"):
        pass
