"""What the next run will cost, by what runs like it cost before; with the record of how far off such estimates were."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.money import Money, Rates

if TYPE_CHECKING:
    from treadle.evidence import Chain, Reader

LAST = 5
"""Runs that an estimate looks back on."""
_MOST = 50
_NANO = Decimal("0.000000001")


class Estimate(Struct, frozen=True):
    """The middle one of the last runs that searched, `low` and `high` of them. `error`: of the estimates that would
    have been made before each earlier run, the share of its cost by which the middle one was off; None of fewer than 2.
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    currency: str
    runs: int
    error: float | None
    tried: int


def estimate(chain: Chain, rates: Rates) -> Estimate | None:
    """None: no run that searched is known."""
    with chain.reading() as reader:
        costs = _costs(reader, rates)
    if not costs:
        return None
    last = costs[-LAST:]
    off = errors(costs)
    return Estimate(
        median(last), min(last), max(last), rates.currency, len(last), median(off) if len(off) > 1 else None, len(off)
    )


def errors(costs: Sequence[Decimal]) -> list[float]:
    """By which share of its cost each run was other than the middle one of the runs before it.

    >>> errors([Decimal(4), Decimal(5), Decimal(4)])     # |4 - 5| / 5, |4.5 - 4| / 4
    [0.2, 0.125]
    """
    return [
        float(abs(median(costs[max(0, place - LAST) : place]) - costs[place]) / costs[place])
        for place in range(1, len(costs))
    ]


def _costs(reader: Reader, rates: Rates) -> list[Decimal]:
    """Of the runs in which a search was made, oldest first; those that cost nothing tell nothing."""
    from sqlalchemy import func, select

    from treadle.evidence.kinds.models_searched import ModelsSearched
    from treadle.store.schema import entries, ledger

    newest = (
        select(entries.c.run, func.max(entries.c.seq).label("at"))
        .where(entries.c.kind == ModelsSearched.KIND, entries.c.status == "done", entries.c.run != "")
        .group_by(entries.c.run)
        .order_by(func.max(entries.c.seq).desc())
        .limit(_MOST)
        .subquery()
    )
    paid = (
        select(newest.c.run, newest.c.at, ledger.c.units, ledger.c.nanos, ledger.c.currency)
        .join(ledger, (ledger.c.by == "run") & (ledger.c.name == newest.c.run) & (ledger.c.currency != ""))
        .order_by(newest.c.at)
    )
    sums: dict[str, Decimal] = {}
    for row in reader.connection.execute(paid):
        found = rates.convert(Money(Decimal(row.units) + row.nanos * _NANO, row.currency), rates.currency)
        sums[row.run] = sums.get(row.run, Decimal(0)) + (found.amount if found is not None else 0)
    return [each for each in sums.values() if each > 0]
