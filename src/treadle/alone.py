"""One process at a time, by a lock of the kernel: it lets go of what a process that was killed held."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from treadle.errors import StoreError


@contextlib.contextmanager
def alone(lock: Path, taken: str, mend: str) -> Iterator[None]:
    """taken: what is said, with the number of the process, where another has it.

    Raises:
        StoreError: another has it.
    """
    with lock.open("a+", encoding="ascii") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as bad:
            held.seek(0)
            who = held.read().strip() or "unknown"
            raise StoreError(f"{taken} (process {who})", where=str(lock.parent), mend=mend) from bad
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        yield
