"""The Merkle tree of a log: heads, and proofs that an entry is in it and that a later log extends an earlier one.

Hashing and proofs are those of RFC 6962 and RFC 9162 section 2.1. A leaf is hashed as 0x00 || data and a node as
0x01 || left || right, so that neither can be taken for the other. The tree of n leaves is split at the largest power of
two below n; from that it follows that a perfect subtree, once full, never changes, whatever is appended.

Nothing here reads or writes: proofs are made over a `HashReader`, which knows the heads of perfect subtrees. There are
two: `Leaves`, a list of leaf hashes, and `TileHashes`, over the tiles of 256 hashes that a log keeps (C2SP tlog-tiles).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from treadle.errors import EvidenceError

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_HEAD = hashlib.sha256(b"").digest()
"""The head of a log without entries."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_head(leaves: Sequence[bytes]) -> bytes:
    """The head over leaf hashes.

    Level by level: pairing from the left and carrying an odd last node up unhashed gives the tree of the definition.

    >>> tree_head([]) == EMPTY_HEAD
    True
    """
    if not leaves:
        return EMPTY_HEAD
    sha256, level = hashlib.sha256, list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


class Frontier:
    """The heads of the perfect subtrees of a log from left to right: what appending needs to know, and no more.

    Appending costs one hash on average, the head at most one for each binary digit of the size.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Begin anew, or go on from `size` and `hashes` as they were kept."""
        self.size, self.hashes = size, list(hashes)
        if len(self.hashes) != size.bit_count():
            raise EvidenceError(f"a frontier of {size} leaves has {size.bit_count()} hashes, not {len(self.hashes)}")

    def append(self, leaf: bytes) -> None:
        sha256, hashes, full = hashlib.sha256, self.hashes, self.size
        while full & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            full >>= 1
        hashes.append(leaf)
        self.size += 1

    def head(self) -> bytes:
        if not self.hashes:
            return EMPTY_HEAD
        found = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            found = node_hash(left, found)
        return found


class HashReader(Protocol):
    """What proofs are made from."""

    def subtree(self, level: int, index: int) -> bytes:
        """The head of the perfect subtree over the 2**`level` leaves that begin at leaf `index` * 2**`level`."""
        ...


class Leaves:
    """Over a list of all leaf hashes. Every subtree is hashed anew: for checks and small logs."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves

    def subtree(self, level: int, index: int) -> bytes:
        part = self._leaves[index << level : (index + 1) << level]
        if len(part) != 1 << level:
            raise EvidenceError(f"the log has {len(self._leaves)} leaves: too few for this proof", where="log")
        return tree_head(part)


class TileReader(Protocol):
    def tile(self, level: int, number: int, width: int) -> bytes:
        """The first `width` hashes of a tile, one after another; fewer bytes when it holds fewer."""
        ...


class TileHashes:
    """Over the tiles of a log of `size` leaves. A tile is read once."""

    def __init__(self, tiles: TileReader, size: int) -> None:
        self._tiles, self._size = tiles, size
        self._read: dict[tuple[int, int], bytes] = {}

    def subtree(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, place = divmod(index << height, TILE_WIDTH)
        whole = self._tile(tile_level, number)
        part = whole[place * HASH_BYTES : (place + (1 << height)) * HASH_BYTES]
        if len(part) != HASH_BYTES << height:
            raise EvidenceError(
                f"the tile {tile_path(tile_level, number)} is too short for a log of {self._size} entries",
                where="log_tiles",
                mend="treadle verify tells what was changed",
            )
        return tree_head([part[i : i + HASH_BYTES] for i in range(0, len(part), HASH_BYTES)])

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._read:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
            self._read[level, number] = self._tiles.tile(level, number, width) if width > 0 else b""
        return self._read[level, number]


def head_of(hashes: HashReader, size: int) -> bytes:
    """The head of the first `size` leaves."""
    return _range_head(hashes, 0, size) if size else EMPTY_HEAD


def prove_inclusion(hashes: HashReader, index: int, size: int) -> list[bytes]:
    """The siblings from leaf `index` (counted from 0) up to the head of the first `size` leaves."""
    if not 0 <= index < size:
        raise EvidenceError(f"there is no leaf {index} in a log of {size}", where="log")
    start, end, path = 0, size, []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(_range_head(hashes, split, end))
            end = split
        else:
            path.append(_range_head(hashes, start, split))
            start = split
    return path[::-1]


def prove_extension(hashes: HashReader, old: int, new: int) -> list[bytes]:
    """The hashes which show that the first `new` leaves begin with the first `old` ones (a consistency proof)."""
    if not 0 <= old <= new:
        raise EvidenceError(f"a log of {new} cannot extend one of {old}", where="log")
    if old in (0, new):
        return []
    start, end, path, inside = 0, new, [], True
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            path.append(_range_head(hashes, split, end))
            end = split
        else:
            path.append(_range_head(hashes, start, split))
            start, inside = split, False
    if not inside:
        path.append(_range_head(hashes, start, end))
    return path[::-1]


def shows_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Whether `path` leads from `leaf` at `index` to `head`, the head of `size` leaves.

    `size` must come from whoever vouches for `head`, as in a signed checkpoint: some sizes have equal paths.
    """
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == head


def shows_extension(old: int, old_head: bytes, new: int, new_head: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the log of `new` leaves with `new_head` begins with that of `old` leaves."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and old_head == (new_head if old else EMPTY_HEAD)
    # where the old log is one perfect subtree, its head is a node of the new tree and is left out of the path
    steps = [old_head, *path] if old.bit_count() == 1 else list(path)
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_head and second == new_head


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Where a tile is kept, as tlog-tiles says.

    >>> tile_path(0, 1234067), tile_path(1, 0, 17)
    ('tile/0/x001/x234/067', 'tile/1/000.p/17')
    """
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + (f".p/{width}" if width < TILE_WIDTH else "")


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number, width) of every tile of a log of `size` leaves; the last of a level may be partial."""
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        yield from ((level, number, TILE_WIDTH) for number in range(full))
        if rest:
            yield level, full, rest
        level, size = level + 1, full


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range_head(hashes: HashReader, start: int, end: int) -> bytes:
    """The head of the leaves from `start` to before `end`, a node of the tree: its left part is perfect."""
    found: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(hashes.subtree(level, start >> level))
        start += 1 << level
    head = found.pop()
    while found:
        head = node_hash(found.pop(), head)
    return head
