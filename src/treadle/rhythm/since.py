"""What happened since an entry, or a time, found by the catalog's indexes and never by reading the record through."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from treadle.evidence import Entry, Payload, Reader

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, TextClause


P = TypeVar("P", bound=Payload)


def first_at(reader: Reader, time: str) -> int:
    """The number of the first entry that was written at `time` (as entries have it) or later; one after the last, where
    none was. Entries are numbered in their order, so it is found by halves."""
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    low, high = 1, int(reader.connection.execute(select(func.coalesce(func.max(entries.c.seq), 0))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(entries.c.time).where(entries.c.seq >= middle).order_by(entries.c.seq).limit(1)
        found = reader.connection.execute(query).scalar()
        low, high = (low, middle) if found is None or str(found) >= time else (middle + 1, high)
    return low


def entries_since(
    reader: Reader, first: int, kinds: Sequence[type[Payload]], most: int
) -> tuple[list[Entry[Payload]], int]:
    """The newest `most` of these kinds from entry `first` on, newest first, and how many more there are."""
    from treadle.store.schema import entries

    named = entries.c.kind.in_([kind.KIND for kind in kinds])
    return _found(reader, [entries.c.seq >= first, named, entries.c.status == "done"], most, newest=True)


def failed_since(reader: Reader, first: int, most: int, *, newest: bool = True) -> tuple[list[Entry[Payload]], int]:
    """As `entries_since`, of steps that failed; the newest of them, or else the oldest."""
    from sqlalchemy import text

    from treadle.store.schema import FAILED, entries

    return _found(reader, [entries.c.seq >= first, text(FAILED)], most, newest=newest)


def entries_between(
    reader: Reader, first: int, last: int, kinds: Sequence[str], most: int, *, newest: bool
) -> tuple[list[Entry[Payload]], int]:
    """As `entries_since`, of entries `first` to `last`, failed ones too; the newest of them, or else the oldest."""
    from treadle.store.schema import entries

    wanted = [entries.c.seq >= first, entries.c.seq <= last, entries.c.kind.in_(kinds)]
    return _found(reader, wanted, most, newest=newest)


def _found(
    reader: Reader, wanted: Sequence[ColumnElement[bool] | TextClause], most: int, *, newest: bool
) -> tuple[list[Entry[Payload]], int]:
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    count = int(reader.connection.execute(select(func.count()).select_from(entries).where(*wanted)).scalar() or 0)
    query = select(entries.c.seq).where(*wanted).order_by(entries.c.seq.desc() if newest else entries.c.seq).limit(most)
    numbers = [int(row[0]) for row in reader.connection.execute(query)]
    return sorted(reader.by_seq(numbers), key=lambda entry: -entry.seq), count - len(numbers)


def newest_before(reader: Reader, number: int, kind: type[P], subject: str) -> Entry[P] | None:
    """The newest of its kind about a subject that stands before entry `number`."""
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    query = select(func.max(entries.c.seq)).where(
        entries.c.subject == subject, entries.c.kind == kind.KIND, entries.c.seq < number, entries.c.status == "done"
    )
    found = reader.connection.execute(query).scalar()
    return None if found is None else reader.by_seq([int(found)])[0]  # type: ignore[return-value]


def spent_since(reader: Reader, day: str) -> dict[str, Decimal]:
    """What was spent and booked on `day` and after it, by currency, from the ledger's sums by day."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    query = (
        select(ledger.c.currency, func.sum(ledger.c.units), func.sum(ledger.c.nanos))
        .where(ledger.c.by == "day", ledger.c.name >= day, ledger.c.currency != "")
        .group_by(ledger.c.currency)
    )
    nano = Decimal("0.000000001")
    return {
        str(row[0]): Decimal(int(row[1])) + Decimal(int(row[2])) * nano
        for row in reader.connection.execute(query.order_by(ledger.c.currency))
    }


def last_spent(reader: Reader, day: str) -> list[int]:
    """The number of the last entry that cost something on `day` or after it; none where nothing did."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    query = select(func.max(ledger.c.last)).where(ledger.c.by == "day", ledger.c.name >= day, ledger.c.currency != "")
    found = reader.connection.execute(query).scalar()
    return [] if found is None else [int(found)]
