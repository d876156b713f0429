"""Predictions over HTTP with online features, beside a bare ASGI server that parses and answers the same JSON.

Both run as one process on one core under the same uvicorn, side by side; they are asked in turn, several times over,
and the ratio is that of the medians. The load comes from wrk, on another core: a generator in Python would be slower
than the servers, and measure itself.
"""

from __future__ import annotations

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
from typing import NamedTuple

import polars as pl

from benchmarks.rows import Row

FLIGHTS = Path(__file__).parents[1] / "examples" / "flights"
SERVER_CORE, LOAD_CORE = 0, 1
SECONDS, ROUNDS = 4, 5
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


_SCRIPT = """
local sent, next = {}, 0
function init(args)
  for body in io.lines(args[1]) do
    sent[#sent + 1] = wrk.format("POST", "/predict", {["Content-Type"] = "application/json"}, body)
  end
end
function request()
  next = next % #sent + 1
  return sent[next]
end
function done(summary, latency)
  local bad = summary.errors
  io.stderr:write(string.format("%d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
"""


class Load(NamedTuple):
    """What wrk saw at one server, in one turn."""

    rate: float
    p50_ms: float
    p99_ms: float


def bodies(project: Path) -> Iterator[bytes]:
    """Real flights of the weeks after training, each a request."""
    frame = pl.read_parquet(project / "data" / "flights.parquet").sort("sched_dep").tail(20_000).select(FIELDS)
    for row in frame.iter_rows(named=True):
        yield json.dumps({k: v for k, v in row.items() if v is not None}, default=lambda v: v.isoformat()).encode()


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


def load(wrk: str, port: int, connections: int, folder: Path) -> Load:
    """One turn of wrk; the flights are posted one after the other, by each connection once it has its answer."""
    command = [wrk, "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(folder / "load.lua")]
    command = ["taskset", "-c", str(LOAD_CORE), *command, f"http://127.0.0.1:{port}", str(folder / "bodies")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    requests, microseconds, p50, p99, failed = map(int, done.stderr.split())
    if failed:
        raise SystemExit(f"{failed} requests failed:\n{done.stdout}")
    return Load(requests / (microseconds / 1e6), p50 / 1000, p99 / 1000)


def in_turn(wrk: str, ports: tuple[int, int], connections: int, folder: Path) -> tuple[Load, Load]:
    """The medians of both servers, asked one after the other in each round, so that a busy spell meets both."""
    turns = [[load(wrk, port, connections, folder) for port in ports] for _ in range(ROUNDS)]
    ours, bare = (Load(*map(statistics.median, zip(*each, strict=True))) for each in zip(*turns, strict=True))
    return ours, bare


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure(project: Path = FLIGHTS) -> list[Row]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("the load comes from wrk, which is not installed: apt-get install wrk (or brew install wrk)")
    treadle = [sys.executable, "-m", "treadle"]
    subprocess.run([*treadle, "run", str(project)], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        (folder / "load.lua").write_text(_SCRIPT, encoding="utf-8")
        (folder / "bodies").write_bytes(b"\n".join(bodies(project)) + b"\n")
        # a copy, so that the load does not stand in the example's ledger
        shutil.copytree(project / ".treadle", folder / "home")
        port, bare_port = free_port(), free_port()
        start = time.perf_counter()
        serve = [*treadle, "serve", str(project), "--port", str(port)]
        bare = [sys.executable, "-c", _BARE, str(bare_port)]
        with running(serve, port, {"TREADLE_HOME": str(folder / "home")}):
            _wait_ready(port)
            ready = time.perf_counter() - start
            with running(bare, bare_port, {}):
                one, bare_one = in_turn(wrk, (port, bare_port), 1, folder)
                many, bare_many = in_turn(wrk, (port, bare_port), 32, folder)
    bundle = max(_bundles(project))
    return [
        Row(
            "prediction, 1 connection, p50",
            "ms",
            one.p50_ms,
            bare_one.p50_ms,
            "bare ASGI",
            "under 1 ms",
            one.p50_ms < 1,
        ),
        Row(
            "prediction, 1 connection, p99",
            "ms",
            one.p99_ms,
            bare_one.p99_ms,
            "bare ASGI",
            "under 5 ms",
            one.p99_ms < 5,
        ),
        Row("predictions/s, 32 connections", "/s", many.rate, bare_many.rate, "bare ASGI", "5,000", many.rate >= 5000),
        Row("start of treadle serve to ready", "s", ready, None, "", "under 2 s", ready < 2),
        Row("bundle", "MB", bundle, None, "", "under 5 MB", bundle < 5),
    ]


def _wait_ready(port: int) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.01)


def _bundles(project: Path) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "treadle", "models", "list", str(project), "--json"],
        check=True,
        capture_output=True,
    )
    return [float(model["mb"]) for model in json.loads(done.stdout)["models"]]
