"""A new version of a Delta table from rows that come in parts: a file for each, and one commit for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.backends.embedded import blocks, codecs, writing
from treadle.backends.embedded.reading import sha256
from treadle.store import Blocks, Keeping, Part, Stored

if TYPE_CHECKING:
    import polars as pl


_ENCODED = 2
"""Parts that are made files of at once: Polars compresses a row group in one thread."""
_WAITING = 1 << 26
"""Bytes of parts, about, that may wait for it while the next is read: larger ones are written one after the other."""


class _File(Struct, frozen=True):
    """A part as the bytes of a file, with their SHA-256 and what a log of Delta says of them."""

    content: bytes
    digest: str
    stats: str

    @classmethod
    def of(cls, part: pl.DataFrame, codec: str) -> _File:
        content = codecs.encoded(part, codec, blocks.GROUP)
        return cls(content, sha256(content), writing.stats(part))


class PartFiles:
    """Files of a version in the making, in the folder of its table; without a commit they are removed at the end.

    A process that is killed leaves them there, and no version names them.
    """

    def __init__(self, folder: Path, keeping: Keeping, before: writing.Written | None) -> None:
        self.folder = folder
        self.parts: list[Part] = []
        self.rows = 0
        self._keeping, self._before = keeping, before
        self._chosen: codecs.Chosen | None = None
        self._adds: list[tuple[Part, str]] = []
        self._names, self._fresh = set[str](), list[Part]()
        self._blocks, self._committed = Blocks(), False
        self._first: pl.DataFrame | None = None

    def __enter__(self) -> PartFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        if not self._committed:
            for part in self._fresh:
                (self.folder / part.path).unlink(missing_ok=True)

    @property
    def fingerprint(self) -> str:
        return self._blocks.fingerprint()

    def write(self, parts: Iterable[pl.DataFrame]) -> None:
        """A file for each part that has rows, in their order; while some are hashed and written, the next is read.

        Raises:
            StoreError: the disk is full, or may not be written.
        """
        waiting, sizes = deque[Future[None]](), deque[int]()
        with (
            ThreadPoolExecutor(_ENCODED, "treadle-encoder") as encoders,
            ThreadPoolExecutor(1, "treadle-writer") as one,
        ):
            try:
                for part in parts:
                    waiting.append(one.submit(self._take, part, self._begun(part, encoders)))
                    sizes.append(int(part.estimated_size()))
                    del part  # it goes when it is written, and not when the next was read
                    while len(waiting) >= _ENCODED or sum(sizes) > _WAITING:
                        waiting.popleft().result()
                        sizes.popleft()
                for last in waiting:
                    last.result()
            finally:
                for each in waiting:
                    each.cancel()

    def _begun(self, part: pl.DataFrame, encoders: ThreadPoolExecutor) -> Future[_File] | None:
        """Its file in the making; None of a part without rows."""
        if not part.height:
            return None
        # speeds are measured in CPU-seconds of the process: with the first part, before anything else runs in it
        self._chosen = self._chosen or self._codec(part)
        return encoders.submit(_File.of, part, self._chosen.codec)

    def _take(self, part: pl.DataFrame, made: Future[_File] | None) -> None:
        """Parts come here one after another: their order is that of the rows, and of the names of equal files."""
        self._first = part.clear() if self._first is None else self._first
        self._blocks.add(part)
        if made is not None:
            self._keep(made.result())
            self.rows += part.height

    def _keep(self, file: _File) -> None:
        named = blocks.named(file.digest, len(file.content), self._names)
        if blocks.put(file.content, self.folder / named.path):
            self._fresh.append(named)
        self.parts.append(named)
        self._adds.append((named, file.stats))

    def _codec(self, part: pl.DataFrame) -> codecs.Chosen:
        """That of the version before, where it had these columns: parts that are equal are then one file."""
        before = self._before
        if before is not None and before.columns == writing.columns_of(part) and not self._keeping.codec:
            return codecs.Chosen(before.stored.codec, before.ratio)
        return codecs.choose(part, self._keeping)

    def commit(self, place: str, *, new: bool) -> tuple[int, Stored]:
        """Make them the newest version of the table, instead of what is there; which version that is."""
        from deltalake import DeltaTable, Schema

        assert self._first is not None
        chosen = self._chosen or codecs.Chosen(codecs.UNMEASURED, 1.0)
        written = writing.Written(
            parts=tuple(part.path for part in self.parts),
            stored=Stored(
                codec=chosen.codec,
                plain=int(sum(part.size for part in self.parts) * chosen.ratio),
                fresh=sum(part.size for part in self._fresh),
            ),
            ratio=round(chosen.ratio, 4),
            rows=self.rows,
            columns=writing.columns_of(self._first),
            tried=chosen.tried,
        )
        version = writing.Version(tuple(self.parts), written, tuple(self._adds))
        # what Polars says of a schema by Arrow's C interface is read there, without pyarrow
        schema = Schema.from_arrow(self._first.schema)
        writing.commit(place, None if new else DeltaTable(place), schema, version, self.fingerprint)
        self._committed = True
        return int(DeltaTable(place).version()), written.stored
