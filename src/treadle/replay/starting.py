"""An endpoint that is started for a replay, as a process of its own, and ended with it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

from treadle.errors import TreadleError
from treadle.replay.client import Client

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_END_SECONDS = 20.0
"""For a server to write its journal down, once it was told to end; then it is killed."""
_MOST_SAID = 2000


@contextlib.contextmanager
def started(workspace: Workspace) -> Iterator[str]:
    """A server process of the project's endpoint, on a free port, ended with the block."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    project = workspace.project
    words = ["serve", str(project.file), "--host", "127.0.0.1", "--port", str(port)]
    target = ["--target", project.target] if project.target else []
    url = f"http://127.0.0.1:{port}"
    with running([sys.executable, "-m", "treadle", *words, *target], url):
        yield url


@contextlib.contextmanager
def running(command: Sequence[str], url: str) -> Iterator[None]:
    """The server that `command` starts, once it is ready at `url`.

    Raises:
        TreadleError: it ended before, with what it said; or it is not ready in 30 s.
    """
    # a file and no pipe: a pipe that nobody reads is full after 64 KiB, and the server waits for ever
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as process,
    ):
        try:
            _wait_ready(url, process, said)
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()  # nothing is done to one that has ended


def _wait_ready(url: str, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            said.seek(0)
            why = said.read().decode(errors="replace").strip()[-_MOST_SAID:]
            raise TreadleError(f"the endpoint did not start: {why}", where=url)
        with contextlib.suppress(TreadleError), contextlib.closing(Client(url)) as client:
            client.get("/readyz")
            return
        time.sleep(0.1)
    raise TreadleError("the endpoint was not ready within 30 s", where=url, mend="look at: treadle serve PROJECT")
