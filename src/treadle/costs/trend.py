"""What is spent by day: where it is going, what the month will come to, which day is unlike the others.

Slope: Sen, P. K. (1968), "Estimates of the regression coefficient based on Kendall's tau". Unlike: Iglewicz and Hoaglin
(1993), "How to Detect and Handle Outliers", by the median absolute deviation. Interval of the forecast: of
prediction, for a sum of days that follow one another by an autoregression of the first order.
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
    from treadle.evidence import Chain, Entry

PAST = 56
"""Days that a forecast looks back on."""
LEAST_DAYS = 7
"""Of fewer nothing is forecast."""
WEEK = 7
LEAST_INTERVAL, LEAST_WEEKDAYS = 14, 28
"""Of fewer days the forecast has no interval; of fewer it does not look at weekdays."""
MOST_FOLLOWS = 0.8
"""How closely a day is taken to follow the one before, at the most: of more, so few days tell nothing."""
UNLIKE = 5.0
"""Robust standard deviations from the median of the days before, from which on a day is told."""
LEAST_SHARE = 0.01
"""Of what four weeks come to, by how much a day must be above the usual one to be told: less is no matter."""
MACHINES = "infrastructure"
"""The category in which bills for machines are booked."""
_NANO = Decimal("0.000000001")


class Unlike(Struct, frozen=True):
    """A day that is unlike the `usual` one, the median of the days before it, or of those of them that cost anything
    where most cost nothing; by so many robust deviations."""

    day: str
    amount: Decimal
    usual: Decimal
    deviations: float


class Forecast(Struct, frozen=True):
    """What the month comes to: what is spent of it, its other days as the past ones were, and what is booked for days
    to come (`ahead`); 95 % `low` to `high`, or None and `why`. days: that are left, today included.

    error: by which share the weeks before, forecast likewise, were off in the median; None of fewer than 2.
    """

    month: str
    spent: Decimal
    ahead: Decimal
    amount: Decimal
    low: Decimal | None
    high: Decimal | None
    why: str
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
    end = today.replace(day=calendar.monthrange(today.year, today.month)[1])
    sums, besides = by_day(chain, rates, min(first, today.replace(day=1)), end)
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
    """What is spent of the month, today's included; its full days that are left, as the past ones were; what is booked
    for those days already; and of today what a usual day has above what was paid today. A credit of today lowers the
    month by itself, and no usual day is expected the less for it."""
    month = f"{today:%Y-%m}"
    ours = {day: amount for day, amount in sums.items() if f"{day:%Y-%m}" == month}
    spent = sum((amount for day, amount in ours.items() if day <= today), Decimal(0))
    ahead = sum((amount for day, amount in ours.items() if day > today), Decimal(0))
    left = calendar.monthrange(today.year, today.month)[1] - today.day + 1
    usual, _ = expected(values, 1)
    rest = max(usual - max(float(sums.get(today, Decimal(0))), 0.0), 0.0)
    full, half = expected(values, left - 1)
    if rest > 0:  # today is not known either
        _, half = expected(values, left)

    def comes(days: float) -> Decimal:
        return spent + to_billionth(days) + ahead

    mean = rest + full
    if half is None:
        why = f"{len(values)} days are too few to say how far off it may be: {LEAST_INTERVAL} are needed"
        return Forecast(month, spent, ahead, comes(mean), None, None, why, left, _error(values))
    least = 0.0 if min(values) >= 0 else float("-inf")  # where no day was below nothing, those to come are not
    low, high = comes(max(mean - half, least)), comes(mean + half)
    return Forecast(month, spent, ahead, comes(mean), low, high, "", left, _error(values))


def expected(values: Sequence[float], days: int) -> tuple[float, float | None]:
    """The sum of so many days as the past ones, and how far from it 95 % of such sums lie at the most; None of fewer
    than `LEAST_INTERVAL` days, which do not tell that.

    Both the days to come vary, and the mean of the past from the true one: for h days after n of variance v, each
    related to the next by r, h + h²/n times v(1 + r) / (1 - r), a little less at the ends, with Student's quantile.
    From `LEAST_WEEKDAYS` days on the mean of each weekday is taken out first: whole weeks have it alike.

    >>> total, half = expected([1.0, 3.0] * 7, 14)     # v = 14/13; a day is above the mean after one below it: r = 0
    >>> total, round(half, 2)                          # 2.160 x sqrt(14/13 x 28)
    (28.0, 11.86)
    """
    import numpy as np

    past = np.asarray(values, dtype=float)
    count, mean = len(past), float(past.mean())
    if count < LEAST_INTERVAL:
        return mean * days, None
    means = WEEK if count >= LEAST_WEEKDAYS else 1
    left = past.copy()
    for place in range(means):
        left[place::means] -= past[place::means].mean()
    free = count - means
    variance = float(left @ left) / free
    if variance <= (1e-12 * mean) ** 2:
        variance = 0.0
    follows = 0.0
    if variance:
        biased = float(left[1:] @ left[:-1]) / float(left @ left)
        # for the means that were taken from it: Kendall (1954), "Note on bias in the estimation of autocorrelation"
        follows = min(max(biased + (means * (1 + biased) + 2 * biased) / count, 0.0), MOST_FOLLOWS)
    noise = variance * (_related(days, follows) + (days / count) ** 2 * _related(count, follows))
    if means == WEEK:  # days beyond whole weeks may be dear weekdays or cheap ones
        noise += days % WEEK * max(0.0, float(past.var(ddof=1)) - variance)
    return mean * days, _student(free) * noise**0.5


def _student(free: int) -> float:
    """The 97.5 % quantile of Student's distribution, by Abramowitz and Stegun 26.7.5: to four digits from 10 on.

    >>> round(_student(13), 3), round(_student(60), 3)
    (2.16, 2.0)
    """
    z = 1.959964
    return (
        z
        + (z**3 + z) / (4 * free)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    )


def _related(days: int, follows: float) -> float:
    """The variance of the sum of so many days, of which each has a variance of 1 and follows the one before."""
    return days + 2 * sum((days - apart) * follows**apart for apart in range(1, days))


def _error(values: Sequence[float]) -> float | None:
    """Each whole week after the first, by the mean of the days before it."""
    import numpy as np

    past = np.asarray(values, dtype=float)
    off = []
    for begin in range(len(past) - WEEK, WEEK - 1, -WEEK):
        came = past[begin : begin + WEEK].sum()
        if came > 0:
            off.append(abs(past[:begin].mean() * WEEK - came) / came)
    return float(np.median(off)) if len(off) > 1 else None


def unlike(days: Sequence[tuple[date, Decimal]]) -> list[Unlike]:
    """Days that are far above the median of up to 28 days before, measured by their median absolute deviation; where
    these are all alike, a tenth of the median counts as one deviation. Where there are four weeks before, it must be as
    far above the same weekday of these. Where most of them cost nothing, a day with money is held against those of them
    with money. And it must be above the usual one by `LEAST_SHARE` of what it and the days before come to."""
    found = []
    amounts = [float(amount) for _, amount in days]
    for place in range(LEAST_DAYS, len(days)):
        before = amounts[max(0, place - LEAST_WEEKDAYS) : place]
        usual, away = _away(amounts[place], before)
        weekday = amounts[place - LEAST_WEEKDAYS : place : WEEK] if place >= LEAST_WEEKDAYS else []
        whole = sum(max(each, 0.0) for each in (*before, amounts[place]))
        matters = amounts[place] - usual >= LEAST_SHARE * whole
        if matters and away >= UNLIKE and (not weekday or _away(amounts[place], weekday)[1] >= UNLIKE):
            day, amount = days[place]
            found.append(Unlike(day.isoformat(), amount, to_billionth(usual), round(away, 1)))
    return found


def _away(amount: float, before: Sequence[float]) -> tuple[float, float]:
    """The median of the days before, and how many robust deviations an amount is above it."""
    import numpy as np

    usual = float(np.median(before))
    if usual <= 0:
        before = [each for each in before if each > 0] or before
        usual = float(np.median(before))
    deviation = max(1.4826 * float(np.median(np.abs(np.asarray(before) - usual))), usual / 10)
    if amount <= usual:
        return usual, 0.0
    return usual, (amount - usual) / deviation if deviation else float("inf")


def of_machines(chain: Chain, rates: Rates, today: date, chosen: str) -> Forecast | None:
    """What the month comes to of what a price of machines counts that was chosen on a day: what is metered, and bills
    for machines that fall due after it. None of fewer than a week."""
    first = min(today - timedelta(days=PAST), today.replace(day=1))
    end = today.replace(day=calendar.monthrange(today.year, today.month)[1])
    sums = machines_by_day(chain, rates, first, end, chosen)
    begun = min((day for day, amount in sums.items() if amount), default=today)
    days = [today - timedelta(days=each) for each in range(PAST, 0, -1)]
    values = [float(sums.get(day, Decimal(0))) for day in days if day >= begun]
    return forecast(values, sums, today) if len(values) >= LEAST_DAYS else None


def machines_by_day(chain: Chain, rates: Rates, first: date, last: date, after: str = "") -> dict[date, Decimal]:
    """As `by_day`, of what is metered, and of bills for machines that fall due after a day; "" for all of them."""
    from treadle.evidence.kinds.cost_booked import CostBooked

    sums, _ = by_day(chain, rates, first, last)
    booked: list[Entry[CostBooked]] = chain.find(CostBooked, status="done")
    for each in booked:
        day, paid = date.fromisoformat(each.payload.due), each.price and rates.convert(each.price.money, rates.currency)
        counts = each.payload.category == MACHINES and each.payload.due > after
        if paid and not counts and first <= day <= last:
            sums[day] = sums.get(day, Decimal(0)) - paid.amount
    return sums
