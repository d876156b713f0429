"""A value with its interval, written with the digits that the interval allows: two of its half-width, all three alike.

More digits than that are noise (Particle Data Group, "Rounding"); fewer, or others for the value than for its bounds,
can put a value outside its own interval. Rounding alike keeps the order: what lies between its bounds is shown there.
"""

from __future__ import annotations

import math

from msgspec import Struct

_DIGITS = 2
_ALONE = 4
"""Digits of a value without an interval."""
_MOST_DECIMALS = 12
NONE = "–"


class Figure(Struct, frozen=True):
    """A value and its bounds as text; `low` and `high` are empty where there is no interval."""

    value: str
    low: str
    high: str
    why: str = ""
    """Why there is no interval, where that is known."""

    @property
    def span(self) -> str:
        """`0.479 to 0.589`, or what is to be said instead."""
        if not self.low:
            return f"no interval: {self.why}" if self.why else "no interval"
        return f"{self.low} to {self.high}" if self.low != self.high else "the same in every resample"

    @property
    def whole(self) -> str:
        return f"{self.value} ({self.span})"


def figure(
    value: float | None, low: float | None = None, high: float | None = None, *, signed: bool = False, why: str = ""
) -> Figure:
    """`value` with its bounds, rounded alike. `signed`: a plus before what is not negative, for differences.

    >>> figure(0.53534, 0.47889, 0.58861)
    Figure(value='0.535', low='0.479', high='0.589', why='')
    >>> figure(251342.7, 248120.2, 254810.9).whole
    '251,300 (248,100 to 254,800)'
    """
    if value is None or not math.isfinite(value):
        return Figure(NONE, "", "", why)
    bounded = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    half = (high - low) / 2 if bounded else 0.0  # type: ignore[operator]
    decimals = _DIGITS - 1 - _power(half) if half > 0 else max(0, _ALONE - 1 - _power(value)) if value else _ALONE - 1

    def text(number: float) -> str:
        sign = "+" if signed else ""
        if decimals > _MOST_DECIMALS:
            return f"{number:{sign}.3g}"
        return f"{round(number, decimals):{sign}z,.{max(decimals, 0)}f}"

    return Figure(text(value), text(low), text(high), "") if bounded else Figure(text(value), "", "", why)  # type: ignore[arg-type]


def counted(number: float, one: str, several: str = "") -> str:
    """So many of a thing, in its singular where it is one. `several`: its plural, where that is not by an s.

    >>> counted(1, "day"), counted(1200, "day"), counted(2, "entry", "entries")
    ('1 day', '1,200 days', '2 entries')
    """
    text = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{text} {one if number == 1 else several or one + 's'}"


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value)))
