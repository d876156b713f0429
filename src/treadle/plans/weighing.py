"""What is paid a month of what was measured by day, with its interval: days are drawn anew (bootstrap)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from treadle.money import to_billionth
from treadle.plans.found import Option
from treadle.plans.machines import DAYS_A_MONTH

DRAWS = 1000
LEAST_DAYS = 3
"""Of fewer an interval would say nothing."""


class Paid(Struct, frozen=True):
    """What an option comes to: `daily` of each day of the window; `fixed` a month, whatever the use."""

    daily: tuple[float, ...] = ()
    fixed: Decimal = Decimal(0)


def option(
    name: str, what: str, paid: Paid, *, how: str, sources: Sequence[str], turns: str = "", kg: float | None = None
) -> Option:
    """The mean day, as many times as a month has days, and what is fixed."""
    days = len(paid.daily)
    mean = sum(paid.daily) / days if days else 0.0
    low, high = _interval(paid.daily)
    found = [None if each is None else _month(each, paid.fixed) for each in (mean, low, high)]
    assert found[0] is not None
    return Option(name, what, found[0], found[1], found[2], how, list(dict.fromkeys(sources)), turns, kg)


def _month(day: float, fixed: Decimal) -> Decimal:
    return to_billionth(Decimal(str(day)) * DAYS_A_MONTH + fixed)


def _interval(daily: Sequence[float]) -> tuple[float | None, float | None]:
    """Of the mean day, 95 %: by drawing days with a seed."""
    import numpy as np

    if len(daily) < LEAST_DAYS:
        return (None, None) if daily else (0.0, 0.0)
    values = np.asarray(daily)
    drawn = np.random.default_rng(20260101).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def advise(options: Sequence[Option], currency: str) -> tuple[str, str]:
    """What is advised of options, the cheapest first, and what would turn it.

    Where the intervals of the two cheapest overlap, it is said that they are not told apart.
    """
    if not options:
        return "no price is known by which any way could be compared", ""
    best = options[0]
    said = f"{best.name}: {_said(best, currency)} a month"
    if len(options) == 1:
        return f"{said}; nothing else could be priced", best.turns
    second = options[1]
    saved = second.monthly - best.monthly
    said += f", {saved:.4f} {currency} less than {second.name}"
    if _overlap(best, second):
        said += "; their intervals overlap, so that the days that were measured do not tell them apart"
    turn = f"a price of {best.name} {_share(best, second)} higher" if best.monthly else ""
    return said, "; ".join(each for each in (best.turns, turn) if each)


def _share(best: Option, second: Option) -> str:
    return f"{float(second.monthly / best.monthly) - 1:.1%}"


def _said(found: Option, currency: str) -> str:
    span = "" if found.low is None or found.low == found.high else f" ({found.low:.4f} to {found.high:.4f})"
    return f"{found.monthly:.4f}{span} {currency}"


def _overlap(one: Option, other: Option) -> bool:
    if one.high is None or other.low is None:
        return False
    return one.high > other.low
