"""Predictions over HTTP with online features, beside a bare ASGI server that parses and answers the same JSON.

Both run as one process on one core under the same uvicorn; the load comes from this process, on another core.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from benchmarks.rows import Row

FLIGHTS = Path(__file__).parents[1] / "examples" / "flights"
SERVER_CORE, LOAD_CORE = 0, 1
SECONDS = 6.0
FIELDS = ("flight_id", "carrier", "origin", "dest", "distance", "tailnum", "sched_dep", "sched_arr")

_BARE = """
import sys, msgspec, socket
from treadle.serving.server import bind, serve
answer = {"prediction": True, "probability": 0.1234567890123, "threshold": 0.1804, "model": "flights:1",
          "prediction_id": "0123456789abcdef0123456789abcdef"}
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = (await receive())["body"]
    msgspec.json.decode(body)
    content = msgspec.json.encode(answer)
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]})
    await send({"type": "http.response.body", "body": content})
serve(app, bind("127.0.0.1", int(sys.argv[1])))
"""


def requests() -> list[bytes]:
    """Real flights of the weeks after training, each a request."""
    frame = pl.read_parquet(FLIGHTS / "data" / "flights.parquet").sort("sched_dep").tail(20_000).select(FIELDS)
    out = []
    for row in frame.iter_rows(named=True):
        body = json.dumps({k: v for k, v in row.items() if v is not None}, default=lambda v: v.isoformat()).encode()
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        out.append(head.encode() + b"\r\n" + body)
    return out


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the server did not start: {' '.join(command[:4])}") from None
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


class _Caller(asyncio.Protocol):
    """Sends the next request when the answer to the last has come; notes each one's seconds."""

    def __init__(self, bodies: Iterator[bytes], took: list[float]) -> None:
        self.bodies, self.took, self.left, self.kept = bodies, took, -1, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self.start = time.perf_counter()
        self.transport.write(next(self.bodies))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.kept += data
        head = self.kept.find(b"\r\n\r\n")
        if head < 0:
            return
        place = self.kept.find(b"content-length: ", 0, head) + 16
        size = int(self.kept[place : self.kept.find(b"\r\n", place)])
        if len(self.kept) < head + 4 + size:
            return
        if not self.kept.startswith(b"HTTP/1.1 200"):
            raise SystemExit(self.kept.decode())
        self.kept = b""
        self.took.append(time.perf_counter() - self.start)
        self._ask()


async def load(port: int, connections: int, bodies: list[bytes], seconds: float) -> list[float]:
    """Seconds of each request that `connections` callers made within `seconds`."""
    took: list[float] = []
    loop, number = asyncio.get_running_loop(), iter(range(1 << 60))
    turns = (bodies[n % len(bodies)] for n in number)
    made = [await loop.create_connection(lambda: _Caller(turns, took), "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(seconds / 6)
    took.clear()
    await asyncio.sleep(seconds)
    done = list(took)
    for transport, _ in made:
        transport.close()
    return done


def call(port: int, bodies: list[bytes]) -> tuple[float, float, float]:
    """(p50 ms, p99 ms at one connection; requests a second at 32)."""
    import uvloop

    one = sorted(uvloop.run(load(port, 1, bodies, SECONDS)))
    many = uvloop.run(load(port, 32, bodies, SECONDS))
    return statistics.median(one) * 1000, one[int(len(one) * 0.99)] * 1000, len(many) / SECONDS


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure() -> list[Row]:
    subprocess.run([sys.executable, "-m", "treadle", "run", str(FLIGHTS)], check=True, stdout=subprocess.DEVNULL)
    bodies = requests()
    os.sched_setaffinity(0, {LOAD_CORE})
    with tempfile.TemporaryDirectory() as folder:
        # a copy, so that the load does not stand in the example's ledger
        home = Path(folder) / "home"
        shutil.copytree(FLIGHTS / ".treadle", home)
        port = free_port()
        start = time.perf_counter()
        command = [sys.executable, "-m", "treadle", "serve", str(FLIGHTS), "--port", str(port)]
        with running(command, port, {"TREADLE_HOME": str(home)}):
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                        break
                except OSError:
                    time.sleep(0.01)
            ready = time.perf_counter() - start
            p50, p99, rate = call(port, bodies)
    port = free_port()
    with running([sys.executable, "-c", _BARE, str(port)], port, {}):
        bare50, bare99, bare = call(port, bodies)
    os.sched_setaffinity(0, {SERVER_CORE, LOAD_CORE})
    bundle = max(_bundles())
    return [
        Row("prediction, 1 connection, p50", "ms", p50, bare50, "bare ASGI", "under 1 ms", p50 < 1),
        Row("prediction, 1 connection, p99", "ms", p99, bare99, "bare ASGI", "limits.p99_ms: 5", p99 < 5),
        Row("predictions/s, 32 connections", "/s", rate, bare, "bare ASGI", "at least 5,000", rate >= 5000),
        Row("start of treadle serve to ready", "s", ready, None, "", "under 2 s", ready < 2),
        Row("bundle", "MB", bundle, None, "", "under 5 MB", bundle < 5),
    ]


def _bundles() -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "treadle", "models", "list", str(FLIGHTS), "--json"],
        check=True,
        capture_output=True,
    )
    return [float(model["mb"]) for model in json.loads(done.stdout)["models"]]
