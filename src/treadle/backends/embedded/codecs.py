"""Which codec the files of a table are written with: what is cheapest to keep, by sizes and speeds measured on a sample
of its own rows."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import Struct

from treadle.store import CODECS, Keeping

if TYPE_CHECKING:
    import polars as pl

UNMEASURED = "zstd-3"
"""For tables whose speeds are noise: a usual trade of size and speed."""
_SAMPLE, _SLICES, _LEAST = 4_000_000, 8, 1_000_000
"""Bytes of rows that are tried, in so many runs of neighbours; of fewer than `_LEAST` only sizes are told."""
_NEAR = 1.01
"""Of what is kept for no more than a hundredth more than the cheapest the quickest is chosen."""
_Codec = Literal["snappy", "lz4", "zstd"]


class Tried(Struct, frozen=True):
    """What a codec made of the sample. `write`, `read`: CPU-seconds."""

    codec: str
    bytes: int
    write: float
    read: float


class Chosen(Struct, frozen=True):
    """The codec for a table, and how many times the bytes it makes the default makes (`ratio`). `tried`: what was
    measured, empty where it was given or nothing could be told."""

    codec: str
    ratio: float
    tried: tuple[Tried, ...] = ()


def encoded(frame: pl.DataFrame, codec: str, group: int | None = None) -> bytes:
    """The rows as one file of Parquet, with the statistics of each group of `group` rows and column."""
    out = io.BytesIO()
    name, _, level = codec.partition("-")
    frame.write_parquet(
        out,
        compression=cast(_Codec, name),
        compression_level=int(level) if level else None,
        statistics="full",
        row_group_size=group,
    )
    return out.getvalue()


def choose(frame: pl.DataFrame, keeping: Keeping, clock: Callable[[], float] = time.process_time) -> Chosen:
    """The codec for these rows. `clock`: CPU-seconds.

    With a codec given, or few rows, only the sizes beside the default are told.
    """
    sample = _sample(frame)
    size = max(sample.estimated_size(), 1)
    if keeping.codec or size < _LEAST:
        codec = keeping.codec or UNMEASURED
        return Chosen(codec, _ratio(len(encoded(sample, CODECS[0])), len(encoded(sample, codec))))
    _try(sample.head(1000), CODECS[0], clock)  # what is loaded with the first file is no codec's doing
    tried = list[Tried]()
    for codec in CODECS:
        made = _try(sample, codec, clock)
        tried.append(made)
        if len(tried) > 2 and made.write > 0 and size / 1e6 / made.write < keeping.mb_second:
            break  # those after it are slower still
    quick = [each for each in tried if each.write <= 0 or size / 1e6 / each.write >= keeping.mb_second]
    best = _best(quick or tried[:1], keeping)
    return Chosen(best.codec, _ratio(tried[0].bytes, best.bytes), tuple(tried))


def _best(tried: Sequence[Tried], keeping: Keeping) -> Tried:
    """The cheapest; of those that are so but for next to nothing the quickest, and not the one that noise chooses."""
    costs = {each.codec: keeping.costs(each.bytes, each.write, each.read) for each in tried}
    near = [each for each in tried if costs[each.codec] <= _NEAR * min(costs.values())]
    return min(near, key=lambda each: each.write)


def _ratio(plain: int, size: int) -> float:
    return plain / max(size, 1)


def _try(sample: pl.DataFrame, codec: str, clock: Callable[[], float]) -> Tried:
    import polars as pl

    began = clock()
    made = encoded(sample, codec)
    between = clock()
    pl.read_parquet(io.BytesIO(made))
    return Tried(codec, len(made), between - began, clock() - between)


def _sample(frame: pl.DataFrame) -> pl.DataFrame:
    """Some rows from everywhere, neighbours together: what lies together is what a codec sees."""
    import polars as pl

    size = max(frame.estimated_size(), 1)
    if size <= _SAMPLE or frame.height <= _SLICES:
        return frame
    rows = max(int(frame.height * _SAMPLE / size) // _SLICES, 1)
    starts = [(frame.height - rows) * n // (_SLICES - 1) for n in range(_SLICES)]
    return pl.concat([frame.slice(start, rows) for start in starts])


def options(codec: str) -> Any:
    """The same for a file that delta-rs writes."""
    from deltalake import WriterProperties

    name, _, level = codec.partition("-")
    kind: Any = {"snappy": "SNAPPY", "lz4": "LZ4_RAW", "zstd": "ZSTD"}[name]
    return WriterProperties(compression=kind, compression_level=int(level) if level else None)
