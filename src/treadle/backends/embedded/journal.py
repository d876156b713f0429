"""The journal of an endpoint in a folder: a segment is a file of JSON lines that one process writes and holds locked.

It is written without fsync: a killed process loses what it had not flushed; a machine that loses power may lose what
the kernel had not yet written.
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
from treadle.serving import Segment

_ROLL_BYTES = 64 * 2**20  # a segment is read whole when it is moved, so it stays small enough for memory
_ROLL_SECONDS = 60.0

_OPEN, _CLOSED, _NEW, _DAMAGED = ".open", ".jsonl", ".new", ".damaged"
MOST_WAITING = 64 * 2**20
"""Bytes that wait in memory for a disk that takes nothing; what comes then is refused."""
SEQUENCE = "sequence"
"""The file that holds the last number given out."""
_MOST = 1 << 62  # microseconds since 1970, in some 146,000 years: a greater number is damage


class FolderJournal:
    """See `treadle.serving.journal.Journal`. `folder` is the endpoint's own; it is made by the first writer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def writer(self, kind: str) -> FolderWriter:
        return FolderWriter(self.folder, kind)

    def segments(self, kind: str) -> tuple[list[Segment], list[Segment]]:
        """One that a killed process left open is among the closed: its lock went with its writer."""
        import fcntl

        closed, live = set(), []
        for path in sorted(self.folder.glob(f"{kind}-*")) if self.folder.is_dir() else []:
            if path.suffix == _CLOSED:
                closed.add(path.stem)
            elif path.suffix == _OPEN:
                try:
                    with path.open("rb") as file:
                        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                        closed.add(path.stem)
                except BlockingIOError:
                    live.append(path.stem)
                except FileNotFoundError:  # closed in the meantime
                    closed.add(path.stem)
        return [Segment(kind, name) for name in sorted(closed)], [Segment(kind, name) for name in live]

    def path(self, segment: Segment) -> Path:
        """The file that holds a segment now, or held it last."""
        path = self.folder / (segment.name + _OPEN)
        return path if path.exists() else path.with_suffix(_CLOSED)

    def lines(self, segment: Segment) -> Iterator[dict[str, Any] | bytes]:
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        with contextlib.ExitStack() as stack:
            for suffix in (_OPEN, _CLOSED):  # in this order: it may be closed between the two
                with contextlib.suppress(FileNotFoundError):
                    file = stack.enter_context((self.folder / (segment.name + suffix)).open("rb"))
                    break
            else:
                return
            for line in file:
                if line.endswith(b"\n"):
                    try:
                        yield decode(line)
                    except (msgspec.MsgspecError, UnicodeDecodeError):
                        yield line

    def moved(self, segment: Segment) -> None:
        self.path(segment).unlink(missing_ok=True)

    def damaged(self, segment: Segment) -> None:
        path = self.path(segment)
        with contextlib.suppress(FileNotFoundError):  # another process has kept it already
            path.rename(path.with_suffix(_DAMAGED))


class FolderWriter:
    """See `treadle.serving.journal.Writer`."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        self._waiting: list[bytes] = []
        self._held = 0
        self._encode = msgspec.json.Encoder().encode
        self._file: Any = None
        self._path: Path | None = None
        self._written = 0
        self._opened = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, *records: Any) -> None:
        if self._held > MOST_WAITING:
            raise StoreError(
                f"the journal cannot be written, and {MOST_WAITING >> 20} MiB wait in memory already",
                where=str(self._path or self.folder),
                mend="free space on this disk; what waits is written then",
            )
        lines = [self._encode(record) for record in records]
        self._waiting += lines
        self._held += sum(map(len, lines))

    def forget(self) -> None:
        self._waiting.clear()
        self._held = 0

    def flush(self) -> None:
        try:
            if self._waiting:
                self.folder.mkdir(parents=True, exist_ok=True)
                first = numbers(self.folder, len(self._waiting))
                if self._file is None:
                    self._open(first)
                # numbered as they are written and not as they come: an order of its own for each process would be none
                self._write(b"".join(_numbered(first, self._waiting)))
                self.forget()
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
        that `FolderJournal.segments` looks for only once it is locked; nobody can take it for one left behind.
        """
        import fcntl

        name = f"{self.kind}-{first:020d}"
        path, new = self.folder / (name + _OPEN), self.folder / (name + _NEW)
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
                path.rename(path.with_suffix(_CLOSED))

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
