"""A fit in a process of its own, where memory may not do for it: what a library then does ends that process alone.

Libraries that are refused memory abort, or wait for ever; no exception tells of it. So where little is left for what a
fit may take, its rows are laid into a file that the worker maps, and what it made comes back. The worker stays for the
next fit, until it dies. Equal input gives an equal model, here and there.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from select import select

import numpy as np
import psutil

from treadle.training import memory
from treadle.training.families.family import Array, Estimator, Family, Params, Sample

TIMES, BESIDE = 12.0, 0.5e9
"""A fit may take so many times the bytes of its rows, and so much for the libraries and threads of a process."""
MUCH = 1 / 3
"""Of the room that is left: what may take more than such a part of it is fitted apart."""
LEAST_TIMES = 1.5
"""What no fit does with less: the rows as they are, and a library's own."""
GRACE_S, LONGER = 60.0, 3.0
"""A worker that takes so much longer than its fit was given has got stuck."""
WITHOUT_END_S = 3600.0
"""Where a fit was given all the time there is."""
_LOOK_S = 0.1
_SPARE = 0.05
"""Of the machine's, or the container's, memory: when no more is left, the worker is ended before something else is."""


@dataclass(frozen=True)
class Fit:
    """What a worker is asked for. `files`: rows and, where there are any, held rows, as `laid`."""

    family: Family
    params: Params
    metric: str
    seconds: float
    files: tuple[str, ...]


def size(rows: Sample, valid: Sample | None) -> float:
    """Bytes of the rows."""
    return float(rows.x.nbytes + (0 if valid is None else valid.x.nbytes))


def is_wanted(rows: Sample, valid: Sample | None) -> bool:
    """Whether a fit of these rows may take so much of what is left that it has to be on its own."""
    return TIMES * size(rows, valid) + BESIDE > MUCH * memory.room()


def fitted(
    family: Family,
    rows: Sample,
    params: Params,
    valid: Sample | None = None,
    *,
    metric: str = "",
    seconds: float = float("inf"),
) -> Estimator:
    """`family.fit`, in the worker.

    Raises:
        MemoryError: it needs more than there is, or its process was ended; with a sentence that says how.
    """
    if not memory.bounded():
        memory.claim(LEAST_TIMES * size(rows, valid), "the rows of a fit")
    with tempfile.TemporaryDirectory(prefix="treadle-fit-") as folder:
        files = tuple(laid(each, Path(folder) / str(k)) for k, each in enumerate((rows, valid)) if each is not None)
        order = pickle.dumps(Fit(family, params, metric, seconds, files))
        return WORKER.made(order, LONGER * seconds + GRACE_S if seconds < WITHOUT_END_S else WITHOUT_END_S)


def can_be_sent(family: Family) -> bool:
    """Whether another process finds the family: not one that was made up inside a function."""
    try:
        pickle.dumps(family)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def laid(sample: Sample, place: Path) -> str:
    """The sample in files that begin with `place`."""
    np.save(f"{place}.x.npy", sample.x)
    np.save(f"{place}.y.npy", sample.y)
    if sample.weight is not None:
        np.save(f"{place}.w.npy", sample.weight)
    Path(f"{place}.categories").write_text(" ".join(map(str, sample.categories)), encoding="utf-8")
    return str(place)


def lifted(place: str) -> Sample:
    """What `laid` has laid down; rows are mapped, and not read."""
    weight: Array | None = np.load(f"{place}.w.npy") if Path(f"{place}.w.npy").exists() else None
    codes = Path(f"{place}.categories").read_text(encoding="utf-8").split()
    x = np.asarray(np.load(f"{place}.x.npy", mmap_mode="c"))
    return Sample(x, np.load(f"{place}.y.npy"), weight, tuple(map(int, codes)))


class Worker:
    """A process that fits one after the other; begun when it is first needed, and again after it died."""

    def __init__(self, module: str = "treadle.training.families.apart_worker") -> None:
        self.module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._one = threading.Lock()

    def made(self, order: bytes, seconds: float) -> Estimator:
        """What the worker makes of `order`, within `seconds`."""
        with self._one:
            process = self._running()
            assert process.stdin is not None
            try:
                process.stdin.write(len(order).to_bytes(8, "little") + order)
                process.stdin.flush()
                answer = self._answer(process, time.monotonic() + seconds)
            except BrokenPipeError:
                answer = None
            except BaseException:
                self.end()
                raise
            if answer is None:
                raise MemoryError(f"the process of the fit {self._ending(process)}")
        found = pickle.loads(answer)  # of a process that we have begun, by a pipe that nobody else has
        if isinstance(found, BaseException):
            raise found
        made: Estimator = found
        return made

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        # few arenas: each reserves addresses, which a limit counts; and the search path as it is here
        setting = {"MALLOC_ARENA_MAX": "2", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            (sys.executable, "-m", self.module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **setting},
        )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], end: float) -> bytes | None:
        """The bytes of the answer; None where the process ended, or was ended, before."""
        length = self._read(process, 8, end)
        return None if length is None else self._read(process, int.from_bytes(length, "little"), end)

    def _read(self, process: subprocess.Popen[bytes], count: int, end: float) -> bytes | None:
        assert process.stdout is not None
        parts, left = list[bytes](), count
        while left:
            if not select([process.stdout], [], [], _LOOK_S)[0]:
                if why := _too_much(process, end):
                    self._why = why
                    process.kill()
                    process.wait()
                    return None
                continue
            part = os.read(process.stdout.fileno(), min(left, 1 << 20))
            if not part:
                process.wait()
                return None
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    _why = ""

    def _ending(self, process: subprocess.Popen[bytes]) -> str:
        why, self._why = self._why, ""
        code = process.wait()
        self.end()
        if why:
            return why
        named = signal.Signals(-code).name if code < 0 else f"code {code}"
        return f"ended with {named}, as libraries do that are refused memory"


def _too_much(process: subprocess.Popen[bytes], end: float) -> str:
    """Why the worker has to be ended now; nothing where it has not."""
    if time.monotonic() > end:
        return "got stuck, and was ended"
    total = psutil.virtual_memory().total
    if min(memory.of_share(), float(psutil.virtual_memory().available)) < _SPARE * total:
        with contextlib.suppress(psutil.Error):
            held = psutil.Process(process.pid).memory_info().rss / 1e9
            return f"held {held:,.1f} GB, which left too little for anything else, and was ended"
    return ""


WORKER = Worker()
atexit.register(WORKER.end)
