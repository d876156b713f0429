"""One run of a project as a process of its own: what it leaves behind in memory ends with it.

It is `treadle run`, or `treadle data ingest` where nothing is predicted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO

import msgspec
from msgspec import Struct

from treadle.scheduling.found import ASIDE, Outcome

END_SECONDS = 60.0
"""For a run to end its step and keep what is done, once it was told to; then it is killed, which loses no more."""
_LOOK_SECONDS = 0.2
_MOST_ASIDE = 1 << 16
_TOLD = 300
"""Characters of what a failed run said."""


class _Said(Struct):
    """What the JSON of a run says here, whether it went well or failed."""

    model: str = ""
    status: str = ""
    released: bool = False
    said: str = ""
    error: str = ""
    where: str = ""


def command(project: str, actor: str = "", *, predicts: bool = True) -> list[str]:
    """The words of a run. `actor`: who it is done as. `predicts`: not so of a project of data alone."""
    work, known = work_of(predicts=predicts), ["--as", actor] if actor else []
    return [sys.executable, "-m", "treadle", *work, project, "--json", *known]


def work_of(*, predicts: bool) -> tuple[str, ...]:
    """What there is to do in a project: the whole loop, or to take the data where nothing is predicted."""
    return ("run",) if predicts else ("data", "ingest")


class _Aside:
    """What a run says on its stderr while it goes on, line by line, for `say`."""

    def __init__(self, file: IO[bytes], say: Callable[[str], None]) -> None:
        self._file, self._say, self._at = file, say, 0

    def listen(self) -> None:
        # at a place of its own: the child goes on writing where the file stands
        held = os.pread(self._file.fileno(), _MOST_ASIDE, self._at)
        whole = held[: held.rfind(b"\n") + 1] or (held if len(held) == _MOST_ASIDE else b"")
        self._at += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if line.startswith(ASIDE):
                self._say(line.removeprefix(ASIDE)[:_TOLD])


def run_once(
    words: Sequence[str], stopping: Callable[[], bool], say: Callable[[str], None] = lambda text: None
) -> Outcome:
    """Start it, wait for it, and tell how it ended. Where `stopping` comes true, it is told to end first.

    say: is told what the run waits for, and when it goes on.
    """
    began, stopped = time.monotonic(), False
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        aside = _Aside(err, say)
        # a session of its own: Ctrl-C at the terminal is for the scheduler, which tells the run in its own time
        with subprocess.Popen(words, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True) as child:
            try:
                while child.poll() is None:
                    if stopping() and not stopped:
                        stopped, end = True, time.monotonic() + END_SECONDS
                        child.send_signal(signal.SIGINT)
                    if stopped and time.monotonic() > end:
                        child.kill()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(_LOOK_SECONDS)
                    aside.listen()
            finally:
                if child.poll() is None:
                    child.kill()
        said = _read(out)
        text = (
            said.said or f"{said.model} is {'released' if said.released else said.status}"
            if child.returncode == 0
            else said.error or _last_line(err)
        )
    if child.returncode < 0 and not stopped:
        text = f"the process was ended by signal {-child.returncode}"
    where = f"{said.where}: " if said.where and child.returncode else ""
    return Outcome(child.returncode == 0, f"{where}{text}"[:_TOLD], time.monotonic() - began, stopped)


def _read(out: IO[bytes]) -> _Said:
    out.seek(0)
    try:
        return msgspec.json.decode(out.read(), type=_Said)
    except msgspec.MsgspecError:
        return _Said()


def _last_line(err: IO[bytes]) -> str:
    err.seek(0)
    lines = err.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


@contextlib.contextmanager
def told_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set `stop`. What was there before counts again afterwards."""

    def told(number: int, frame: object) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
