"""A real MariaDB on this machine, from the system's own package (Debian: mariadb-server).

`python tests/services/mysql.py` starts one, says its URL, and ends it with Enter; with `install`, it has the system
install the package, where whoever runs it may do that. Where the tests run as root, it runs as nobody. It ends with
the process that started it, however that ends.
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
from urllib.parse import quote

NAME = "mysql"
_NOBODY = 65534
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"))


@dataclass(frozen=True)
class Server:
    """A running server. Its password has every sign that a URL has a meaning for."""

    port: int
    password: str

    def url(self, database: str = "", user: str = "treadle", password: str | None = None) -> str:
        word = quote(self.password if password is None else password, safe="")
        return f"mysql://{user}:{word}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None) -> Any:
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="treadle", password=self.password, database=database,
            charset="utf8mb4", autocommit=True, ssl_disabled=True,
        )  # fmt: skip

    def new_database(self) -> str:
        """The URL of an empty database of its own."""
        name = f"t{secrets.token_hex(8)}"
        with contextlib.closing(self.connect()) as connection:
            connection.cursor().execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return self.url(name)

    def drop(self, url: str) -> None:
        with contextlib.closing(self.connect()) as connection:
            connection.cursor().execute(f"DROP DATABASE `{url.rpartition('/')[2]}`")


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    absent = [name for name in ("mariadbd", "mariadb-install-db") if shutil.which(name, path=_PLACES) is None]
    if importlib.util.find_spec("pymysql") is None:
        absent.append("pymysql")
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def started() -> Iterator[Server]:
    """A server with an empty folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="treadle-mysql-"))
    child = None
    try:
        data, password = folder / "data", "p@ss/w:%" + secrets.token_urlsafe(9)
        for place in (folder, data):
            place.mkdir(mode=0o700, exist_ok=True)
            if os.getuid() == 0:
                os.chown(place, _NOBODY, _NOBODY)
        common = ["--no-defaults", f"--datadir={data}"]
        made = subprocess.run(
            [_program("mariadb-install-db"), *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            capture_output=True,
            text=True,
            **_as_nobody(),
        )
        assert made.returncode == 0, f"{made.stdout[-2000:]}\n{made.stderr[-2000:]}"
        # as the server starts: nobody else reaches it before the one user that there is has a password
        (data / "first.sql").write_text(
            f"CREATE USER treadle@'127.0.0.1' IDENTIFIED BY '{password}';\n"
            "GRANT ALL ON *.* TO treadle@'127.0.0.1' WITH GRANT OPTION;\nDROP USER root@localhost;\n",
            encoding="utf-8",
        )
        (data / "first.sql").chmod(0o644)
        port = _free_port()
        options = {
            "port": port,
            "bind-address": "127.0.0.1",
            "socket": folder / "socket",
            "init-file": data / "first.sql",
        }
        options |= {"pid-file": folder / "pid", "innodb-flush-log-at-trx-commit": 0, "skip-name-resolve": 1}
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [_program("mariadbd"), *common, *(f"--{name}={value}" for name, value in options.items())],
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
            child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(30)
            child.kill()
            child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name, path=_PLACES)
    assert found is not None
    return found


def _as_nobody() -> dict[str, Any]:
    """How a program is started by root, and by anybody else."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(server: Server, child: subprocess.Popen[bytes], log: Path) -> None:
    import pymysql

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.connect().close()
            return
        except pymysql.MySQLError:
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"MariaDB did not start: {log.read_text(encoding='utf-8')[-2000:]}") from None
            time.sleep(0.05)


def install() -> None:
    """By apt, without a question; nothing where the server is there."""
    if shutil.which("mariadbd", path=_PLACES) is None:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet, timeout=60)
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "mariadb-server"]
        subprocess.run(command, check=True, env=quiet, timeout=180)


if __name__ == "__main__" and sys.argv[1:] == ["install"]:
    install()
elif __name__ == "__main__":
    with started() as running:
        print(running.url(), flush=True)
        sys.stdin.readline()
