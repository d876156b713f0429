"""Versioned tables as Delta Lake tables in local folders."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError
from treadle.store import Snapshot

if TYPE_CHECKING:
    import polars as pl

_ATTEMPTS = 20  # appends that lost a race are repeated on the newer version


class DeltaTables:
    """See `treadle.store.Tables`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        from deltalake import CommitProperties

        content = fingerprint(frame)
        newest = self.version(name)
        if newest is not None and self._fingerprint_of(name) == content:
            return Snapshot(name, newest, content, frame.height)
        place = self._place(name)
        frame.write_delta(
            place,
            mode="overwrite",
            delta_write_options={
                "schema_mode": "overwrite",
                "commit_properties": CommitProperties(custom_metadata={"treadle.fingerprint": content}),
            }
            if newest is not None
            else {"commit_properties": CommitProperties(custom_metadata={"treadle.fingerprint": content})},
        )
        return Snapshot(name, self.version(name) or 0, content, frame.height)

    def append(self, name: str, frame: pl.DataFrame, *, once: str | None = None) -> int:
        from deltalake import CommitProperties, DeltaTable, Transaction
        from deltalake.exceptions import CommitFailedError

        place = self._place(name)
        for attempt in range(_ATTEMPTS):
            exists = self.version(name) is not None
            if exists and once is not None and DeltaTable(place).transaction_version(once) is not None:
                break
            properties = CommitProperties(app_transactions=[Transaction(once, 1)] if once else None)
            options: dict[str, Any] = {"commit_properties": properties}
            if exists:
                options["schema_mode"] = "merge"
            try:
                frame.write_delta(place, mode="append", delta_write_options=options)
                break
            except CommitFailedError:
                if attempt == _ATTEMPTS - 1:
                    raise
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

    def _fingerprint_of(self, name: str) -> str | None:
        from deltalake import DeltaTable

        history = DeltaTable(self._place(name)).history(1)
        found = history[0].get("treadle.fingerprint") if history else None
        return str(found) if found else None

    def _place(self, name: str) -> str:
        return str(self.root / name)


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
