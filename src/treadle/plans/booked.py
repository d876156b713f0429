"""What was booked of late in a category, for a month."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.money import to_billionth
from treadle.plans.machines import DAYS_A_MONTH

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.workspace import Workspace


def booked_a_month(reader: Reader, workspace: Workspace, category: str, days: int) -> Decimal | None:
    """Of the last `days`, or of as many as there are since the first that was booked in them; None where none was.

    What has no rate to the price book's currency is in no sum.
    """
    today, rates = workspace.chain.clock().astimezone(UTC).date(), workspace.book.rates
    first = (today - timedelta(days=days - 1)).isoformat()
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    mine = [e for e in every if e.payload.category == category and first <= e.payload.day <= today.isoformat()]
    told = [(e.payload.day, rates.convert(e.price.money, rates.currency)) for e in mine if e.price is not None]
    known = [(day, paid.amount) for day, paid in told if paid is not None]
    if not known:
        return None
    span = (today - date.fromisoformat(min(day for day, _ in known))).days + 1
    return to_billionth(sum((amount for _, amount in known), Decimal(0)) / span * DAYS_A_MONTH)
