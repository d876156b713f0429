"""How much memory this process may still take: within the machine, its share of it, and the limits of its user.

What does not fit is told before it is taken, where that can be known: NumPy says so itself, but a library that is
refused memory may end the whole process, or wait for ever.
"""

from __future__ import annotations

import contextlib
import math
import sys
from pathlib import Path

import psutil

TIGHT = 2e9
_SHARES = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"), Path("/sys/fs/cgroup/memory.stat")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.stat"),
    ),
)
"""Of a container: what all of its processes may hold, what they do, and of what kind that is; by both versions."""
_GIVEN_BACK = ("inactive_file", "total_inactive_file")
"""What was read of files, and is given back where memory is wanted."""


def room() -> float:
    """Bytes that may still be taken."""
    return min(float(psutil.virtual_memory().available), of_share(), of_limits())


def claim(needed: float, what: str) -> None:
    """
    Raises:
        MemoryError: `what` needs more than there is, in a sentence.
    """
    left = room()
    if needed > left:
        raise MemoryError(f"{what} need at least {_gb(needed)} of memory, and {_gb(max(left, 0.0))} may be taken")


def bounded() -> bool:
    """Whether the addresses, or the data, of a process are limited (`ulimit -v`, `ulimit -d`)."""
    return of_limits() < math.inf


def is_tight() -> bool:
    """Whether limits leave so little that a library does better without threads of its own."""
    return of_limits() < TIGHT


def of_limits() -> float:
    """What the limits of this process leave; infinite without any."""
    if sys.platform == "win32":  # has no such limits
        return math.inf
    import resource

    left = math.inf
    for kind, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        most = resource.getrlimit(kind)[0]
        if most != resource.RLIM_INFINITY:
            left = min(left, most - _held(name))
    return left


def of_share() -> float:
    """What the container leaves; infinite where there is none, or it has no limit."""
    for most, now, kinds in _SHARES:
        with contextlib.suppress(OSError, ValueError):  # there is none, or it says "max"
            allowed, held = int(most.read_text()), int(now.read_text())
            pairs = (line.split() for line in kinds.read_text().splitlines())
            known = {name: int(count) for name, count in pairs if name in _GIVEN_BACK}
            return float(allowed - held + max(known.values(), default=0))
    return math.inf


def _held(name: str) -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float(psutil.Process().memory_info().vms)
    line = next(line for line in status.read_text().splitlines() if line.startswith(f"{name}:"))
    return float(line.split()[1]) * 1024


def _gb(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"
