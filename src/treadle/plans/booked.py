"""What was booked of late in a category, for a month."""

from __future__ import annotations

from datetime import UTC, date
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
    """What was booked for the last `days`, as for a month; None where nothing was. An invoice is of more days than the
    one on which it falls due, so nothing is told from few of them.

    Where neither the record nor what was booked goes back so far, it is of as many days as they do. What has no rate to
    the price book's currency is in no sum.
    """
    today, rates = workspace.chain.clock().astimezone(UTC).date(), workspace.book.rates
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    begun, _ = span(reader)
    booked = (date.fromisoformat(each.payload.day) for each in every)
    window = days_measured(min([begun or today, *booked]), today, days)
    first, days = window[0], len(window)
    mine = [e for e in every if e.payload.category == category and first <= e.payload.day <= today.isoformat()]
    told = [rates.convert(each.price.money, rates.currency) for each in mine if each.price is not None]
    known = [paid.amount for paid in told if paid is not None]
    if not known:
        return None
    return to_billionth(sum(known, Decimal(0)) / days * DAYS_A_MONTH)
