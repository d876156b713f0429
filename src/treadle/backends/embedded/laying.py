"""Rows laid out so that those that are asked for together lie together: sorted by a column, along a Z-curve by several.

The Z-curve is that of Morton (1966): the bits of each column's rank, one from each in turn, as one number. By ranks and
not by values, so that a column with few, or with far outliers, has its share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.backends.embedded import blocks, codecs, writing
from treadle.backends.embedded.reading import sha256
from treadle.errors import DataError, nearest
from treadle.store import ROW, Part, Snapshot, Stored

if TYPE_CHECKING:
    import polars as pl

_FILE = 1 << 28
"""Bytes of rows to a file, as they are in memory."""
_GROUPS, _LEAST = 128, 1 << 12
"""About so many groups to a table, each of so many rows at the least, and at most as elsewhere."""
_BITS = 63


def write(
    frame: pl.DataFrame, snapshot: Snapshot, by: Sequence[str], folder: Path, codec: codecs.Chosen
) -> writing.Version:
    """The files of a layout, to be taken into the log."""
    order = tuple(by)
    ordered = _ordered(frame, snapshot, order) if order else frame
    group = _group(frame.height) if order else blocks.GROUP
    parts, fresh, names = list[Part](), 0, set[str]()
    starts = list(_starts(ordered))
    for start, rows in starts:
        content = codecs.encoded(ordered.slice(start, rows), codec.codec, group)
        part = blocks.named(sha256(content), len(content), names)
        fresh += part.size if blocks.put(content, folder / part.path) else 0
        parts.append(part)
    plain = snapshot.stored.plain if snapshot.stored is not None else snapshot.bytes
    written = writing.Written(
        parts=tuple(part.path for part in parts),
        stored=Stored(codec.codec, plain, fresh, order),
        ratio=codec.ratio,
        rows=frame.height,
        columns=writing.columns_of(frame),
    )
    own = ordered.drop(ROW) if order else ordered
    adds = tuple(
        (part, writing.stats(own.slice(start, rows))) for part, (start, rows) in zip(parts, starts, strict=True)
    )
    return writing.Version(tuple(parts), written, adds)


def _group(rows: int) -> int:
    return min(max(_LEAST, 1 << (max(rows // _GROUPS, 1) - 1).bit_length()), blocks.GROUP)


def _starts(frame: pl.DataFrame) -> Iterator[tuple[int, int]]:
    if not frame.height:
        return
    files = -(-int(frame.estimated_size()) // _FILE)
    rows = -(-frame.height // max(files, 1))
    for start in range(0, frame.height, rows):
        yield start, min(rows, frame.height - start)


def _ordered(frame: pl.DataFrame, snapshot: Snapshot, by: tuple[str, ...]) -> pl.DataFrame:
    import polars as pl

    for name in by:
        if name not in frame.columns:
            raise DataError(f'it has no column "{name}"', where=snapshot.table, mend=nearest(name, frame.columns))
        if frame.schema[name].is_nested() or frame.schema[name] == pl.Null:
            raise DataError(
                f"{name} is of type {frame.schema[name]}, which has no order",
                where=snapshot.table,
                mend="lay it out by a column of numbers, times or text",
            )
    if ROW in frame.columns:
        raise DataError(f"it has a column {ROW}", where=snapshot.table, mend="give that column another name")
    numbered = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    if len(by) == 1 or not frame.height:
        return numbered.sort(by[0], ROW, nulls_last=True)
    return numbered.select(pl.all().sort_by(_along(frame, by), maintain_order=True))


def _along(frame: pl.DataFrame, by: tuple[str, ...]) -> pl.Series:
    """Each row's place on the Z-curve, as a number of 63 bits."""
    import numpy as np
    import polars as pl

    bits = _BITS // len(by)
    made = np.zeros(frame.height, dtype=np.uint64)
    for place, name in enumerate(by):
        ranks = frame[name].rank("dense").fill_null(0).cast(pl.Float64).to_numpy()
        scaled = (ranks / max(float(ranks.max()), 1.0) * (2 ** min(bits, 21) - 1)).astype(np.uint64)
        for bit in range(min(bits, 21)):
            made |= ((scaled >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * len(by) + place)
    return pl.Series("place", made)
