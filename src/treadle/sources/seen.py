"""What was read before, so that it is known when it comes again: rows by their content, files by name, size and digest.

A row is named by BLAKE2b over its values, so that it has one name in any version of any library.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    import polars as pl

_BYTES = 16
_LONG = 2.0**63
_encoder = msgspec.msgpack.Encoder(enc_hook=str)


class SeenFile(Struct, frozen=True):
    """A file that was read. `changed_ns`: its time of change then; the same, and the same size: the same file."""

    name: str
    size: int
    sha256: str
    changed_ns: int


def names_of(frame: pl.DataFrame) -> list[bytes]:
    """A name for each row, by its values: equal rows have one. A missing value is as if the column were not there."""
    columns = sorted(frame.columns)
    return [_name(columns, row) for row in frame.select(columns).iter_rows()]


def _name(columns: list[str], row: tuple[object, ...]) -> bytes:
    plain = [(name, _plain(value)) for name, value in zip(columns, row, strict=True) if value is not None]
    return hashlib.blake2b(_encoder.encode(plain), digest_size=_BYTES).digest()


def _plain(value: object) -> object:
    """Whole numbers are equal whether their column holds fractions or not."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _LONG else value


def packed(names: list[bytes]) -> bytes:
    return b"".join(sorted(names))


def unpacked(content: bytes) -> Counter[bytes]:
    return Counter(content[at : at + _BYTES] for at in range(0, len(content), _BYTES))


def unseen(names: list[bytes], seen: Counter[bytes]) -> list[bool]:
    """Which rows were not read before; of equal rows as many as there are more than before."""
    left, fresh = Counter(seen), []
    for name in names:
        known = left[name] > 0
        left[name] -= known
        fresh.append(not known)
    return fresh


def rows_of(some: list[bool], heights: list[int]) -> pl.Series:
    """Of each row whether it is of one of some files; heights: of each file its rows."""
    import polars as pl

    parts = [pl.repeat(each, rows, dtype=pl.Boolean, eager=True) for each, rows in zip(some, heights, strict=True)]
    return pl.concat(parts)


def packed_files(files: list[SeenFile]) -> bytes:
    return msgspec.json.encode(files)


def unpacked_files(content: bytes) -> dict[str, SeenFile]:
    return {each.name: each for each in msgspec.json.decode(content, type=list[SeenFile])}
