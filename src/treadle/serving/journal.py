"""The journal: what a server answered and was told, on disk within a quarter of a second.

A segment is a file of JSON lines that one process writes. It is written without fsync: a killed process loses
at most the last `FLUSH_SECONDS`; a machine that loses power may lose what the kernel had not yet written.
`treadle.monitoring` moves closed segments into Delta tables.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from treadle.errors import TreadleError

FLUSH_SECONDS = 0.25
_ROLL_BYTES = 64 * 2**20  # a segment is read whole when it is moved, so it stays small enough for memory
_ROLL_SECONDS = 60.0

OPEN, CLOSED = ".open", ".jsonl"


class Journal:
    """Appends records of one kind (`predictions`, `outcomes`, `events`). Not thread-safe: one event loop owns it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        self._waiting: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._file: Any = None
        self._path: Path | None = None
        self._written = 0
        self._opened = 0.0
        self._number = 0
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, record: Any) -> None:
        self._waiting.append(self._encode(record))

    def flush(self) -> None:
        """Hand everything to the kernel. A full disk keeps the records waiting, and raises."""
        if self._waiting:
            if self._file is None:
                self._open()
            content = b"\n".join(self._waiting) + b"\n"
            start = self._file.tell()
            try:
                self._file.write(content)
            except OSError as bad:
                self._file.truncate(start)
                self._file.seek(start)
                raise TreadleError(
                    f"the journal cannot be written: {bad.strerror}",
                    where=str(self._path),
                    mend="free space on this disk; records wait in memory until then",
                ) from bad
            self._waiting.clear()
            self._written += len(content)
        if self._file is not None and (
            self._written >= _ROLL_BYTES or time.monotonic() - self._opened >= _ROLL_SECONDS
        ):
            self.roll()

    def _open(self) -> None:
        import fcntl

        self._number += 1
        name = f"{self.kind}-{time.time_ns():020d}-{os.getpid()}-{self._number}"
        self._path = self.folder / (name + OPEN)
        self._file = self._path.open("wb", buffering=0)
        # held while this process lives: tells a segment in use from one that a killed process left behind
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._written, self._opened = 0, time.monotonic()

    def roll(self) -> None:
        """Close the segment, so that it can be moved to its table."""
        if self._file is not None and self._path is not None:
            self._path.rename(self._path.with_suffix(CLOSED))
            self._file.close()
            self._file = self._path = None

    def close(self) -> None:
        self.flush()
        self.roll()


def segments(folder: Path, kind: str) -> tuple[list[Path], list[Path]]:
    """(closed segments, segments still being written). One that a killed process left open is closed first."""
    import fcntl

    closed, live = [], []
    for path in sorted(folder.glob(f"{kind}-*")) if folder.is_dir() else []:
        if path.suffix == CLOSED:
            closed.append(path)
        elif path.suffix == OPEN:
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    closed.append(path.rename(path.with_suffix(CLOSED)))
            except BlockingIOError:
                live.append(path)
            except FileNotFoundError:
                closed.append(path.with_suffix(CLOSED))
    return closed, live


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a segment; a last line that a killed process cut short is left out."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield decode(line)
