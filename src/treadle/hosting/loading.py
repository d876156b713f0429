"""A server of the released version, in a process of its own, asked as much as it answers; and what that took.

1. The server has a journal, and a copy of the online state, in a folder that is removed: no answer of a load test is
   in the ledger of predictions, by which loads are measured.
2. Real requests, of the newest rows, are asked over so many kept connections, each once it has its answer.
3. What the server used is read from the kernel at each second: CPU-seconds by the answers of that second.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.errors import DataError, TreadleError
from treadle.plans.confirming_found import Loaded, Slice

if TYPE_CHECKING:
    from treadle.models import Bundle
    from treadle.workspace import Workspace

MOST_ROWS = 2000
START_SECONDS = 60.0
_WARM_SECONDS = 1.0
_WAIT_SECONDS = 30.0
"""For an answer; a server that takes longer is not there."""


def load_test(
    workspace: Workspace, bundle: Bundle, *, seconds: float, connections: int, say: Callable[[str], None]
) -> Loaded:
    """Of the version that is released.

    Raises:
        DataError: there are no rows to ask with, or the server refuses most of them; TreadleError: it does not start.
    """
    bodies = requests_of(workspace, bundle)
    with (
        tempfile.TemporaryDirectory(prefix="treadle-load-") as folder,
        _server(workspace, Path(folder)) as (child, port),
    ):
        say(f"a server of {bundle.manifest.model} is asked for {seconds:g} s, {connections} at once")
        asking = [_wire(body, port) for body in bodies]
        _ask(asking, port, connections, _WARM_SECONDS, child.pid)
        found = _ask(asking, port, connections, seconds, child.pid)
    if found.refused > found.answers / 10 or not found.answers:
        told = f"{found.refused:,} of {found.answers + found.refused:,} requests were refused: {found.first}"
        raise DataError(told, where="costs confirm", mend="a token that may predict: TREADLE_TOKEN")
    return found


def requests_of(workspace: Workspace, bundle: Bundle) -> list[bytes]:
    """Requests of the newest rows, as a caller writes them."""
    from treadle.hosting.opening import newest_rows

    frame = newest_rows(workspace, bundle.manifest.plan.each).tail(MOST_ROWS)
    names = [each.name for each in bundle.manifest.request.inputs.fields if each.name in frame.columns]
    rows = ({k: v for k, v in row.items() if v is not None} for row in frame.select(names).iter_rows(named=True))
    found = [msgspec.json.encode(row, enc_hook=str) for row in rows]
    if not found:
        raise DataError(f"{bundle.manifest.plan.each} has no rows to ask with", where="costs confirm", mend="run it")
    return found


@contextlib.contextmanager
def _server(workspace: Workspace, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that answers on a port of its own, until the block ends."""
    project = workspace.project
    words = [sys.executable, "-m", "treadle.hosting.loading", str(project.file), project.target or "", str(folder)]
    errors = folder / "stderr"
    pipe = subprocess.PIPE
    with errors.open("wb") as err, subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=err) as child:
        try:
            assert child.stdout is not None
            with selectors.DefaultSelector() as ready:
                ready.register(child.stdout, selectors.EVENT_READ)
                late = not ready.select(START_SECONDS)
            line = "" if late else child.stdout.readline().decode().strip()  # its port once it can answer, or it ends
            if not line.isdigit():
                said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                told = said[-1] if said else "it said nothing"
                raise TreadleError(
                    f"the server did not start{f' in {START_SECONDS:g} s' if late else ''}: {told}",
                    where=workspace.endpoint,
                    mend="treadle serve PROJECT says more",
                )
            yield child, int(line)
        finally:
            child.terminate()
            try:
                child.wait(_WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _wire(body: bytes, port: int) -> bytes:
    token = os.environ.get("TREADLE_TOKEN")
    allowed = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{allowed}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class _Asked:
    """One connection: what is being answered on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun, self.held = 0.0, b""

    def ask(self, wire: bytes) -> None:
        self.held, self.begun = b"", time.perf_counter()
        self.socket.sendall(wire)

    def answered(self) -> tuple[int, bytes] | None:
        """Status and body, once they are whole."""
        part = self.socket.recv(1 << 16)
        if not part:
            raise TreadleError("the server closed a connection", where="costs confirm", mend="try again")
        self.held += part
        head, gap, body = self.held.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        return (int(head[9:12]), body) if len(body) >= length else None


def _ask(wires: Sequence[bytes], port: int, connections: int, seconds: float, pid: int) -> Loaded:
    import psutil

    server = psutil.Process(pid)
    took, refused, first, place = list[float](), 0, "", 0
    slices, count = list[Slice](), 0
    with selectors.DefaultSelector() as ready, contextlib.ExitStack() as stack:
        for _ in range(connections):
            each = _Asked(port)
            stack.callback(each.socket.close)
            ready.register(each.socket, selectors.EVENT_READ, each)
            each.ask(wires[place % len(wires)])
            place += 1
        start = mark = time.perf_counter()
        used, peak = _cpu(server), 0.0
        while time.perf_counter() - start < seconds:
            events = ready.select(_WAIT_SECONDS)
            if not events:
                raise TreadleError(f"no answer in {_WAIT_SECONDS:g} s", where="costs confirm", mend="try again")
            for key, _ in events:
                each = key.data
                found = each.answered()
                if found is None:
                    continue
                now = time.perf_counter()
                if found[0] == 200:
                    took.append(now - each.begun)
                    count += 1
                else:
                    refused, first = refused + 1, first or found[1].decode(errors="replace")[:200]
                each.ask(wires[place % len(wires)])
                place += 1
            now = time.perf_counter()
            if now - mark >= min(1.0, seconds / 10):
                cpu, peak = _cpu(server), max(peak, server.memory_info().rss / 2**20)
                slices.append(Slice(count, now - mark, cpu - used))
                mark, used, count = now, cpu, 0
    return Loaded(tuple(slices), tuple(sorted(took)), refused, first, peak)


def _cpu(server: Any) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _end_with_parent(folder: Path) -> None:
    """Whoever asks may be killed: then nobody reads what this answers, and nobody else clears its folder."""
    while os.read(0, 1):  # empty once nobody holds the other end
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """The server's process: `PROJECT TARGET FOLDER`; it prints its port, and serves until it is told to end."""
    from treadle.hosting.opening import make_app, open_door
    from treadle.serving import bind, serve
    from treadle.spec import load
    from treadle.workspace import open_workspace

    file, target, folder = sys.argv[1:4]
    project = load(file)
    workspace = open_workspace(project.of(target) if target else project, actor="service:load-test", begins=False)
    threading.Thread(target=_end_with_parent, args=(Path(folder),), daemon=True).start()
    listening = bind("127.0.0.1", 0)
    app = make_app(workspace.apart(Path(folder)), open_door(workspace, "127.0.0.1"))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    serve(app, listening)


if __name__ == "__main__":
    main()
