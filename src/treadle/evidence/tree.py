"""Build the log's tree anew from its entries, and tell where the tiles that are kept differ from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from treadle.evidence.merkle import HASH_BYTES, TILE_WIDTH, Frontier, leaf_hash, tile_path, tree_head

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Rebuilt:
    """The tree of the entries, as they are added in order. `heads` holds its head at each of `sizes` once reached."""

    def __init__(self, sizes: Iterable[int], tiled: int) -> None:
        """tiled: so many entries are in the tiles; those after them are only in heads."""
        self.heads: dict[int, bytes] = {}
        self._sizes, self._tiled = frozenset(sizes), tiled
        self._frontier = Frontier()
        self._tiles: dict[tuple[int, int], bytearray] = {}
        self._whole = True

    def add(self, seq: int, content: Any) -> None:
        """One entry, by its number. After a gap there is no tree: what is missing has no hash."""
        self._whole = self._whole and seq == self._frontier.size + 1
        if not self._whole:
            return
        leaf = leaf_hash(as_bytes(content))
        self._frontier.append(leaf)
        if self._frontier.size in self._sizes:
            self.heads[self._frontier.size] = self._frontier.head()
        level, index = 0, seq - 1
        while seq <= self._tiled:
            number, place = divmod(index, TILE_WIDTH)
            tile = self._tiles.setdefault((level, number), bytearray())
            tile += leaf
            if place + 1 < TILE_WIDTH:
                return
            leaf = tree_head([bytes(tile[i : i + HASH_BYTES]) for i in range(0, len(tile), HASH_BYTES)])
            level, index = level + 1, number

    def tile_faults(self, connection: Connection) -> list[str]:
        """The first place where the tiles in the catalog are not those of the entries: a checkpoint signs the tiles."""
        from sqlalchemy import select

        from treadle.store.schema import tiles

        waiting = dict(self._tiles)
        for row in connection.execute(select(tiles).order_by(tiles.c.level, tiles.c.number)):
            made, held = bytes(waiting.pop((row.level, row.number), b"")), as_bytes(row.hashes)
            if held[: len(made)] != made:
                return [_differs(row.level, row.number, made, held)]
            if len(held) > len(made) and self._whole:
                if row.level:
                    return [f"the log's tile {tile_path(row.level, row.number)} holds more than the entries make"]
                seq = row.number * TILE_WIDTH + len(made) // HASH_BYTES + 1
                return [f"the log's tree holds an entry {seq}, and the record has none: its end was cut off"]
        return [_differs(*where, bytes(made), b"") for where, made in list(waiting.items())[:1]]


def as_bytes(content: Any) -> bytes:
    """What stands in a column of bytes, also where an edit left something else there."""
    return bytes(content) if isinstance(content, bytes | memoryview | bytearray) else str(content).encode()


def _differs(level: int, number: int, made: bytes, held: bytes) -> str:
    if level:
        return f"the log's tile {tile_path(level, number)} is not made of the tiles below it"
    place = next(i for i in range(0, len(made), HASH_BYTES) if held[i : i + HASH_BYTES] != made[i : i + HASH_BYTES])
    return (
        f"entry {number * TILE_WIDTH + place // HASH_BYTES + 1} is not the one that the log's tree holds at its place"
    )
