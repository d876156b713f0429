"""What is told of prices, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from msgspec import Struct

from treadle.pricing.figure import Figure


class LeftOut(Struct, frozen=True):
    """Figures of a file that were not taken, how many, and why."""

    what: str
    count: int
    why: str


class Read(Struct, frozen=True):
    """What a file of prices holds."""

    figures: list[Figure]
    left_out: list[LeftOut] = []


class PricesImport(Struct, frozen=True):
    """`before`: each was known as it is by the record, up to its newest import `entry`; nothing was written."""

    figures: int
    kinds: dict[str, int]
    vendors: list[str]
    first: str
    last: str
    left_out: list[LeftOut]
    entry: int
    before: bool = False


class Change(Struct, frozen=True):
    """A figure `before` and `after`; None where there was none."""

    before: Figure | None
    after: Figure | None

    @property
    def share(self) -> float | None:
        """By how much of itself the amount changed; None where there is no such share."""
        if self.before is None or self.after is None or not self.before.amount:
            return None
        if self.before.currency != self.after.currency:
            return None
        return float(self.after.amount / self.before.amount) - 1
