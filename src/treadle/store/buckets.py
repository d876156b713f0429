"""Rows laid on the disk in buckets: those of a bucket come back together, in the order in which they were laid.

So a table is taken apart by a key, as in a hash join that spills (DeWitt et al., "Implementation techniques for main
memory database systems", 1984): equal keys lie in one bucket, and a bucket fits into memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

ROWS = 1 << 19
"""Of a bucket, about."""
_PLACE = "\x00place"


def buckets_for(rows: int) -> int:
    """How many buckets so many rows need."""
    return -(-rows // ROWS) or 1


class Buckets:
    """`count` buckets in a folder of their own, made here. All that is added has the same columns and types."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir()
        self.folder, self.count = folder, count
        self._files: list[Path] = []
        self._ends: list[np.ndarray[Any, Any]] = []

    def add(self, rows: pl.DataFrame, places: pl.Series) -> None:
        """places: the bucket of each row, from 0."""
        import numpy as np

        laid = rows.with_columns(places.alias(_PLACE)).sort(_PLACE, maintain_order=True)
        self._ends.append(np.searchsorted(laid[_PLACE].to_numpy(), np.arange(self.count + 1)))
        self._files.append(self.folder / f"{len(self._files)}.arrow")
        laid.drop(_PLACE).write_ipc(self._files[-1])

    def add_by(self, rows: pl.DataFrame, key: Sequence[str]) -> None:
        """Rows with equal values in the columns of the key go into one bucket, whatever these are called."""
        self.add(rows, rows.select(key).hash_rows(0) % self.count)

    def bucket(self, number: int) -> pl.DataFrame:
        import polars as pl

        slices = [
            pl.scan_ipc(file).slice(int(ends[number]), int(ends[number + 1] - ends[number]))
            for file, ends in zip(self._files, self._ends, strict=True)
        ]
        return pl.concat(slices).collect()

    def remove(self) -> None:
        shutil.rmtree(self.folder)
