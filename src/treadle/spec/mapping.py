"""Where a column of a table comes from: the part `sources.NAME.map.COLUMN` of the project file."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from treadle.spec.names import CURRENCY
from treadle.spec.part import Part, Some, Written

Code = Annotated[str, Meta(pattern=CURRENCY, title="currency")]
Unit = Annotated[str, Meta(min_length=1, max_length=64)]


class Units(Part, frozen=True, kw_only=True):
    """The unit that the source has, and the one that the table has: ``mi`` and ``km``, ``degF`` and ``degC``."""

    origin: Unit = field(name="from")
    to: Unit


class Exchange(Part, frozen=True, kw_only=True):
    """The currency that the source has (`from`, or the `column` that says it of each row) and the one that the table
    has. `rates`: a file of rates with the columns `day`, `from`, `to` and `rate`; `on`: the column with the day of
    each row. The last rate on or before that day counts, and never a later one.
    """

    origin: Code | None = field(name="from", default=None)
    column: Some | None = None
    to: Code
    rates: Written
    on: Some


class Mapped(Part, frozen=True, kw_only=True):
    """Where one column comes from, and what is done with its values, in this order.

    `from`: a column of the source, a field of an object in it (`address.city`) or of an element of a list
    (`items[0].sku`); or `expression` over the source's columns. `type`: what the values are read as. `zone`: of the
    clock that wrote times without one, and `ambiguous`: which of two instants a time is that this clock showed twice.
    `unit` and `currency` are converted. `otherwise`: what is done with a value that cannot be: the rows are refused, or
    it is missing.
    """

    origin: Some | None = field(name="from", default=None)
    expression: Some | None = None
    type: Literal["int", "float", "str", "bool", "date", "timestamp"] | None = None
    zone: Some | None = None
    ambiguous: Literal["refuse", "earlier", "later"] = "refuse"
    unit: Units | None = None
    currency: Exchange | None = None
    otherwise: Literal["refuse", "missing"] = "refuse"

    @property
    def plain(self) -> str | None:
        """The column of the source that this one is under another name and in no way else; None where it is more."""
        changed = self.expression or self.type or self.zone or self.unit or self.currency
        return None if changed else self.origin
