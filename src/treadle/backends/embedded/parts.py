"""A new version of a Delta table from rows that come in parts: a file for each, and one commit for all of them."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from treadle.errors import StoreError
from treadle.store import Blocks, Part

if TYPE_CHECKING:
    import polars as pl

FINGERPRINT = "treadle.fingerprint"
"""Under which a commit says what its rows are."""


def newest_fingerprint(place: str) -> str | None:
    """Of the newest version, as its commit says; what lies on the disk may be something else."""
    from deltalake import DeltaTable

    told = DeltaTable(place).history(1)[0].get(FINGERPRINT)
    return str(told) if told else None


class PartFiles:
    """Files of a version in the making, in the folder of its table; without a commit they are removed at the end.

    A process that is killed leaves them there, and no version names them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[Part] = []
        self.rows = 0
        self._counts: list[int] = []
        self._blocks, self._run, self._committed = Blocks(), uuid.uuid4().hex, False
        self._schema: pl.Schema | None = None

    def __enter__(self) -> PartFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        if not self._committed:
            for part in self.folder.glob(f"part-*-{self._run}.parquet"):
                part.unlink(missing_ok=True)

    @property
    def fingerprint(self) -> str:
        return self._blocks.fingerprint()

    def write(self, parts: Iterable[pl.DataFrame]) -> None:
        """A file for each part that has rows, in their order.

        Raises:
            StoreError: the disk is full, or may not be written.
        """
        for part in parts:
            self._schema = self._schema or part.schema
            self._blocks.add(part)
            if part.height:
                self._keep(part)

    def _keep(self, part: pl.DataFrame) -> None:
        import polars as pl

        file = self.folder / f"part-{len(self.parts):06d}-{self._run}.parquet"
        try:
            part.write_parquet(file)
            with file.open("rb") as written:
                digest = hashlib.file_digest(written, "sha256").hexdigest()
                os.fsync(written.fileno())
        except (OSError, pl.exceptions.PolarsError) as bad:
            raise StoreError(
                f"the rows cannot be written: {(str(bad).splitlines() or ['?'])[0]}",
                where=str(self.folder),
                mend="check that the disk has room and may be written; its last version stands",
            ) from bad
        self.parts.append(Part(file.name, file.stat().st_size, digest))
        self._counts.append(part.height)
        self.rows += part.height

    def commit(self, place: str, *, new: bool) -> int:
        """Make them the newest version of the table, instead of what is there; which version that is."""
        from deltalake import CommitProperties, DeltaTable, Schema
        from deltalake.transaction import AddAction, create_table_with_add_actions

        now = int(time.time() * 1000)
        told: dict[str, Any] = {"partition_values": {}, "modification_time": now, "data_change": True}
        added = [
            AddAction(path=part.path, size=part.size, stats=json.dumps({"numRecords": rows}), **told)
            for part, rows in zip(self.parts, self._counts, strict=True)
        ]
        # what Polars says of a schema by Arrow's C interface is read there, without pyarrow
        schema = Schema.from_arrow(self._schema)
        said = CommitProperties(custom_metadata={FINGERPRINT: self.fingerprint})
        if new:
            create_table_with_add_actions(place, schema, added, mode="error", commit_properties=said)
        else:
            DeltaTable(place).create_write_transaction(added, mode="overwrite", schema=schema, commit_properties=said)
        self._committed = True
        return int(DeltaTable(place).version())
