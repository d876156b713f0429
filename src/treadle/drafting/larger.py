"""A large source, checked: held to its contract part by part, and never as a whole.

The rows that are kept lie on the disk for what is asked next; nothing of them stays.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.contracts import Beside, Contract, Judged, PartedCheck, Parts
from treadle.stages.parted import room_on_disk

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace


@contextlib.contextmanager
def room_of(workspace: Workspace) -> Iterator[Path]:
    """An empty folder for a while: in the workspace, and of a project that has none yet where the machine keeps
    temporary files (TMPDIR), since a check begins no record."""
    if workspace.root.exists():
        with room_on_disk(workspace.scratch) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="treadle-check-") as temporary:
            yield Path(temporary)


@dataclass(frozen=True, eq=False)
class Laid:
    """Rows on the disk, a file for each part. See `treadle.contracts.Parts`."""

    files: Sequence[Path]
    schema: pl.Schema
    rows: int

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        import polars as pl

        wanted = list(self.schema) if columns is None else list(columns)
        return (pl.scan_parquet(file).select(wanted).collect() for file in self.files)


def held_in_parts(
    parts: Parts, contract: Contract, folder: Path, *, now: datetime, keys: tuple[str, ...], where: str, beside: Beside
) -> tuple[Laid, Judged]:
    """The rows that a contract keeps, and what it says of all. folder: an empty one, where they are laid.

    Raises:
        DataError: the rows cannot be read.
    """
    check = PartedCheck(parts, contract, now=now, keys=keys, where=where, beside=beside)
    buckets, good = folder / "buckets", folder / "good"
    buckets.mkdir()
    good.mkdir()
    files, rows, schema = list[Path](), 0, parts.schema
    for part in check.checked(buckets):
        files.append(good / f"{len(files):06d}.parquet")
        part.good.write_parquet(files[-1])
        rows, schema = rows + part.good.height, part.good.schema
    return Laid(files, schema, rows), check.judged
