"""Rows laid on the disk in buckets: those of a bucket come back together, in the order in which they were laid.

So a table is taken apart by a key, as in a hash join that spills (DeWitt et al., "Implementation techniques for main
memory database systems", 1984): equal keys lie in one bucket, and a bucket fits into memory.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        self._begins: list[list[int]] = []
        """Of each file where the rows of each bucket begin, and its end, in bytes."""
        self._none: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame, places: pl.Series) -> None:
        """places: the bucket of each row, from 0."""
        import numpy as np

        laid = rows.with_columns(places.alias(_PLACE)).sort(_PLACE, maintain_order=True)
        ends = np.searchsorted(laid[_PLACE].to_numpy(), np.arange(self.count + 1))
        laid = laid.drop(_PLACE)
        self._none = laid.clear()
        file, begins = self.folder / f"{len(self._files)}.arrows", [0]
        with file.open("wb") as out:
            for start, end in pairwise(ends.tolist()):
                # a stream for each: of one table the whole would be read for the rows of every bucket
                begins.append(begins[-1] + (out.write(_stream(laid.slice(start, end - start))) if end > start else 0))
        self._files.append(file)
        self._begins.append(begins)

    def add_by(self, rows: pl.DataFrame, key: Sequence[str]) -> None:
        """Rows with equal values in the columns of the key go into one bucket, whatever these are called."""
        self.add(rows, rows.select(key).hash_rows(0) % self.count)

    def bucket(self, number: int) -> pl.DataFrame:
        import polars as pl

        assert self._none is not None, "nothing was added"
        found = [self._none]
        for file, begins in zip(self._files, self._begins, strict=True):
            start, end = begins[number : number + 2]
            if end > start:
                with file.open("rb") as stream:
                    stream.seek(start)
                    found.append(pl.read_ipc_stream(stream.read(end - start)))
        return pl.concat(found, rechunk=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def _stream(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_ipc_stream(out)
    return out.getvalue()
