"""The one who works a queue off: begins what is chosen, measures it, stops it for what matters more, goes on with it.

A worker that was killed is followed by one that ends what the former left running, and queues it again: a run keeps
what it has done in its project's record.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import msgspec
import psutil

from treadle.alone import alone
from treadle.errors import StoreError
from treadle.queueing.choosing import Moves, Room, choose
from treadle.queueing.found import IDLE, Job, State
from treadle.queueing.jobs import Queue
from treadle.scheduling.running import END_SECONDS, command, told_by_signals

LOOK_S = 0.5
_MARK = "TREADLE_QUEUED"
"""In the environment of what a worker begins: the next one can tell it from another process of the same number."""


class Running(Protocol):
    """A run that was begun."""

    @property
    def pid(self) -> int: ...

    @property
    def cpu_s(self) -> float: ...

    @property
    def peak_gb(self) -> float: ...

    def code(self) -> int | None:
        """How it ended; None while it runs. Measures it meanwhile."""

    def stop(self) -> None:
        """Tell it to end, and end it where it does not in time."""

    def said(self) -> str:
        """The version that came of it, or why it failed. Asked once, when it has ended."""


@dataclass
class Worker:
    """`begin` starts a run, another in tests; `wait` sleeps, and says whether to stop; `say` is told what happens."""

    queue: Queue
    machine: Room
    begin: Callable[[Job], Running]
    wait: Callable[[float], bool]
    say: Callable[[str], None]
    quota_cpus: float | None = None
    until_empty: bool = False
    running: dict[int, Running] = field(default_factory=dict)
    stopping: set[int] = field(default_factory=set)
    done: int = 0
    _away: bool = False

    def work(self) -> int:
        """Until told to stop, or until nothing waits; how many runs ended."""
        try:
            while True:
                try:
                    self._reap()
                    moves = self._choose()
                    self._do(moves)
                    idle = not self.running and not moves.begin
                    self._away = False
                    if idle and self.until_empty and not self.queue.of("waiting"):
                        return self.done
                except StoreError as bad:  # somebody holds the file, or the disk is full: it is tried again
                    if not self._away:
                        self.say(str(bad).splitlines()[0])
                    self._away = True
                if self.wait(LOOK_S):
                    return self.done
        finally:
            self._end_all()

    def _choose(self) -> Moves:
        return choose(
            self.queue.of("waiting"),
            self.queue.of("running"),
            self.machine,
            self.queue.clock(),
            used=self.queue.used(),
            quota_cpus=self.quota_cpus,
            stopping=frozenset(self.stopping),
        )

    def _do(self, moves: Moves) -> None:
        for number in moves.never:
            job = self.queue.job(number)
            quota = f", and one person {self.quota_cpus:g} cores" if self.quota_cpus is not None else ""
            why = f"it needs {job.cpus:g} cores and {job.memory_gb:g} GB; runs have {self._room} here{quota}"
            self.queue.ended(job, "failed", cpu_s=0.0, peak_gb=0.0, said=why)
            self.say(f"run {number} of {job.person} cannot begin: {why}")
        for number in moves.stop:
            if number not in self.running:
                continue
            job = self.queue.job(number)
            self.say(f"run {number} of {job.person} is stopped, for what matters more; it goes on later")
            self.stopping.add(number)
            self.running[number].stop()
        for number in moves.begin:
            job = self.queue.job(number)
            self.running[number] = self.begin(job)
            if not self.queue.begun(job, self.running[number].pid):
                self.stopping.add(number)
                self.running[number].stop()
                continue
            again = f" anew, after it was stopped {job.stopped} times" if job.stopped else ""
            self.say(f"run {number} of {job.person} begins{again}: {job.project}")

    def _reap(self) -> None:
        for number, run in list(self.running.items()):
            job, code = self.queue.job(number), run.code()
            if code is None:
                if job.said == "cancel" and number not in self.stopping:
                    self.stopping.add(number)
                    run.stop()
                continue
            del self.running[number]
            told_to, said = number in self.stopping, run.said()
            self.stopping.discard(number)
            if job.state != "running":  # it was taken back before it was written down that it runs
                continue
            if code == 0:
                state = "done"
            elif job.said == "cancel":
                state, said = "cancelled", "it was taken back while it ran; what it had done is kept"
            elif told_to:
                state, said = "waiting", "stopped for what matters more"
            else:
                state = "failed"
            self.queue.ended(job, state, cpu_s=run.cpu_s, peak_gb=run.peak_gb, said=said)  # type: ignore[arg-type]
            self.done += state != "waiting"
            self.say(f"run {number} of {job.person} is {state}: {said}")

    def _end_all(self) -> None:
        """What runs is told to end, and waits again: the next worker goes on with it."""
        for run in self.running.values():
            run.stop()
        while self.running:
            for number, run in list(self.running.items()):
                if run.code() is not None:
                    del self.running[number]
                    job, said = self.queue.job(number), run.said()
                    state, said = ("done", said) if run.code() == 0 else _left(job, "its worker was stopped")
                    self.queue.ended(job, state, cpu_s=run.cpu_s, peak_gb=run.peak_gb, said=said)  # type: ignore[arg-type]
            if self.running:
                time.sleep(0.05)  # `wait` returns at once by now

    @property
    def _room(self) -> str:
        return f"{self.machine.cpus:g} cores and {self.machine.memory_gb:g} GB"


class RunProcess:
    """`treadle run` in a process of its own, measured with all that it begins."""

    def __init__(self, job: Job) -> None:
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - read once the process has ended
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {**os.environ, _MARK: str(job.id)}
        self._process = subprocess.Popen(
            command(str(Path(job.project).absolute()), job.person),  # no option, whatever it is called
            stdout=self._out,
            stderr=self._err,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        self._timer: threading.Timer | None = None
        self.cpu_s, self.peak_gb = 0.0, 0.0

    @property
    def pid(self) -> int:
        return self._process.pid

    def code(self) -> int | None:
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(self._process.pid)
            every = [top, *top.children(recursive=True)]
            self.peak_gb = max(self.peak_gb, sum(_resident(each) for each in every) / 1e9)
            self.cpu_s = max(self.cpu_s, sum(_cpu(each) for each in every))
        found = self._process.poll()
        if found is not None and self._timer is not None:
            self._timer.cancel()
        return found

    def stop(self) -> None:
        if self._timer is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            self._timer = threading.Timer(END_SECONDS, self._process.kill)
            self._timer.daemon = True
            self._timer.start()

    def said(self) -> str:
        """Once it has ended; what it said is read and let go of."""
        with self._out, self._err:
            if self._process.returncode == 0:
                try:
                    told = msgspec.json.decode(_whole(self._out) or b"{}", type=dict)
                except msgspec.MsgspecError:
                    return "it said nothing that can be read"
                how = f"{told.get('model', '')} is {'released' if told.get('released') else told.get('status', '')}"
                return f"{how}; {IDLE}" if _idle(told) else how
            lines = _whole(self._err).decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


def _idle(told: Mapping[str, object]) -> bool:
    """Whether all of its steps, of every target, were taken from the record."""
    others = told.get("others")
    each = [told, *(others if isinstance(others, list) else [])]
    return all(one.get("steps") and len(one["steps"]) == len(one.get("cached_steps") or ()) for one in each)


def work(
    queue: Queue, machine: Room, say: Callable[[str], None], *, quota_cpus: float | None, until_empty: bool
) -> int:
    """Work the queue off until SIGTERM or Ctrl-C; how many runs ended.

    Raises:
        StoreError: another worker works it off.
    """
    stop = threading.Event()
    with (
        alone(queue.folder / "worker.lock", "another worker works this queue off", "one a machine is enough"),
        told_by_signals(stop),
    ):
        _recover(queue, say)
        return Worker(queue, machine, RunProcess, stop.wait, say, quota_cpus=quota_cpus, until_empty=until_empty).work()


def _recover(queue: Queue, say: Callable[[str], None]) -> None:
    """Runs that a worker left behind that was killed: ended, and queued again."""
    for job in queue.of("running"):
        with contextlib.suppress(psutil.Error, ValueError, OverflowError):  # a number that no process has
            process = psutil.Process(job.pid)
            if process.environ().get(_MARK) == str(job.id):
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(END_SECONDS)
                process.kill()
        state, said = _left(job, "its worker was killed")
        queue.ended(job, state, cpu_s=0.0, peak_gb=0.0, said=said)
        say(f"run {job.id} of {job.person} was left behind by a worker that was killed; it is {state}")


def _left(job: Job, why: str) -> tuple[State, str]:
    """What becomes of a run that was ended with its worker."""
    if job.said == "cancel":
        return "cancelled", "it was taken back while it ran; what it had done is kept"
    return "waiting", why


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _resident(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        return float(process.memory_info().rss)
    return 0.0


def _cpu(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
