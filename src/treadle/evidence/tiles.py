"""The chain's Merkle tiles in the catalog: leaf hashes of all entries, 256 to a tile, and the tiles above them.

The layout is C2SP's tlog-tiles: a tile of level L holds the roots of full tiles of level L-1. Only the last tile of a
level is partial. Appending reads and writes the last tile, and one more above it at every 256th entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.evidence.merkle import HASH_BYTES, TILE_WIDTH, TileReader, leaf_hash, tile_path, tiles_of, tree_head

if TYPE_CHECKING:
    from sqlalchemy import Connection


def grow(connection: Connection, index: int, contents: Sequence[bytes]) -> None:
    """Add the leaves of the entries from number `index` + 1 on, by their bytes; each tile is written once."""
    hashes, level = [leaf_hash(content) for content in contents], 0
    while hashes:
        full, done = list[bytes](), 0
        while done < len(hashes):
            number, place = divmod(index + done, TILE_WIDTH)
            part = hashes[done : done + TILE_WIDTH - place]
            whole = _put(connection, level, number, place, b"".join(part))
            done += len(part)
            if place + len(part) == TILE_WIDTH:
                full.append(tree_head([whole[i : i + HASH_BYTES] for i in range(0, len(whole), HASH_BYTES)]))
        hashes, level, index = full, level + 1, index // TILE_WIDTH


def _put(connection: Connection, level: int, number: int, place: int, hashed: bytes) -> bytes:
    """The tile, with the hashes that come at `place`."""
    from sqlalchemy import insert, select, update

    from treadle.store.schema import tiles

    here = (tiles.c.level == level) & (tiles.c.number == number)
    if place == 0:
        # where somebody cut the end of the log off and left its tiles, there is one already
        if connection.execute(update(tiles).where(here).values(hashes=hashed)).rowcount == 0:
            connection.execute(insert(tiles).values(level=level, number=number, hashes=hashed))
        return hashed
    before = connection.execute(select(tiles.c.hashes).where(here)).scalar()
    whole = bytes(before or b"")[: place * HASH_BYTES] + hashed
    connection.execute(update(tiles).where(here).values(hashes=whole))
    return whole


def log_size(connection: Connection) -> int:
    """How many entries the tiles hold, by the last of the lowest level."""
    from sqlalchemy import select

    from treadle.store.schema import tiles

    lowest = select(tiles.c.number, tiles.c.hashes).where(tiles.c.level == 0).order_by(tiles.c.number.desc())
    last = connection.execute(lowest.limit(1)).first()
    if last is None or not isinstance(last.number, int) or not isinstance(last.hashes, bytes):
        return 0
    return last.number * TILE_WIDTH + len(last.hashes) // HASH_BYTES


class CatalogTiles:
    """Reads tiles from the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile; fewer where it holds fewer."""
        from sqlalchemy import select

        from treadle.store.schema import tiles

        found = self._connection.execute(
            select(tiles.c.hashes).where(tiles.c.level == level, tiles.c.number == number)
        ).scalar()
        return bytes(found or b"")[: width * HASH_BYTES]


class FolderTiles:
    """Reads tiles from a folder, laid out as tlog-tiles says. A partial tile is also read from the full one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile; nothing where there is none."""
        for name in (tile_path(level, number, width), tile_path(level, number)):
            with suppress(FileNotFoundError):
                return (self._folder / name).read_bytes()[: width * HASH_BYTES]
        return b""


def lay_out(tiles: TileReader, size: int, folder: Path) -> None:
    """Write all tiles of a log of `size` entries below `folder`, so that any web server can serve its proofs."""
    for level, number, width in tiles_of(size):
        file = folder / tile_path(level, number, width)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tiles.tile(level, number, width))
