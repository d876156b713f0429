"""Rows cut into blocks, a file each, named by its content: blocks that are equal are one file.

Where one block ends and the next begins follows from the rows themselves (content-defined chunking: Muthitacharoen and
others, A low-bandwidth network file system, 2001): a row that is changed, added or dropped moves no boundary but those
beside it, so that all other blocks are the files that lie there.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.backends.embedded.codecs import encoded
from treadle.errors import StoreError
from treadle.store import Part

if TYPE_CHECKING:
    import polars as pl

_BLOCKS = 32
"""About so many to a table; each at least of `_ROWS` rows, where these are no more than `_BYTES`."""
_ROWS, _BYTES, _FEWEST = 1 << 14, 1 << 28, 1 << 6
GROUP = 1 << 16
"""Rows to a group: what a reader skips by its statistics."""


class Block(Struct, frozen=True):
    """A file that holds rows `start` to `start + rows`. `fresh`: it was not there before."""

    part: Part
    start: int
    rows: int
    fresh: bool


def write(frame: pl.DataFrame, folder: Path, codec: str, taken: Iterable[str] = ()) -> Iterator[Block]:
    """Each block's file is there once it is told.

    taken: files that the version has already. A log of Delta names each file once, so that of two equal blocks in one
    version each has its own.

    Raises:
        StoreError: the disk is full, or may not be written.
    """
    names = {*taken}
    for start, rows in cuts(frame):
        content = encoded(frame.slice(start, rows), codec, GROUP)
        part = named(hashlib.sha256(content).hexdigest(), len(content), names)
        yield Block(part, start, rows, fresh=put(content, folder / part.path))


def named(digest: str, size: int, names: set[str]) -> Part:
    """A file for content of this SHA-256; another than the `names` that are taken, to which it is added."""
    several = (f"{digest}{f'-{n}' if n else ''}.parquet" for n in count())
    part = Part(next(name for name in several if name not in names), size, digest)
    names.add(part.path)
    return part


def put(content: bytes, file: Path) -> bool:
    """Write a file aside, and name it when it is whole. False: it lay there already.

    Raises:
        StoreError: the disk is full, or may not be written.
    """
    if _is(file, content):
        return False
    aside = file.with_name(f".{uuid.uuid4().hex}.part")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    except OSError as bad:
        aside.unlink(missing_ok=True)
        raise StoreError(
            f"the table cannot be written: {bad.strerror or bad}",
            where=str(file.parent),
            mend="check that the disk has room and may be written; its last version stands",
        ) from bad
    return True


def _is(file: Path, content: bytes) -> bool:
    """Whether these very bytes lie there: a damaged file is written anew."""
    try:
        return file.stat().st_size == len(content) and file.read_bytes() == content
    except OSError:
        return False


def cuts(frame: pl.DataFrame) -> list[tuple[int, int]]:
    """Start and rows of each block, in order.

    >>> import polars as pl
    >>> cuts(pl.DataFrame({"a": [1, 2, 3]})), cuts(pl.DataFrame({"a": []}))
    ([(0, 3)], [])
    """
    if not frame.height:
        return []
    usual = _usual(frame)
    least, most = usual // 4, usual * 4
    out, start = list[tuple[int, int]](), 0
    for end in (*_candidates(frame, usual), frame.height):
        while end - start > most:
            out.append((start, most))
            start += most
        if end - start >= least or (end == frame.height and end > start):
            out.append((start, end - start))
            start = end
    return out


def _usual(frame: pl.DataFrame) -> int:
    """Rows to a block, a power of two: as a table grows its boundaries stay, until it has doubled."""
    rows = max(_ROWS, frame.height // _BLOCKS)
    each = max(int(frame.estimated_size()) // frame.height, 1)
    fit = max(_BYTES // each, _FEWEST)
    return 1 << int(min(rows, fit) - 1).bit_length()


def _candidates(frame: pl.DataFrame, usual: int) -> list[int]:
    """Rows after which a block may end: the hash of the row says so, of one in `usual`."""
    if frame.height <= usual:
        return []
    hashes = _hashes(frame)
    return [] if hashes is None else [int(place) + 1 for place in (hashes % usual == 0).arg_true()]


def _hashes(frame: pl.DataFrame) -> pl.Series | None:
    """None where rows of such types cannot be hashed: boundaries are then by number alone."""
    import polars as pl

    try:
        return frame.hash_rows(seed=0)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
