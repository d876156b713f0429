"""What the kept snapshots take, and what that saves: beside each version written whole, in the codec that writers of
Parquet use unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.costs.sums import StoredSum
from treadle.evidence.removals import name_of, removals
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.costs.prices import PriceBook
    from treadle.evidence import Chain, Reader


def stored(chain: Chain, book: PriceBook) -> StoredSum:
    """Snapshots whose writing was not measured, of an older Treadle, count as they lie."""
    with chain.reading() as reader:
        several = _kept(reader)
    files = {(each.table, part.path): part.size for each in several for part in each.parts}
    size, each_whole = sum(files.values()), sum(each.bytes for each in several)
    plain = sum(each.stored.plain if each.stored is not None else each.bytes for each in several)
    return StoredSum(
        snapshots=len(several),
        bytes=size,
        plain=plain,
        shared=each_whole - size,
        monthly=float(book.month_of(size).amount),
        saved=float(book.month_of(max(plain - size, 0)).amount),
    )


def _kept(reader: Reader) -> list[Snapshot]:
    from sqlalchemy import select

    from treadle.store.schema import refs

    query = select(refs.c.seq).where(refs.c.made == 1, refs.c.name != "").distinct()
    gone, found = removals(reader), {}
    for entry in reader.by_seq(sorted(int(row[0]) for row in reader.connection.execute(query))):
        for ref in entry.made if entry.status == "done" else ():
            removal = gone.get(name_of(ref)) if isinstance(ref, Snapshot) else None
            if isinstance(ref, Snapshot) and (removal is None or removal.seq < entry.seq):
                found[name_of(ref)] = ref
    return list(found.values())
