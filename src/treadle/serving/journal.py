"""The journal: what a server answered and was told, on disk within a quarter of a second.

A segment is a file of JSON lines that one process writes. It is written without fsync: a killed process loses
at most the last `FLUSH_SECONDS`; a machine that loses power may lose what the kernel had not yet written.
`treadle.monitoring` moves closed segments into Delta tables.

Each line has a number, `seq`: of two lines of one endpoint the later has the greater, whichever process wrote it and
however its clock was set. It is this order, and not time, that tells which of two corrections is the last.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from treadle.errors import StoreError

FLUSH_SECONDS = 0.25
_ROLL_BYTES = 64 * 2**20  # a segment is read whole when it is moved, so it stays small enough for memory
_ROLL_SECONDS = 60.0

OPEN, CLOSED, _NEW = ".open", ".jsonl", ".new"
SEQUENCE = "sequence"
_MOST = 1 << 62  # microseconds since 1970, in some 146,000 years: a greater number is damage
"""The file that holds the last number given out."""


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
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, record: Any) -> None:
        self._waiting.append(self._encode(record))

    def flush(self) -> None:
        """Hand everything to the kernel. A full disk keeps the records waiting, and raises a StoreError."""
        try:
            if self._waiting:
                self.folder.mkdir(parents=True, exist_ok=True)
                first = numbers(self.folder, len(self._waiting))
                if self._file is None:
                    self._open(first)
                # numbered as they are written and not as they come: an order of its own for each process would be none
                self._write(b"".join(_numbered(first, self._waiting)))
                self._waiting.clear()
            if self._file is not None and (
                self._written >= _ROLL_BYTES or time.monotonic() - self._opened >= _ROLL_SECONDS
            ):
                self.roll()
        except OSError as bad:
            raise StoreError(
                f"the journal cannot be written: {bad.strerror}",
                where=str(self._path or self.folder),
                mend="free space on this disk; records wait in memory until then",
            ) from bad

    def _write(self, content: bytes) -> None:
        """All of it or nothing: a disk that fills up takes a part before it refuses the rest."""
        start, left = self._written, memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(start)
            self._file.seek(start)
            raise
        self._written += len(content)

    def _open(self, first: int) -> None:
        """A new segment, named by its first number: so no other has or had its name.

        It is locked while this process lives: so one in use is told from one that was left behind. It gets the name
        that `segments` looks for only once it is locked; nobody can take it for one left behind.
        """
        import fcntl

        name = f"{self.kind}-{first:020d}"
        path, new = self.folder / (name + OPEN), self.folder / (name + _NEW)
        file = new.open("wb", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            new.rename(path)
        except OSError:
            file.close()
            raise
        self._file, self._path = file, path
        self._written, self._opened = 0, time.monotonic()

    def roll(self) -> None:
        """Close the segment, so that it can be moved to its table."""
        if self._file is not None and self._path is not None:
            file, path = self._file, self._path
            self._file = self._path = None
            # one that cannot be renamed is unlocked all the same, so `segments` closes it later
            with file, contextlib.suppress(OSError):
                path.rename(path.with_suffix(CLOSED))

    def close(self) -> None:
        self.flush()
        self.roll()


def _numbered(first: int, waiting: list[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(waiting, first):
        yield b'{"seq":%d,%b\n' % (number, line[1:])


def numbers(folder: Path, count: int) -> int:
    """The first of `count` numbers that nobody else of this endpoint gets.

    They only grow: each is above the last one given out, whatever the clock says; and not below the clock's
    microseconds, so that they grow on even where a machine that lost power, or a person, took the file away.
    """
    import fcntl

    file = os.open(folder / SEQUENCE, os.O_RDWR | os.O_CREAT, 0o660)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = os.pread(file, 64, 0)
        last = int(text) if text.isdigit() and int(text) < _MOST else 0
        first = max(last + 1, time.time_ns() // 1000)
        os.pwrite(file, b"%020d" % (first + count - 1), 0)  # in place: never half of a number, never none
        return first
    finally:
        os.close(file)


def segments(folder: Path, kind: str) -> tuple[list[Path], list[Path]]:
    """(segments that nobody writes any more, segments still being written), oldest first. Changes nothing.

    One that a killed process left open is among the first: its lock went with its writer.
    """
    import fcntl

    closed, live = set(), []
    for path in sorted(folder.glob(f"{kind}-*")) if folder.is_dir() else []:
        if path.suffix == CLOSED:
            closed.add(path)
        elif path.suffix == OPEN:
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    # its writer may have closed it since it was opened here
                    closed.add(path if path.exists() else path.with_suffix(CLOSED))
            except BlockingIOError:
                live.append(path)
            except FileNotFoundError:  # closed in the meantime
                closed.add(path.with_suffix(CLOSED))
    return sorted(closed), live


def lines(path: Path) -> Iterator[dict[str, Any] | bytes]:
    """The records of a segment; as bytes, a line that is none, as a machine without power may leave behind.

    A last line that a killed process cut short is left out. A segment that was moved to its table meanwhile has none.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            if path.suffix == OPEN:  # closed meanwhile
                yield from lines(path.with_suffix(CLOSED))
            return
        for line in file:
            if line.endswith(b"\n"):
                try:
                    yield decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    yield line


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a segment, without what is damaged."""
    return (line for line in lines(path) if not isinstance(line, bytes))
