"""What is spent by day: where it is going, what the month will come to, which day is unlike the others.

Slope: Sen, P. K. (1968), "Estimates of the regression coefficient based on Kendall's tau". Unlike: Iglewicz and Hoaglin
(1993), "How to Detect and Handle Outliers", by the median absolute deviation. Interval of the forecast: days of the
past drawn in blocks of a week (Künsch 1989, "The jackknife and the bootstrap for general stationary observations").
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.money import Money, Rates, to_billionth

if TYPE_CHECKING:
    from treadle.evidence import Chain

PAST = 56
"""Days that a forecast looks back on."""
LEAST_DAYS = 7
"""Of fewer nothing is forecast."""
BLOCK, DRAWS = 7, 2000
UNLIKE = 5.0
"""Robust standard deviations from the median of the days before, from which on a day is told."""
_NANO = Decimal("0.000000001")


class Unlike(Struct, frozen=True):
    """A day that is unlike the `usual` one, the median of the days before it; by so many robust deviations."""

    day: str
    amount: Decimal
    usual: Decimal
    deviations: float


class Forecast(Struct, frozen=True):
    """What the month comes to: what is spent of it, and its other days as the past ones were; 95 % `low` to `high`.

    error: by which share the weeks before, forecast likewise, were off in the median; None of fewer than 2.
    """

    month: str
    spent: Decimal
    amount: Decimal
    low: Decimal
    high: Decimal
    days: int
    error: float | None


class Trend(Struct, frozen=True):
    """`days`: each day of the window with what it came to, also those of nothing. a_day: by how much a day is dearer
    than the one before, `low` to `high` (95 %); None of fewer than a week. besides: in currencies without a rate."""

    currency: str
    days: list[tuple[str, Decimal]]
    a_day: float | None
    low: float | None
    high: float | None
    forecast: Forecast | None
    unlike: list[Unlike]
    besides: list[Money]


def trend(chain: Chain, rates: Rates, today: date, *, window: int = PAST) -> Trend:
    """Of the last days, the newest of which is today and not over: it counts in the month, and in nothing else."""
    first = today - timedelta(days=window)
    sums, besides = by_day(chain, rates, min(first, today.replace(day=1)), today)
    begun = min((day for day, amount in sums.items() if amount), default=today)
    whole = [first + timedelta(days=each) for each in range(window)]
    past = [(day, sums.get(day, Decimal(0))) for day in whole if day >= begun]
    values = [float(amount) for _, amount in past]
    slope = sen(values) if len(values) >= LEAST_DAYS else None
    return Trend(
        currency=rates.currency,
        days=[(day.isoformat(), amount) for day, amount in [*past, (today, sums.get(today, Decimal(0)))]],
        a_day=None if slope is None else slope[0],
        low=None if slope is None else slope[1],
        high=None if slope is None else slope[2],
        forecast=forecast(values, sums, today) if len(values) >= LEAST_DAYS else None,
        unlike=unlike(past),
        besides=besides,
    )


def by_day(chain: Chain, rates: Rates, first: date, last: date) -> tuple[dict[date, Decimal], list[Money]]:
    """From the view of the ledger, a row a day and currency; converted together, so that the days sum to the whole."""
    from sqlalchemy import select

    from treadle.store.schema import ledger

    query = select(ledger.c.name, ledger.c.currency, ledger.c.units, ledger.c.nanos).where(
        ledger.c.by == "day", ledger.c.currency != "", ledger.c.name.between(first.isoformat(), last.isoformat())
    )
    sums, besides = dict[date, Decimal](), dict[str, Money]()
    with chain.engine.connect() as connection:
        rows = connection.execute(query.order_by(ledger.c.name, ledger.c.currency)).all()
    several = [Money(Decimal(row.units) + row.nanos * _NANO, row.currency) for row in rows]
    for row, paid, found in zip(rows, several, rates.together(several, rates.currency), strict=True):
        if found is None:
            besides[row.currency] = besides[row.currency] + paid if row.currency in besides else paid
        else:
            day = date.fromisoformat(row.name)
            sums[day] = sums.get(day, Decimal(0)) + found.amount
    return sums, list(besides.values())


def sen(values: Sequence[float]) -> tuple[float, float, float]:
    """The median of the slopes of all pairs, and its 95 % interval by the normal approximation of Kendall's score.

    >>> sen([1.0, 2.0, 3.0, 4.0])[0]
    1.0
    """
    import numpy as np

    y, count = np.asarray(values, dtype=float), len(values)
    i, j = np.triu_indices(count, 1)
    slopes = np.sort((y[j] - y[i]) / (j - i))
    sigma = (count * (count - 1) * (2 * count + 5) / 18) ** 0.5
    half = 1.959964 * sigma / 2
    last = len(slopes) - 1
    low, high = (float(slopes[min(max(round(last / 2 + side), 0), last)]) for side in (-half, half))
    return float(np.median(slopes)), low, high


def forecast(values: Sequence[float], sums: dict[date, Decimal], today: date) -> Forecast:
    """What is spent of the month, and as many days as are left of it, today's included, drawn from the past."""
    month = f"{today:%Y-%m}"
    spent = sum((amount for day, amount in sums.items() if f"{day:%Y-%m}" == month), Decimal(0))
    before = spent - sums.get(today, Decimal(0))
    left = calendar.monthrange(today.year, today.month)[1] - today.day + 1
    mean, low, high = drawn(values, left)
    amount, lowest, highest = (max(to_billionth(each) + before, spent) for each in (mean, low, high))
    return Forecast(month, spent, amount, lowest, highest, left, _error(values))


