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
    try:
        # no link is followed: who may write the folder would else choose which file is emptied
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o660)
    except OSError as bad:
        raise StoreError(f"the lock cannot be opened: {bad.strerror}", where=str(lock), mend="remove it") from bad
    with os.fdopen(descriptor, "r+", encoding="ascii", errors="replace") as held:
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
