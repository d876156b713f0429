"""What was booked of late in a category, for a month."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.money import to_billionth
from treadle.plans.machines import DAYS_A_MONTH
from treadle.plans.measuring import days_measured, span

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.workspace import Workspace


def booked_a_month(reader: Reader, workspace: Workspace, category: str, days: int) -> Decimal | None:
    """What was booked for the last `days`, as for a month; None where nothing was. A bill is of more days than the one
    on which it falls due, so nothing is told from few of them, and it counts for all `days`. What was paid by quantity,
    such as hours, fell on days that there were: those since the record began, or since the first that was booked.

    What has no rate to the price book's currency is in no sum.
    """
    today, rates = workspace.chain.clock().astimezone(UTC).date(), workspace.book.rates
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    first = (today - timedelta(days=days - 1)).isoformat()
    mine = [e for e in every if e.payload.category == category and first <= e.payload.due <= today.isoformat()]
    told = [(each, rates.convert(each.price.money, rates.currency)) for each in mine if each.price is not None]
    known = [(bool(each.payload.unit), paid.amount) for each, paid in told if paid is not None]
    if not known:
        return None
    begun, _ = span(reader)
    booked = (date.fromisoformat(each.payload.due) for each in every)
    there = len(days_measured(min([begun or today, *booked]), today, days))
    by_quantity, bills = (sum((paid for unit, paid in known if unit is kind), Decimal(0)) for kind in (True, False))
    return to_billionth((by_quantity / there + bills / days) * DAYS_A_MONTH)
