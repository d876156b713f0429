"""What a Parquet file says of its own size, read from its footer alone.

Polars tells the rows of a file and not how many bytes its pages unpack to, so the footer is read here: a struct
`FileMetaData` in Thrift's compact protocol (parquet-format, `parquet.thrift`), of which two fields are kept.
"""

from __future__ import annotations

import os
from itertools import accumulate
from typing import Any, BinaryIO

from msgspec import Struct

from treadle.sources.unreadable import Unreadable

_ROWS, _GROUPS, _BYTES, _GROUP_ROWS = 3, 4, 2, 3
"""`FileMetaData.num_rows` and `.row_groups`, `RowGroup.total_byte_size` and `.num_rows` by their numbers."""
_CHUNKS, _META, _PLACES, _META_PLACES = 1, 3, (4, 6), (9, 10, 11, 14)
"""`RowGroup.columns`, `ColumnChunk.meta_data`; and of these two where pages, their indexes and their filters begin."""
_DEEPEST, _LONGEST = 32, 10
"""Structs in structs, and bytes of a number."""
_SKIPPED, _BINARY = {3: 1, 7: 8}, 8
"""A byte and a double, by the bytes that they take; a text begins with its length."""


class Footer(Struct, frozen=True):
    """`rows` of the file; `unpacked`: bytes of its pages without compression, still encoded."""

    rows: int
    unpacked: int


def last_bytes(stream: BinaryIO) -> bytes:
    """The end of a file from where its footer begins, for `footer`; the file is read nowhere else."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 8))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(0, size - length - 12))
    return stream.read()


def footer(content: bytes) -> Footer:
    """Raises Unreadable where the bytes are no Parquet file."""
    rows, groups = _told(content)
    sizes = [group.get(_BYTES) for group in groups]
    return Footer(rows, sum(max(0, each) for each in sizes if isinstance(each, int)))


def row_groups(content: bytes) -> tuple[tuple[int, int], ...]:
    """Rows and unpacked bytes of each row group, in order.

    Raises:
        Unreadable: as `footer`; or the groups have not the rows of the file.
    """
    return _sizes(*_told(content))


def begins(content: bytes) -> tuple[tuple[int, int], ...]:
    """Of each row group the rows of the file up to its end, and its first byte; 0 where the footer does not tell.

    Raises:
        Unreadable: as `row_groups`.
    """
    rows, groups = _told(content)
    ends = accumulate(rows for rows, _ in _sizes(rows, groups))
    return tuple((end, _first_byte(group)) for end, group in zip(ends, groups, strict=False))


def _sizes(rows: int, groups: list[dict[int, Any]]) -> tuple[tuple[int, int], ...]:
    found = [(group.get(_GROUP_ROWS), group.get(_BYTES)) for group in groups]
    sizes = tuple((max(0, n), max(0, size)) for n, size in found if isinstance(n, int) and isinstance(size, int))
    if sum(n for n, _ in sizes) != rows:
        raise Unreadable("its footer is damaged")
    return sizes


def _first_byte(group: dict[int, Any]) -> int:
    chunks = group.get(_CHUNKS)
    if not isinstance(chunks, list) or not chunks:
        return 0
    places = []
    for chunk in chunks:
        meta = chunk.get(_META) if isinstance(chunk, dict) else None
        if not isinstance(meta, dict) or not isinstance(meta.get(_META_PLACES[0]), int):
            return 0
        found = (*(chunk.get(place) for place in _PLACES), *(meta.get(place) for place in _META_PLACES))
        # writers say 0 for a page that there is not: the first four bytes of a file are its mark
        places += [place for place in found if isinstance(place, int) and place > 0]
    return min(places, default=0)


def _told(content: bytes) -> tuple[int, list[dict[int, Any]]]:
    """The rows of the file, and its row groups."""
    length = int.from_bytes(content[-8:-4], "little")
    if content[-4:] != b"PAR1" or length + 12 > len(content):
        raise Unreadable("it has no footer of Parquet: is it whole?")
    try:
        told = _Compact(content[-8 - length : -8]).struct(0)
    except (IndexError, RecursionError) as bad:
        raise Unreadable("its footer is damaged") from bad
    rows, groups = told.get(_ROWS), told.get(_GROUPS)
    if not isinstance(rows, int) or not isinstance(groups, list):
        raise Unreadable("its footer is damaged")
    return rows, [group for group in groups if isinstance(group, dict)]


class _Compact:
    """A reader of Thrift's compact protocol that knows no schema: structs are maps from a field's number."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def varint(self) -> int:
        made = 0
        for shift in range(0, 7 * _LONGEST, 7):
            byte = self.byte()
            made |= (byte & 127) << shift
            if byte < 128:
                return made
        raise IndexError  # of 64 bits it cannot be

    def whole(self) -> int:
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise RecursionError
        made: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.whole()
            made[number] = self.value(head & 15, depth)
        return made

    def value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):  # true and false stand in the head of a field
            return kind == 1
        if kind in (4, 5, 6):
            return self.whole()
        if kind == 12:
            return self.struct(depth + 1)
        if kind in (9, 10):
            return self.list(depth)
        if kind not in _SKIPPED and kind != _BINARY:
            raise IndexError
        length = _SKIPPED.get(kind) or self.varint()
        self.at += length
        return None

    def list(self, depth: int) -> Any:
        head = self.byte()
        count, kind = head >> 4, head & 15
        count = self.varint() if count == 15 else count
        if count > len(self.content):  # each element takes a byte at least
            raise IndexError
        return [self.byte() == 1 if kind in (1, 2) else self.value(kind, depth + 1) for _ in range(count)]
