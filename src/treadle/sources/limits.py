"""How much memory rows may take: told before any of it is taken, from sizes and from what a file says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Layout

Row = tuple[Any, ...]
"""Of a database, as its driver gives it."""
LEAST_CHECKED, MOST_GROWTH = 1 << 28, 250
"""Of a packed file nobody spoke for: it may grow to so many bytes, or so many times if that is more."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_NARROW = {"Boolean": 0.125, "Int8": 1, "UInt8": 1, "Int16": 2, "UInt16": 2, "Int32": 4, "UInt32": 4, "Float32": 4}
_NARROW |= {"Date": 4, "String": 16, "Binary": 16, "Categorical": 4, "Enum": 4, "Null": 0.125}


def most_bytes(layout: Layout) -> int:
    """What the rows of one source may take: as was asked, else half of this machine's memory, or of our share of it."""
    if layout.max_gb is not None:
        return int(layout.max_gb * 1e9)
    import psutil

    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):  # no such share is set
        total = min(total, int(_CGROUP.read_text()))
    return total // 2


def refuse_larger(
    needed: float, layout: Layout, file: str, *, what: str, where: str, other: str = "give a part of it"
) -> None:
    """Refuse what would take more than may be taken. `what`: how the size is known, for the sentence; `other`: what one
    may do but to lift the limit.

    Raises:
        DataError: with the limit, and the setting that lifts it.
    """
    most = most_bytes(layout)
    if needed <= most:
        return
    limit = "as max_gb says" if layout.max_gb is not None else "half of this machine's memory"
    raise DataError(
        f"{file} {what} {size(needed)}, and at most {size(most)} may be taken ({limit})",
        where=where,
        mend=f"if it is meant so, lift the limit with max_gb: {max(1, round(needed / 1e9 * 1.2 + 0.5))}; or {other}",
    )


def in_pieces(rows: Iterable[Row], most_rows: int, most_bytes: int) -> Iterator[list[Row]]:
    """Rows as they come, so many at once, and no more than hold so many bytes of texts: one may be of a gigabyte."""
    piece, held = list[Row](), 0
    for row in rows:
        piece.append(row)
        for value in row:
            if type(value) is str or type(value) is bytes:
                held += len(value)
        if len(piece) >= most_rows or held >= most_bytes:
            yield piece
            piece, held = [], 0
    if piece:
        yield piece


def width(dtype: pl.DataType) -> float:
    """Bytes that a value of a column takes at least, with nothing of what a text holds."""
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return sum(width(field.dtype) for field in dtype.fields if isinstance(field.dtype, pl.DataType))
    return _NARROW.get(type(dtype).__name__, 8)


def size(count: float) -> str:
    """Bytes in words: `80.0 GB`."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count:,.0f} bytes"
