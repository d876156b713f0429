"""Questions to the record. A row is believed only where its columns say what its entry says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from treadle.errors import EvidenceError
from treadle.evidence.decoding import read
from treadle.evidence.entry import GENESIS, Entry
from treadle.evidence.payload import Payload

if TYPE_CHECKING:
    from sqlalchemy import Connection

Q = TypeVar("Q", bound=Payload)
_READ = ("seq", "kind", "subject", "run", "actor", "status", "cache_key", "body", "hash")


def _as_it_stands(row: Any) -> Entry[Any]:
    """The entry of a row. What a column says must be what the entry says: rows are found by their columns.

    Raises:
        EvidenceError: it was edited.
    """
    entry = read(row.body, row.hash)
    for name in _READ[:-2]:
        if getattr(entry, name) != getattr(row, name):
            raise EvidenceError(
                f"entry {entry.seq} was edited: its column {name} differs from its content",
                where=f"entry {entry.seq}",
                mend="treadle verify names what was done",
            )
    return entry


class Reader:
    """Questions to one state of the record."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def find(
        self,
        *kinds: type[Q],
        names: Sequence[str] = (),
        prefix: str = "",
        subject: str | None = None,
        run: str | None = None,
        cache_key: str | None = None,
        status: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Entry[Q]]:
        """See `Chain.find`. `names`: kinds by name; `prefix`: what a kind's name begins with.

        Raises:
            EvidenceError: an entry among those found was edited.
        """
        from sqlalchemy import select

        from treadle.store.schema import entries

        query = select(*(entries.c[name] for name in _READ))
        wanted = [*(kind.KIND for kind in kinds), *names]
        if wanted:
            query = query.where(entries.c.kind.in_(wanted) if len(wanted) > 1 else entries.c.kind == wanted[0])
        if prefix:
            # a range and not LIKE, so that the index on the kind serves it
            query = query.where(entries.c.kind >= prefix, entries.c.kind < prefix + "\uffff")
        for column, value in (
            (entries.c.subject, subject),
            (entries.c.run, run),
            (entries.c.cache_key, cache_key),
            (entries.c.status, status),
        ):
            if value is not None:
                query = query.where(column == value)
        query = query.order_by(entries.c.seq.desc() if newest_first else entries.c.seq)
        if limit is not None:
            query = query.limit(limit)
        found: list[Entry[Q]] = [_as_it_stands(row) for row in self.connection.execute(query)]
        return found

    def last(self, *kinds: type[Q], subject: str | None = None, status: str = "done") -> Entry[Q] | None:
        found = self.find(*kinds, subject=subject, status=status, newest_first=True, limit=1)
        return found[0] if found else None

    def seen(self) -> str:
        """The latest time of all entries, "" where there are none; a clock that was set back does not undo it."""
        from sqlalchemy import func, select

        from treadle.store.schema import entries

        return str(self.connection.execute(select(func.max(entries.c.time))).scalar() or "")

    def behind(self) -> bool:
        """Whether entries stand in the chain that are in no view yet."""
        from sqlalchemy import func, select

        from treadle.store.schema import entries, projected

        newest = self.connection.execute(select(func.max(entries.c.seq))).scalar() or 0
        done = self.connection.execute(select(func.max(projected.c.size))).scalar()
        return not isinstance(done, int) or int(newest) > done if newest else False

    def by_seq(self, numbers: Sequence[int]) -> list[Entry[Payload]]:
        """The entries of these numbers, oldest first."""
        from sqlalchemy import select

        from treadle.store.schema import entries

        out: list[Entry[Payload]] = []
        for start in range(0, len(numbers), 500):
            some = list(numbers[start : start + 500])
            query = select(*(entries.c[name] for name in _READ)).where(entries.c.seq.in_(some))
            out += [_as_it_stands(row) for row in self.connection.execute(query.order_by(entries.c.seq))]
        return out

    def by_hash(self, *hashes: str) -> list[Entry[Payload]]:
        from sqlalchemy import select

        from treadle.store.schema import entries

        query = select(*(entries.c[name] for name in _READ)).where(entries.c.hash.in_(hashes))
        return [_as_it_stands(row) for row in self.connection.execute(query.order_by(entries.c.seq))]

    def hold(self, *found: Entry[Payload]) -> None:
        """That each of these entries stands in the chain: its neighbours are linked to it, and it is the tree's leaf.

        Raises:
            EvidenceError: one does not.
        """
        from sqlalchemy import select

        from treadle.evidence.merkle import HASH_BYTES, TILE_WIDTH, leaf_hash
        from treadle.evidence.tiles import CatalogTiles
        from treadle.store.schema import entries

        for entry in found:
            near = entries.c.seq.in_((entry.seq - 1, entry.seq, entry.seq + 1))
            rows = {
                int(row.seq): row
                for row in self.connection.execute(
                    select(entries.c.seq, entries.c.hash, entries.c.prev, entries.c.body).where(near)
                )
            }
            before, here, after = (rows.get(entry.seq + step) for step in (-1, 0, 1))
            linked = (before.hash if before else GENESIS) == entry.prev and (after is None or after.prev == entry.hash)
            number, place = divmod(entry.seq - 1, TILE_WIDTH)
            tile = CatalogTiles(self.connection).tile(0, number)
            leaf = tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            if here is None or here.hash != entry.hash or not linked or leaf != leaf_hash(bytes(here.body)):
                raise EvidenceError(
                    f"entry {entry.seq} ({entry.kind}) does not stand in the record: it was edited or put in by hand",
                    where=f"entry {entry.seq}",
                    mend="treadle verify names what was done; release again what was approved",
                )
