"""The kind `cost.booked`."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal, get_args

from treadle.days import kept_day
from treadle.evidence.payload import Payload

Category = Literal["data", "labels", "people", "infrastructure", "services", "software", "other"]
CATEGORIES: tuple[str, ...] = get_args(Category)


class CostBooked(Payload, frozen=True, kw_only=True):
    """Money that no step used: data that were bought, labels, hours of people, an invoice; a refund is below zero.

    What it came to is the entry's price. `day`: on which it fell due. `line`: of a file, the digest of its row, so
    that the same file is booked once. `quantity`, `unit`: what was paid for, such as 12 hours.
    """

    KIND: ClassVar[str] = "cost.booked"
    FACT: ClassVar[bool] = True

    category: Category
    text: str
    day: str
    vendor: str = ""
    invoice: str = ""
    person: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    line: str = ""

    @property
    def due(self) -> str:
        """`day`, always written 2026-11-28."""
        return kept_day(self.day)

    def said(self) -> str:
        unit = self.unit.removesuffix("s") if self.quantity == 1 and not self.unit.endswith("ss") else self.unit
        paid = f", {self.quantity.normalize():f} {unit}".rstrip() if self.quantity is not None else ""
        who = f" ({', '.join(each for each in (self.vendor, self.invoice, self.person) if each)})"
        return f"{self.category}: {self.text}{paid}{who if len(who) > 3 else ''}, {self.due}"
