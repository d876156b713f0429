"""One process watched from outside: its resident memory, its time to fit, and who else used the cores meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from benchmarks.automl.task import FITTED, READY

Ended = Literal["done", "failed", "out of memory", "out of time"]
POLL_S = 0.1
START_S = 300.0
"""Seconds for imports and reading, and the same again for predicting after the fit: neither is of the budget."""
STDERR = "stderr.txt"


@dataclass(frozen=True)
class Limits:
    """`most_bytes`: resident, of the process and all its children. `fit_s`: from ready to fitted."""

    most_bytes: int
    fit_s: float
    start_s: float = START_S
    after_s: float = START_S


@dataclass(frozen=True)
class Watched:
    """How a process ended. `others`: the share of the machine's cores that other processes used meanwhile."""

    ended: Ended
    seconds: float
    peak_bytes: int
    others: float
    last_words: str


def watch(command: Sequence[str], folder: Path, limits: Limits, environment: Mapping[str, str], root: Path) -> Watched:
    began, before, own_before = time.monotonic(), _busy(), _own()
    with (folder / STDERR).open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=dict(environment),
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            ended, peak = _until_it_ends(process, folder, limits)
        finally:
            _kill(process)  # also where the runner itself is told to end
    seconds = time.monotonic() - began
    others = (_busy() - before) - (_own() - own_before)
    cores = os.cpu_count() or 1
    words = (folder / STDERR).read_text(encoding="utf-8", errors="replace").strip()
    return Watched(ended, seconds, peak, max(0.0, others / (seconds * cores)), words[-600:])


def _until_it_ends(process: subprocess.Popen[bytes], folder: Path, limits: Limits) -> tuple[Ended, int]:
    peak, phase, since = 0, 0, time.monotonic()
    allowed = (limits.start_s, limits.fit_s, limits.after_s)
    while process.poll() is None:
        here = _phase(folder)
        if here != phase:
            phase, since = here, time.monotonic()
        peak = max(peak, _resident(process.pid))
        if peak > limits.most_bytes:
            return "out of memory", peak
        if time.monotonic() - since > allowed[phase]:
            return "out of time", peak
        time.sleep(POLL_S)
    return ("done" if process.returncode == 0 else "failed"), peak


def _phase(folder: Path) -> int:
    """0 before the fit, 1 in it, 2 after it."""
    return 2 if (folder / FITTED).exists() else 1 if (folder / READY).exists() else 0


def _family(pid: int) -> list[psutil.Process]:
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(pid: int) -> int:
    total = 0
    for each in _family(pid):
        try:
            total += each.memory_info().rss
        except psutil.Error:
            continue
    return total


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all that it started, also what has outlived it in its session."""
    for each in reversed(_family(process.pid) if process.poll() is None else []):
        with contextlib.suppress(psutil.Error):
            each.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _busy() -> float:
    """Core seconds that the machine has worked."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _own() -> float:
    """Core seconds of this process and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
