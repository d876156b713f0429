"""A source that is larger than memory: read, held to its contract and kept part by part, each part once.

Nothing of it is seen before its last part has come and the whole was judged: a batch that is refused leaves the last
good snapshot, and the reasons are kept as they are of a small one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from treadle.contracts import Beside, Contract, Judged, PartedCheck, Parts, needs_all_rows, raise_if_broken
from treadle.errors import DataError
from treadle.sources import MappedRows, Scratch, mapped_parts_of, parts_of
from treadle.stages.aside import newest_of, parquet_of
from treadle.store import Blob, Snapshot, owned

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import Found
    from treadle.spec import Source
    from treadle.stages.work import Bench

_ASIDE = 1 << 26  # bytes of rows set aside that are kept as one blob


@dataclass
class Taken:
    """What came of it. `judged` is None of a source without a contract, all of whose rows are kept."""

    table: Snapshot
    rows: int
    judged: Judged | None
    quarantine: Snapshot | None
    aside: tuple[Blob, ...]
    reached: datetime | None


@contextlib.contextmanager
def room_on_disk(scratch: Callable[[], Path]) -> Iterator[Path]:
    """An empty folder on the disk of the workspace, for a while: a temporary one may lie in memory.

    Those that killed processes left are removed: each has a file beside it that its process locks for as long as it
    lives, which is there before the folder and goes after it.
    """
    home = scratch().parent
    for held in home.glob("parts-*.held"):
        with contextlib.suppress(OSError), held.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(held)
    mine, locked = _locked(home)
    with locked:
        try:
            mine.with_suffix("").mkdir()
            yield mine.with_suffix("")
        finally:
            _remove(mine)


def _locked(home: Path) -> tuple[Path, BinaryIO]:
    """A new file that nobody else locks. One that another process removed before it was locked is not it."""
    while True:
        held = home / f"parts-{uuid.uuid4().hex[:12]}.held"
        lock = held.open("xb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(held.stat(), os.fstat(lock.fileno())):
                return held, lock
        lock.close()


def _remove(held: Path) -> None:
    folder = held.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        held.unlink(missing_ok=True)


def large_parts(
    found: Found, contract: Contract | None, source: str, where: str, scratch: Scratch | None = None
) -> Parts | None:
    """The parts of a table that is large; None where it is small, or a rule of its contract needs all rows at once.

    scratch: as of `parts_of`.
    """
    if contract is not None and needs_all_rows(contract, source):
        return None
    if isinstance(found, MappedRows):
        return mapped_parts_of(found, where, scratch)
    return parts_of(found, where, scratch)


def first_rows(parts: Parts) -> pl.DataFrame:
    """The first rows of a table; of a column without a value in these, the first values that stand further on.

    Raises:
        DataError: the rows cannot be read.
    """
    import polars as pl

    rows = next((part for part in parts.read() if part.height), None)
    if rows is None:
        return pl.DataFrame(schema=parts.schema)
    empty = {column.name for column in rows.iter_columns() if column.null_count() == rows.height}
    for part in parts.read([name for name in rows.columns if name in empty]) if empty else ():
        for column in part.iter_columns():
            if column.name in empty and column.null_count() < part.height:
                empty.remove(column.name)
                known = column.drop_nulls().head(rows.height)
                rows = rows.with_columns(pl.concat([known, known.clear(rows.height - len(known))]))
        if not empty:
            break
    return rows


@dataclass
class PartedSource:
    """A large table on its way into a snapshot."""

    parts: Parts
    name: str
    source: Source
    contract: Contract | None
    beside: Beside | None
    bench: Bench
    where: str
    needed: bool
    """Whether it must have rows: predictions are made for them."""
    _read: int = 0
    _kept: int = 0
    _reached: datetime | None = None
    _judged: Judged | None = None
    _quarantine: Snapshot | None = None
    _aside: list[Blob] = field(default_factory=list)

    def take(self) -> Taken:
        """Raises ContractBroken where the batch may not be taken, and DataError where it cannot be read."""
        table = self.bench.tables.replace_parts(self.bench.names.source(self.name), self._good())
        return Taken(table, self._read, self._judged, self._quarantine, tuple(self._aside), self._reached)

    def _good(self) -> Iterator[pl.DataFrame]:
        with room_on_disk(self.bench.scratch) as folder:
            for part in self._held(folder) if self.contract is not None else self._as_read():
                self._kept += part.height
                self._reached = max(filter(None, (newest_of(part, self.source), self._reached)), default=None)
                yield part
                del part  # it is written: here and below it goes before the next one is read
        if self._judged is not None and self.contract is not None:
            raise_if_broken(self._judged, self.contract, self.where)
        if not self._kept and self.needed:
            mend = "the last good snapshot is kept; deliver it again"
            raise DataError("the table has no rows", where=self.where, mend=mend)

    def _as_read(self) -> Iterator[pl.DataFrame]:
        for part in self.parts.read():
            self._said(part.height)
            yield part
            del part

    def _held(self, folder: Path) -> Iterator[pl.DataFrame]:
        assert self.contract is not None
        check = PartedCheck(
            self.parts,
            self.contract,
            now=self.bench.chain.clock(),
            keys=self.source.keys,
            where=self.where,
            beside=self.beside,
        )
        buckets, lines = folder / "buckets", folder / "lines"
        buckets.mkdir()
        lines.mkdir()
        waiting: list[pl.DataFrame] = []
        for part in check.checked(buckets):
            self._said(part.good.height + (part.aside.height if part.aside is not None else 0))
            if part.aside is not None:
                part.lines.write_parquet(lines / f"{self._read:015d}.parquet")
                waiting = self._put_aside([*waiting, owned(part.aside)], least=_ASIDE)
            yield part.good
            del part
        # also for a batch that is refused: the reasons must not be lost with it
        self._put_aside(waiting, least=1)
        self._judged = check.judged
        files = sorted(lines.iterdir())
        if files:
            name = self.bench.names.quarantine(self.name)
            self._quarantine = self.bench.tables.replace_parts(name, _each(files))

    def _put_aside(self, waiting: list[pl.DataFrame], *, least: int) -> list[pl.DataFrame]:
        """Keep rows that were set aside, once they come to `least` bytes; those that wait on."""
        import polars as pl

        if sum(rows.estimated_size() for rows in waiting) < least:
            return waiting
        self._aside.append(Blob(self.bench.blobs.put(parquet_of(pl.concat(waiting))), "rows set aside"))
        return []

    def _said(self, rows: int) -> None:
        self._read += rows
        self.bench.progress(self._read, self.parts.rows, f"{self._read:,} rows")


def _each(files: list[Path]) -> Iterator[pl.DataFrame]:
    import polars as pl

    return (pl.read_parquet(file) for file in files)
