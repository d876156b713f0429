"""The kind `savings.reviewed`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.money import Money
from treadle.store import EntryRef


class Seen(Struct, frozen=True, kw_only=True):
    """A saving that was chosen before, `expected` a month, and what it `achieved`; None: it could not be measured."""

    saving: str
    expected: Money | None = None
    achieved: Money | None = None
    verdict: str


class Offer(Struct, frozen=True, kw_only=True):
    """What could be done next, and the money a month that is expected of it; None: it cannot be told."""

    saving: str
    text: str
    expected: Money | None = None


class SavingsReviewed(Payload, frozen=True, kw_only=True):
    """What was saved by earlier choices, and what could be saved next. `due`: the day of the next review.

    `rests`: the choices that it looked at.
    """

    KIND: ClassVar[str] = "savings.reviewed"
    FACT: ClassVar[bool] = True

    seen: tuple[Seen, ...]
    offers: tuple[Offer, ...]
    warnings: tuple[str, ...]
    due: str
    rests: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        told = [f"{each.saving} {each.verdict}" for each in self.seen]
        first = f"next: {self.offers[0].saving}" if self.offers else "nothing to save is known"
        return "; ".join([*told, *self.warnings, first, f"again on {self.due}"])
