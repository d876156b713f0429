"""Files packed with gzip or Zstandard, told by their first bytes; and files that are not what their name says.

What grows out of all proportion is refused as it grows: no bomb of kilobytes fills the memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from treadle.errors import MissingExtra
from treadle.sources.limits import LEAST_CHECKED, MOST_GROWTH, most_bytes, size
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    from treadle.spec import Layout

PACKED = (".gz", ".zst")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PART, _SLICE = 1 << 22, 1 << 11
"""Bytes that are taken out of gzip at once; and that are put into Zstandard, which gives all that comes of them."""
MAGIC = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"PK\x03\x04": "excel",
    b"\xd0\xcf\x11\xe0": "excel",
}


def bare(name: str) -> str:
    """A file's name in small letters, without the ending that says how it is packed."""
    small = name.lower()
    return next((small.removesuffix(end) for end in PACKED if small.endswith(end)), small)


def whole(content: bytes, name: str, layout: Layout) -> bytes:
    """What a file holds, unpacked if it is packed.

    Raises:
        As `unpacked`.
    """
    return b"".join(unpacked(iter([content]), len(content), name, layout))


def unpacked(pieces: Iterator[bytes], packed: int, name: str, layout: Layout) -> Iterator[bytes]:
    """What a file of so many bytes holds, piece by piece as it comes; the first piece has at least four of them.

    Raises:
        Unreadable: it is damaged, ends too early, grows out of all proportion, or is not packed as its name says.
        MissingExtra: it is packed with Zstandard, and its package is not installed.
    """
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    if first.startswith(_GZIP) or name.lower().endswith(".gz"):
        return _limited(_gzip(pieces), _most(packed, layout), packed)
    if first.startswith(_ZSTD):
        return _limited(_zstd(pieces), _most(packed, layout), packed)
    if name.lower().endswith(".zst"):
        raise Unreadable("it is no whole file of Zstandard")
    return pieces


def _most(packed: int, layout: Layout) -> int:
    """Bytes that may come of a packed file."""
    most = most_bytes(layout)
    return most if layout.max_gb is not None else min(most, max(LEAST_CHECKED, MOST_GROWTH * packed))


def _limited(parts: Iterator[bytes], most: int, packed: int) -> Iterator[bytes]:
    """All parts. A size that the file tells of itself is not believed: what is damaged tells any."""
    grown = 0
    for part in parts:
        grown += len(part)
        if grown > most:
            raise Unreadable(
                f"its {size(packed)} unpack to more than {size(most)}",
                mend="if it is meant so, lift the limit with max_gb; or give a part of it",
            )
        yield part


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = next(pieces, b"")
    while rest:
        one = zlib.decompressobj(wbits=31)
        while not one.eof:
            try:
                part = one.decompress(rest, _PART)
            except zlib.error as bad:
                raise Unreadable(f"it is no whole file of gzip ({bad})") from bad
            yield part
            rest = one.unconsumed_tail
            if not one.eof and not rest:
                rest = next(pieces, b"")
                if not part and not rest:
                    raise Unreadable("it ends before its gzip does")
        # several members may follow one another, and zeros may fill the last block
        rest = one.unused_data.lstrip(b"\0")
        while not rest and (piece := next(pieces, b"")):
            rest = piece.lstrip(b"\0")


def _zstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as bad:
        what = "files packed with Zstandard need the package zstandard"
        raise MissingExtra("zstd", "zstandard", what=what) from bad
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 31)
    slices = (piece[at : at + _SLICE] for piece in pieces for at in range(0, len(piece), _SLICE))
    rest = next(slices, b"")
    while rest:
        one = unpacker.decompressobj()
        try:
            while not one.eof and rest:
                yield one.decompress(rest)
                rest = b"" if one.eof else next(slices, b"")
        except zstandard.ZstdError as bad:
            raise Unreadable(f"it is no whole file of Zstandard ({bad})") from bad
        if not one.eof:
            raise Unreadable("it ends before its Zstandard does")
        rest = one.unused_data or next(slices, b"")  # several frames may follow one another
