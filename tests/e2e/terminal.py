"""Treadle as its users meet it: commands in a terminal, requests over HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def treadle(*words: object, ok: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does. `ok=False`: it must fail, with a message and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "treadle", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done


def answer(*words: object) -> Any:
    """The one JSON object that a command prints."""
    done = treadle(*words, "--json")
    assert done.stdout.count("\n") == 1, "one object and nothing else"
    return json.loads(done.stdout)


def refusal(*words: object) -> str:
    """What a command that fails says, after the lines of its progress; nothing of it on stdout."""
    said = treadle(*words, ok=False).stderr
    assert re.search("^(treadle: |Error: )", said, re.MULTILINE), said
    return said


def token(project: Path, scopes: str = "predict,events,outcomes,read,write") -> str:
    """The text of a new token of the service `tests`."""
    return str(answer("tokens", "create", "tests", project, "--scopes", scopes)["text"])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def http(url: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """Status and decoded answer; POST if there is a body."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=30) as found:
            status, content = found.status, found.read()
    except urllib.error.HTTPError as bad:
        status, content = bad.code, bad.read()
    return status, json.loads(content) if content[:1] in b"{[" else content.decode()


@contextmanager
def serving(project: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`treadle serve` on a free port, until the end of the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", "serve", str(project), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                if http(f"{url}/readyz")[0] == 200:
                    break
            except (urllib.error.URLError, ConnectionError):
                pass
            assert process.poll() is None and time.monotonic() < until, "the server did not become ready"
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.wait(30)
