"""Files of a table that nobody needs any more, removed while nobody reads them.

Delta's own `vacuum` goes by the log of the table and by the clock. Here the record says which snapshots are kept, so
that decides, and readers are waited for instead of guessed at: a lock that they share, and that the kernel lets go of
when a process dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from treadle.errors import StoreError
from treadle.store import Snapshot, Swept, dead_parts

LOCK = ".readers.lock"
PARTS = ".*.part"
"""Files that a writer has not named yet."""
_WAIT = 5.0
"""Seconds in which whoever reads a table may end before its files are left for another time."""


@contextmanager
def held(folders: Sequence[Path]) -> Iterator[None]:
    """While it is open, nothing of these tables is swept. Where a table has no lock yet, nobody ever swept it."""
    with ExitStack() as several:
        for folder in sorted({*folders}):
            with contextlib.suppress(OSError):
                lock = several.enter_context((folder / LOCK).open("rb"))
                fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def idle(folder: Path, kept: Sequence[Snapshot], since: int) -> dict[Path, int]:
    """The files with their sizes that no snapshot of `kept` names, nor the newest version, nor one after `since`; and
    what writers left unfinished who died."""
    needed, found = wanted(folder, kept, since), {}
    for file in (*folder.glob("*.parquet"), *dead_parts(folder, PARTS)):
        if file.name not in needed:
            with contextlib.suppress(OSError):
                found[file] = file.stat().st_size
    return found


def wanted(folder: Path, kept: Sequence[Snapshot], since: int) -> set[str]:
    """Names of files that a snapshot of `kept` names, the newest version, or one after `since`."""
    return {part.path for snapshot in kept for part in snapshot.parts} | _by_log(folder, since)


def _by_log(folder: Path, since: int) -> set[str]:
    """Names of files of the newest version, and of those after `since`."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if not (folder / "_delta_log").is_dir():
        return set()
    try:
        newest = int(DeltaTable(str(folder)).version())
        # a table that was begun anew has fewer versions than the record knows of: the newest alone counts then
        versions = range(min(since + 1, newest), newest + 1)
        tables = (DeltaTable(str(folder), version=version) for version in versions)
        return {uri.rpartition("/")[2] for table in tables for uri in table.file_uris()}
    except DeltaError as bad:
        raise StoreError(
            f"the log of the table cannot be read: {bad}",
            where=str(folder),
            mend="nothing of it was removed",
        ) from bad


def sweep(folder: Path, kept: Sequence[Snapshot], since: int, *, dry: bool) -> Swept:
    """See `treadle.store.Tables.sweep`. The writer's lock is held, where it is not `dry`."""
    if dry:
        found = idle(folder, kept, since)
        return Swept(len(found), sum(found.values()))
    removed = 0
    with (folder / LOCK).open("ab") as lock:
        wait_for_readers(lock.fileno(), folder)
        found = idle(folder, kept, since)
        for file, size in found.items():
            try:
                file.unlink(missing_ok=True)
            except OSError as bad:
                raise StoreError(
                    f"a file cannot be removed: {bad.strerror}",
                    where=str(file),
                    mend="mend that and retain again: it goes on with what is left",
                ) from bad
            removed += size
    return Swept(len(found), removed)


def wait_for_readers(lock: int, folder: Path) -> None:
    """Have the lock alone, once they are done.

    Raises:
        StoreError: they are not, within seconds.
    """
    until = time.monotonic() + _WAIT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise StoreError(
                    "somebody is reading the table, so none of its files was removed",
                    where=str(folder),
                    mend="do it again when they are done: it goes on with what is left",
                ) from None
            time.sleep(0.05)
