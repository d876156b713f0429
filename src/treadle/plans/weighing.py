"""What is paid a month of what was measured by day, with its interval; and two ways held against each other.

Both ways of a pair are priced on the same days, so what decides between them is the difference of each day and its
interval (the paired bootstrap, see `scoring.paired`): a way that is cheaper on every day is cheaper, however far dear
days lie from quiet ones. Days are drawn in runs, as `scoring.bootstrap` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from treadle.money import to_billionth
from treadle.plans.found import Option
from treadle.plans.machines import DAYS_A_MONTH


class Paid(Struct, frozen=True):
    """What a way comes to: `daily` of each day of the window; `fixed` a month, whatever the use."""

    daily: tuple[float, ...] = ()
    fixed: Decimal = Decimal(0)


class Way(Struct, frozen=True):
    """An option as it is told, and the days that it was priced on."""

    option: Option
    paid: Paid

    @property
    def monthly(self) -> Decimal:
        return self.option.monthly


class Apart(Struct, frozen=True):
    """By how much a month the second way of two is dearer; `low` and `high` None, and `why`, where the days cannot
    say."""

    more: Decimal
    low: Decimal | None
    high: Decimal | None
    why: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the days tell the two apart."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def way(
    name: str, what: str, paid: Paid, *, how: str, sources: Sequence[str], turns: str = "", kg: float | None = None
) -> Way:
    """The mean day, as many times as a month has days, and what is fixed."""
    mean = sum(paid.daily) / len(paid.daily) if paid.daily else 0.0
    low, high, _ = bounds(paid.daily, least=0.0)
    ends = [None if each is None else _month(each, paid.fixed) for each in (low, high)]
    found = Option(
        name, what, _month(mean, paid.fixed), ends[0], ends[1], how, list(dict.fromkeys(sources)), turns, kg,
        list(paid.daily),
    )  # fmt: skip
    return Way(found, paid)


def _month(day: float, fixed: Decimal) -> Decimal:
    return to_billionth(Decimal(str(day)) * DAYS_A_MONTH + fixed)


def bounds(daily: Sequence[float], least: float) -> tuple[float | None, float | None, str]:
    """Of the mean day, 95 %, and why there are no bounds. What costs nothing on any day costs nothing."""
    import numpy as np

    from treadle.scoring.bootstrap import REPLICATES, draws, interval

    if not any(daily):
        return 0.0, 0.0, ""
    values = np.asarray(daily)
    at = np.datetime64("2000-01-01") + np.arange(len(values))
    drawn = draws(np.zeros(len(values)), at)
    means = [float(drawn(number) @ values) / len(values) for number in range(REPLICATES)]
    found = interval(float(values.mean()), means, drawn.block, within=(least, float("inf")))
    return found.low, found.high, found.why


def apart(one: Paid, other: Paid) -> Apart:
    """How much dearer a month the second is, of the differences of the same days.

    >>> cheap, dear = Paid((1.0, 9.0, 2.0, 30.0, 4.0, 1.0)), Paid((1.5, 9.5, 2.5, 30.5, 4.5, 1.5))
    >>> found = apart(cheap, dear)              # days unlike one another, and half a euro on each
    >>> found.low == found.high == found.more == Decimal("15.218750000"), found.is_told
    (True, True)
    """
    days = max(len(one.daily), len(other.daily))
    first, second = (each.daily or (0.0,) * days for each in (one, other))
    more = [round(b - a, 12) for a, b in zip(first, second, strict=True)]
    fixed = other.fixed - one.fixed
    low, high, why = bounds(more, least=-float("inf"))
    mean = sum(more) / days if days else 0.0
    ends = [None if each is None else _month(each, fixed) for each in (low, high)]
    return Apart(_month(mean, fixed), ends[0], ends[1], why)


def apart_in_all(before: Sequence[Option], after: Sequence[Option]) -> Apart:
    """How much dearer a month all of the second are than all of the first. Days are drawn alike for parts that were
    measured on as many days, so what is common to both cancels out; on unlike numbers of days they vary by themselves.

    >>> def option(*daily):
    ...     return way("x", "", Paid(daily), how="", sources=[]).option
    >>> found = apart_in_all([option(1.0, 9.0, 2.0, 30.0, 4.0, 1.0)], [option(1.5, 9.5, 2.5, 30.5, 4.5, 1.5)])
    >>> found.low == found.high == found.more == Decimal("15.218750000"), found.is_told
    (True, True)
    """
    import numpy as np

    from treadle.scoring.bootstrap import REPLICATES, draws, interval

    more = sum((each.monthly for each in after), Decimal(0)) - sum((each.monthly for each in before), Decimal(0))
    by_days: dict[int, list[tuple[int, tuple[float, ...]]]] = {}
    for sign, options in ((-1, before), (1, after)):
        for each in options:
            if len(set(each.daily)) > 1 or len(each.daily) == 1:
                by_days.setdefault(len(each.daily), []).append((sign, tuple(each.daily)))
    ends, shortest = np.zeros(REPLICATES), None
    for days, several in sorted(by_days.items()):
        change = np.sum([sign * np.asarray(daily) for sign, daily in several], axis=0).round(12)
        if not np.any(change) or (days > 1 and not np.any(change - change[0])):  # on each day the same
            continue
        drawn = draws(np.zeros(days), np.datetime64("2000-01-01") + np.arange(days), seed=7 + days)
        shortest = shortest or drawn.block
        ends += [float(drawn(number) @ change) / days - float(change.mean()) for number in range(REPLICATES)]
    if shortest is None:
        return Apart(more, more, more)
    found = interval(float(more), [float(more) + float(DAYS_A_MONTH) * end for end in ends], shortest)
    low, high = (None if end is None else to_billionth(end) for end in (found.low, found.high))
    return Apart(more, low, high, found.why)


def advise(ways: Sequence[Way], currency: str) -> tuple[str, str]:
    """What is advised of ways, the cheapest first, and what would turn it; where the days do not tell the two cheapest
    apart, that is said."""
    if not ways:
        return "no price is known by which any way could be compared", ""
    best = ways[0].option
    said = f"{best.name}: {_said(best, currency)} a month"
    if len(ways) == 1:
        return f"{said}; nothing else could be priced", best.turns
    second, found = ways[1].option, apart(ways[0].paid, ways[1].paid)
    said += f", {second.monthly - best.monthly:.4f}{_span(found)} {currency} less than {second.name}"
    if found.low is None:
        said += f"; whether it is so on other days is not known: {found.why}"
    elif not found.is_told:
        said += "; the days that were measured, each priced both ways, do not tell the two apart"
    turn = f"a price of {best.name} {_share(best, second)} higher" if best.monthly else ""
    return said, "; ".join(each for each in (best.turns, turn) if each)


def _span(found: Apart) -> str:
    """The interval of what is saved, where it is more than the figure."""
    if found.low is None or found.high is None or found.low == found.high:
        return ""
    return f" ({found.low:.4f} to {found.high:.4f})"


def _share(best: Option, second: Option) -> str:
    return f"{float(second.monthly / best.monthly) - 1:.1%}"


def _said(found: Option, currency: str) -> str:
    span = "" if found.low is None or found.low == found.high else f" ({found.low:.4f} to {found.high:.4f})"
    return f"{found.monthly:.4f}{span} {currency}"
