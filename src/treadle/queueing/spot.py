"""A run on a machine that is taken away now and then, as clouds sell them cheaper: told, ended, and gone on with anew.

What is simulated is the cloud: a notice, then the end of the machine. The run, its process and its end are real, and
each attempt is another process that knows nothing but the record. What was lost is measured by the record: the time
from the last thing that was kept there to the end.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING

import msgspec

from treadle.errors import SpecError
from treadle.evidence import Entry, Payload, Usage
from treadle.evidence.kinds.spot_ran import SpotRan
from treadle.queueing.found import Interruption, SpotRun
from treadle.scheduling.running import command

if TYPE_CHECKING:
    from treadle.workspace import Workspace

NOTICE_S = 30.0
"""Between the notice and the end; clouds give 30 seconds (Google, Azure) or 120 (AWS)."""
_LOOK_S = 0.02
MOST_ATTEMPTS = 1000
_MOST_KEPT = 5000


def run_on_spot(
    words: Sequence[str],
    after: Iterator[float],
    kept: Callable[[], list[float]],
    *,
    notice_s: float = NOTICE_S,
    say: Callable[[str], None] = lambda text: None,
) -> SpotRun:
    """Begin the command `words` again and again until it ends by itself.

    after: how many seconds each machine stays. kept: when (in seconds since 1970) something was kept in the record.
    notice_s: after the notice (SIGINT) the machine stays so long; 0: there is none, and the process is killed.
    """
    began, interruptions, longest, cpu = time.time(), list[Interruption](), 0.0, 0.0
    for attempt in range(1, MOST_ATTEMPTS + 1):
        started, stays, (used, _) = time.time(), next(after), _used()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code, killed = _one(words, stays, notice_s, out, err)
            ended = time.time()
            times = sorted(when for when in kept() if started <= when <= ended)
            # what an interruption cut off is no time between two things that were kept: it was done again, whole
            longest = max([longest, *_gaps([started, *times, *([ended] if code is not None else [])])])
            if code is not None:
                said = _said(out) or _said(err)
                lost = sum(each.lost_s for each in interruptions)
                spent = (cpu, _used()[1])
                return SpotRun(code == 0, said, ended - began, attempt, lost, longest, interruptions, *spent)
        lost = ended - (times[-1] if times else started)
        cpu += (_used()[0] - used) * lost / max(ended - started, 1e-9)
        interruptions.append(Interruption(ended - began, lost, killed))
        say(f"the machine was taken away after {ended - started:.0f} s; {lost:.1f} s of work are done again")
    raise SpecError(
        f"the run was not done in {MOST_ATTEMPTS} attempts",
        where="--interrupt-every",
        mend="a machine must stay for longer than one step takes",
    )


def stays(mean_s: float, seed: int) -> Iterator[float]:
    """How long machines stay: interruptions come at a steady rate, as independent of what was before.

    Raises:
        SpecError: no length of time.
    """
    if not 0.1 <= mean_s <= 1e7:
        raise SpecError(f"{mean_s:g} s is no time that a machine stays", where="--interrupt-every", mend="such as 10m")
    chance = random.Random(seed)
    while True:
        yield chance.expovariate(1 / mean_s)


def simulate(workspace: Workspace, person: str, mean_s: float, notice_s: float, say: Callable[[str], None]) -> SpotRun:
    """Run the project so, and keep what it took. What was done stands in the record, for whoever runs it then."""
    chain, words = workspace.chain, command(str(workspace.project.file), person)

    def kept() -> list[float]:
        with chain.reading() as reader:
            newest: list[Entry[Payload]] = reader.find(newest_first=True, limit=_MOST_KEPT)
        return [datetime.fromisoformat(entry.time).timestamp() for entry in newest]

    drawn = stays(mean_s, random.SystemRandom().getrandbits(32))
    with _ended_by_sigterm():
        found = run_on_spot(words, drawn, kept, notice_s=notice_s, say=say)
    said = SpotRan(
        interruptions=len(found.interruptions),
        seconds=found.seconds,
        lost_s=found.lost_s,
        checkpoint_s=found.checkpoint_s,
        notice_s=notice_s,
        model=found.said if found.ok else "",
    )
    # no step could tell what was lost with it; one that was stopped by the notice has an entry of its own, and since
    # that is a thing that was kept, its time is in no `lost_s`: so each second is priced once
    lost = Usage(seconds=found.lost_s, cpu_seconds=found.lost_cpu_s, peak_mb=found.peak_mb) if found.lost_s else None
    chain.append(said, f"spot/{workspace.project.spec.project}", usage=lost)
    return found


def _used() -> tuple[float, float]:
    """CPU-seconds of the children that have ended, and the most memory that one of them took, in MiB."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return found.ru_utime + found.ru_stime, found.ru_maxrss / unit


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends this as Ctrl-C does, else what runs would be left behind. What was there before counts again after
    it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _one(
    words: Sequence[str], stays: float, notice_s: float, out: IO[bytes], err: IO[bytes]
) -> tuple[int | None, bool]:
    """How it ended by itself, or None where the machine was taken away; and whether it had to be killed then."""
    environment = {**os.environ, "TREADLE_MACHINE": f"spot-{random.getrandbits(32):08x}"}
    with subprocess.Popen(
        words, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
    ) as child:
        try:
            if _ends(child, stays):
                return child.returncode, False
            if notice_s:
                child.send_signal(signal.SIGINT)
                if _ends(child, notice_s):
                    return (0, False) if child.returncode == 0 else (None, False)
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return None, True
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


def _ends(child: subprocess.Popen[bytes], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.poll() is not None:
            return True
        time.sleep(min(_LOOK_S, max(0.0, until - time.monotonic())))
    return child.poll() is not None


def _gaps(times: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(times)]


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    text = file.read().decode(errors="replace").strip()
    try:
        found = msgspec.json.decode(text, type=dict)
        return str(found.get("model") or found.get("error") or "")
    except msgspec.MsgspecError:
        return text.splitlines()[0][:300] if text else ""
