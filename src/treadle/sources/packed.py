"""Files packed with gzip or Zstandard, told by their first bytes; and files that are not what their name says.

What grows out of all proportion is refused as it grows: no bomb of kilobytes fills the memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
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
        Unreadable: it is damaged, ends too early, grows out of all proportion, or is not packed as its name says.
        MissingExtra: it is packed with Zstandard, and its package is not installed.
    """
    most = _most(len(content), layout)
    if content.startswith(_GZIP) or name.lower().endswith(".gz"):
        return _joined(_gzip(content), most, len(content))
    if content.startswith(_ZSTD):
        return _joined(_zstd(content), most, len(content))
    if name.lower().endswith(".zst"):
        raise Unreadable("it is no whole file of Zstandard")
    return content


def _most(packed: int, layout: Layout) -> int:
    """Bytes that may come of a packed file."""
    most = most_bytes(layout)
    return most if layout.max_gb is not None else min(most, max(LEAST_CHECKED, MOST_GROWTH * packed))


def _joined(parts: Iterator[bytes], most: int, packed: int) -> bytes:
    """All parts. A size that the file tells of itself is not believed: what is damaged tells any."""
    kept, grown = [], 0
    for part in parts:
        grown += len(part)
        if grown > most:
            raise Unreadable(
                f"its {size(packed)} unpack to more than {size(most)}",
                mend="if it is meant so, lift the limit with max_gb; or give a part of it",
            )
        kept.append(part)
    return b"".join(kept)


def _gzip(content: bytes) -> Iterator[bytes]:
    rest = content
    while rest:
        one = zlib.decompressobj(wbits=31)
        while not one.eof:
            try:
                part = one.decompress(rest, _PART)
            except zlib.error as bad:
                raise Unreadable(f"it is no whole file of gzip ({bad})") from bad
            yield part
            rest = one.unconsumed_tail
            if not part and not rest and not one.eof:
                raise Unreadable("it ends before its gzip does")
        # several members may follow one another, and zeros may fill the last block
        rest = one.unused_data.lstrip(b"\0")


def _zstd(content: bytes) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as bad:
        what = "files packed with Zstandard need the package zstandard"
        raise MissingExtra("zstd", "zstandard", what=what) from bad
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 31)
    rest = content
    while rest:
        one, at = unpacker.decompressobj(), 0
        try:
            while not one.eof and at < len(rest):
                yield one.decompress(rest[at : at + _SLICE])
                at += _SLICE
        except zstandard.ZstdError as bad:
            raise Unreadable(f"it is no whole file of Zstandard ({bad})") from bad
        if not one.eof:
            raise Unreadable("it ends before its Zstandard does")
        rest = one.unused_data + rest[at:]  # several frames may follow one another
