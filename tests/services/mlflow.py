"""A real MLflow server on this machine, from an environment of its own: it brings too much for the one of every day.

`python tests/services/mlflow.py install` makes that environment once (some minutes), in the folder TREADLE_MLFLOW, else
in the user's cache. Where it is not there, tests that need it skip.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "mlflow"
_NEEDS = "mlflow>=3.4,<4"
_START_SECONDS = 120
_PR_SET_PDEATHSIG = 1


def place() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TREADLE_MLFLOW") or cache / "treadle-tests" / "mlflow")


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    there = (place() / "bin" / "mlflow").exists()
    return "" if there else "not installed: python tests/services/mlflow.py install"


def install() -> None:
    """Anew; one that broke off has no program `mlflow`, and counts as none."""
    shutil.rmtree(place(), ignore_errors=True)
    venv.create(place(), with_pip=True)
    subprocess.run([str(place() / "bin" / "python"), "-m", "pip", "install", "--quiet", _NEEDS], check=True)


@contextmanager
def started() -> Iterator[str]:
    """The URL of a server with nothing in it: SQLite, and artifacts that it keeps itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        kept = [
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination",
            f"{folder}/artifacts",
        ]
        heard = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        log = Path(folder) / "log"
        with log.open("wb") as out:
            child = subprocess.Popen(
                [str(place() / "bin" / "mlflow"), "server", *kept, *heard],
                stdout=out,
                stderr=out,
                cwd=folder,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        try:
            _wait(url, child, log)
            yield url
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def python(script: str, *words: str, url: str) -> str:
    """What a script says that runs with MLflow, and with Treadle and what it needs behind it."""
    found = Path(__file__).parents[2] / "src"
    behind = f"import sys; sys.path += [{str(found)!r}, {sysconfig.get_paths()['purelib']!r}]\n"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": url, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(place() / "bin" / "python"), "-c", behind + script, *words],
        capture_output=True,
        text=True,
        env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
        timeout=240,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr[-4000:])
    return done.stdout


def _end_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _wait(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"MLflow did not start: {log.read_text(encoding='utf-8')[-2000:]}") from None
            time.sleep(0.2)


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        install()
    else:
        with started() as running:
            print(running, flush=True)
            sys.stdin.readline()
