"""Rows named by their content, by BLAKE3: as hard to forge as SHA-256, and some ten times as quick where the processor
has no instruction for that one. Rows are hashed whenever they are kept, so a large table waits for little else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from blake3 import blake3


_VALUES, _LEAST = 1 << 24, 1 << 16
"""Values of a block, and rows of one of very many columns."""
_JOINED = 1 << 18  # texts that are joined at once


def fingerprint(frame: pl.DataFrame) -> str:
    """The hash of the names, types and values of the columns: equal for equal rows, however they lie in memory."""
    blocks = Blocks()
    blocks.add(frame)
    return blocks.fingerprint()


class Blocks:
    """The fingerprint of a table whose rows come in parts: equal for equal rows, wherever the parts are cut.

    Rows are hashed in blocks, whose length follows from the number of columns alone; of one block its own hash is the
    fingerprint, of several the hash of theirs. So no more than a block is held at a time.
    """

    def __init__(self) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._rows, self._hashes = 0, list[str]()

    def add(self, part: pl.DataFrame) -> None:
        if not part.height and (self._waiting or self._hashes):
            return
        size = block_rows(part.width)
        self._waiting.append(part)
        self._rows += part.height
        while self._rows > size:  # never the last row: whether a full block is the only one is known at the end
            whole = _under_one_another(self._waiting)
            self._hashes.append(_of_block(whole.head(size)))
            self._waiting, self._rows = [whole.slice(size)], self._rows - size

    def fingerprint(self) -> str:
        """Of all rows that were added; at least one part was, be it without rows."""
        last = _of_block(_under_one_another(self._waiting))
        if not self._hashes:
            return last
        return _hash("\n".join(["blocks", *self._hashes, last]).encode()).hexdigest()


def block_rows(columns: int) -> int:
    """Rows of a block of a table with so many columns: a power of two, so that some 16 million values are held."""
    return max(_LEAST, 1 << (_VALUES // max(1, columns)).bit_length() - 1)


def _under_one_another(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    return parts[0] if len(parts) == 1 else pl.concat(parts)


def _hash(begin: bytes) -> blake3:
    from blake3 import blake3

    return blake3(begin)


def _of_block(frame: pl.DataFrame) -> str:
    total = _hash(f"{frame.height}".encode())
    if frame.width and frame.columns[0][:1].isdigit():
        total.update(b"\0")  # where the height ends and the name begins
    for column in frame.iter_columns():
        total.update(_heading(column))
        for content in _plain_bytes(column):
            total.update(content)
    return total.hexdigest()


def _heading(column: pl.Series) -> bytes:
    """Name, type and whether values are missing: how many bytes follow of what, so that no text among them reads
    as another column, or as which are missing."""
    name, kind = column.name.replace("\0", "\0\0"), f"{column.dtype}"
    if column.null_count() and not column.dtype.is_nested():  # of nested values those that are there always stand first
        kind += " or NULL"
    return f"{name}\0{kind}\0".encode()


def _plain_bytes(column: pl.Series) -> Iterator[bytes | memoryview]:
    """The values as plain bytes. What lies under a NULL is no value, so it is not hashed."""
    import polars as pl

    dtype, missing = column.dtype, column.null_count()
    if dtype.is_nested():
        yield from _of_nested(column)
        return
    if dtype == pl.Categorical:  # its numbers are of a process, and not of the value
        column = column.cast(pl.String)
        dtype = column.dtype
    if missing:
        yield _view(column.is_null().cast(pl.UInt8))

    def filled(values: pl.Series, nothing: int | str) -> pl.Series:
        return values.fill_null(nothing) if missing else values

    if dtype == pl.Null:
        yield f"[{','.join(['null'] * len(column))}]".encode()
    elif dtype in (pl.String, pl.Binary) or dtype.is_decimal():  # NumPy has no numbers of 128 bits
        # lengths and characters, and not Arrow's form: that may hold a list of what is missing, or not, for equal rows
        text = column.bin.encode("hex") if dtype == pl.Binary else column.cast(pl.String)
        yield _view(filled(text.str.len_bytes(), 0))
        for start in range(0, len(text), _JOINED):
            yield filled(text.slice(start, _JOINED), "").str.join("").item().encode()
    else:
        plain = column.to_physical() if dtype != pl.Boolean else column.cast(pl.UInt8)
        yield _view(filled(plain, 0))


def _of_nested(column: pl.Series) -> Iterator[bytes | memoryview]:
    """Which values are there, and how long each list is; then all that they hold, one under another, to any depth.

    No two columns of one type give the same bytes: how many values follow stands before them.
    """
    import polars as pl

    yield _view(column.is_not_null().cast(pl.UInt8))
    there, dtype = column.drop_nulls(), column.dtype
    if isinstance(dtype, pl.Struct):
        for name in (field.name for field in dtype.fields):
            yield from _of_nested(there.struct.field(name))
    elif isinstance(dtype, pl.List | pl.Array):
        lists = there.arr.to_list() if isinstance(dtype, pl.Array) else there
        lengths = lists.list.len()
        yield _view(lengths)
        yield from _of_nested(lists.filter(lengths > 0).explode())  # of an empty list it would make a NULL
    else:
        yield from _plain_bytes(there)


def _view(numbers: pl.Series) -> memoryview:
    """The bytes of numbers, as they lie in memory where these lie together."""
    import numpy as np

    return np.ascontiguousarray(numbers.to_numpy()).view(np.uint8).data
