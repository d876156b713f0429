"""Versioned tables as Delta Lake tables in local folders."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, StoreError
from treadle.store import Snapshot

if TYPE_CHECKING:
    import polars as pl

_FINGERPRINT = "treadle.fingerprint"


class DeltaTables:
    """See `treadle.store.Tables`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        from deltalake import CommitProperties, DeltaTable

        content, place = fingerprint(frame), self._place(name)
        options: dict[str, Any] = {"commit_properties": CommitProperties(custom_metadata={_FINGERPRINT: content})}
        with self._alone(name):
            newest = self.version(name)
            if newest is not None:
                if DeltaTable(place).history(1)[0].get(_FINGERPRINT) == content:
                    return Snapshot(name, newest, content, frame.height)
                options["schema_mode"] = "overwrite"
            with _said_plainly(place):
                frame.write_delta(place, mode="overwrite", delta_write_options=options)
            return Snapshot(name, self.version(name) or 0, content, frame.height)

    def append(self, name: str, frame: pl.DataFrame, *, once: str | None = None) -> int:
        from deltalake import CommitProperties, DeltaTable, Transaction

        place = self._place(name)
        marks = [Transaction(once, 1)] if once else None
        options: dict[str, Any] = {"commit_properties": CommitProperties(app_transactions=marks)}
        with self._alone(name):
            newest = self.version(name)
            if newest is not None:
                if once is not None and DeltaTable(place).transaction_version(once) is not None:
                    return newest
                options["schema_mode"] = "merge"
            with _said_plainly(place):
                frame.write_delta(place, mode="append", delta_write_options=options)
            return self.version(name) or 0

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        import polars as pl

        if not self.exists(name, version):
            newest = self.version(name)
            raise DataError(
                f'there is no table "{name}"' if newest is None else f'table "{name}" has no version {version}',
                where=str(self.root),
                mend="run the project first: treadle run PROJECT"
                if newest is None
                else f"its newest version is {newest}",
            )
        return pl.scan_delta(self._place(name), version=version)

    def exists(self, name: str, version: int | None = None) -> bool:
        newest = self.version(name)
        return newest is not None and (version is None or 0 <= version <= newest)

    def version(self, name: str) -> int | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        if not (self.root / name / "_delta_log").is_dir():
            return None
        try:
            return int(DeltaTable(self._place(name)).version())
        except TableNotFoundError:
            return None

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One writer at a time, of threads and processes alike; the kernel lets go of what a killed process held.

        Delta alone would let two writers make the same table, number its history wrongly while another writes, and
        not see a mark that came between its look and its write.
        """
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writer.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _place(self, name: str) -> str:
        return str(self.root / name)


@contextmanager
def _said_plainly(place: str) -> Iterator[None]:
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as bad:
        raise StoreError(
            f"the table cannot be written: {bad}",
            where=place,
            mend="check that the disk has room and may be written; its last version stands",
        ) from bad


def fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 over the names, types and Arrow bytes of the columns, one column at a time."""
    import io

    total = hashlib.sha256(f"{frame.height}".encode())
    for column in frame.iter_columns():
        total.update(f"{column.name}\0{column.dtype}\0".encode())
        buffer = io.BytesIO()
        column.rechunk().to_frame().write_ipc_stream(buffer, compression="uncompressed")
        total.update(buffer.getbuffer())
    return total.hexdigest()