def drawn(values: Sequence[float], days: int) -> tuple[float, float, float]:
    """The sum of so many days as the past ones: in the mean, and 95 % of the draws."""
    import numpy as np

    past = np.asarray(values, dtype=float)
    block = min(BLOCK, len(past))
    blocks = -(-days // block)
    starts = np.random.default_rng(20260101).integers(0, len(past), (DRAWS, blocks))
    at = (starts[:, :, None] + np.arange(block)) % len(past)  # round the end, so that each day is as likely
    sums = past[at].reshape(DRAWS, -1)[:, :days].sum(axis=1)
    # the past itself is a sample: its mean is as uncertain as that of so many days
    wide = (1 + days / len(past)) ** 0.5
    mean = float(past.mean()) * days
    low, high = (float(each) for each in np.quantile(sums - sums.mean(), (0.025, 0.975)))
    return mean, mean + low * wide, mean + high * wide


def _error(values: Sequence[float]) -> float | None:
    """Each whole week after the first, by the mean of the days before it."""
    import numpy as np

    past = np.asarray(values, dtype=float)
    off = []
    for begin in range(len(past) - BLOCK, BLOCK - 1, -BLOCK):
        came = past[begin : begin + BLOCK].sum()
        if came > 0:
            off.append(abs(past[:begin].mean() * BLOCK - came) / came)
    return float(np.median(off)) if len(off) > 1 else None


def unlike(days: Sequence[tuple[date, Decimal]]) -> list[Unlike]:
    """Days that are far above the median of up to 28 days before, measured by their median absolute deviation; where
    these are all alike, a tenth of the median counts as one deviation."""
    import numpy as np

    found = []
    for place in range(LEAST_DAYS, len(days)):
        before = np.asarray([float(amount) for _, amount in days[max(0, place - 28) : place]])
        usual = float(np.median(before))
        deviation = max(1.4826 * float(np.median(np.abs(before - usual))), usual / 10)
        day, amount = days[place]
        if float(amount) > usual and deviation and (float(amount) - usual) / deviation >= UNLIKE:
            away = (float(amount) - usual) / deviation
            found.append(Unlike(day.isoformat(), amount, to_billionth(usual), round(away, 1)))
        elif not deviation and float(amount) > 0:
            found.append(Unlike(day.isoformat(), amount, Decimal(0), float("inf")))
    return found
