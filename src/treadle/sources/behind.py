"""The digests of files that are being read, each byte hashed after it was read: what was hashed is what was read.

A file that is hashed as a whole once its last row was read is held to its digest just so, and waits for that: here the
bytes of the row groups that were read are hashed in a thread while those after them are. No byte is hashed that a row
group lies in, or begins before, that is still to be read; so what is written to it before is in the digest. And a
file that was another for a while, and is what it was when its bytes are hashed, is told by its inode, size and times.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from types import TracebackType

from treadle.sources.footers import begins, last_bytes
from treadle.sources.places import opened
from treadle.sources.unreadable import Unreadable

_CHUNK = 1 << 20


class DigestsBehind:
    """SHA-256 of the bytes of files of Parquet that are read from the first row of the first to the last of the last.

    Made before anything of them is read. Its thread has ended when the block that it is used in has.
    """

    def __init__(self, files: Sequence[Path], where: str) -> None:
        self._files = [_FileBehind(file, where) for file in files]
        self._pool = ThreadPoolExecutor(1, "treadle-digest")
        self._running: list[Future[None]] = []

    def __enter__(self) -> DigestsBehind:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def passed(self, number: int, rows: int) -> None:
        """The first `rows` of the file of this number were read, and all of the files before it."""
        self._running.append(self._pool.submit(self._files[number].follow, rows))

    def digests(self) -> list[str]:
        """Of each file, all of which were read.

        Raises:
            DataError: one of them cannot be opened any more.
        """
        for each in self._running:
            each.result()
        return [file.digest() for file in self._files]


class _FileBehind:
    def __init__(self, file: Path, where: str) -> None:
        self._file, self._where = file, where
        with opened(file, where) as stream:
            try:
                groups = begins(last_bytes(stream))
            except Unreadable:  # whoever reads its rows says so
                groups = ()
        self._ends = [end for end, _ in groups]
        # groups may lie in any order: from which byte on a group, or one after it, lies
        self._from = [*accumulate((begin for _, begin in reversed(groups)), min)][::-1]
        self._hash, self._at = hashlib.sha256(), 0

    def follow(self, rows: int) -> None:
        next_group = bisect_right(self._ends, rows)
        if next_group < len(self._from):
            self._take(self._from[next_group])

    def digest(self) -> str:
        self._take(None)
        return self._hash.hexdigest()

    def _take(self, end: int | None) -> None:
        # opened each time: another file may have got its name, which is then what is read
        with opened(self._file, self._where) as stream:
            stream.seek(self._at)
            while content := stream.read(_CHUNK if end is None else min(_CHUNK, max(0, end - self._at))):
                self._hash.update(content)
                self._at += len(content)
