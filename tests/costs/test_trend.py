"""Spending by day: its slope, the month's forecast with an interval that holds, days unlike the others."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.costs import costs
from treadle.costs.trend import by_day, expected, forecast, of_machines, sen, trend, unlike
from treadle.evidence import Chain, Price
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.noted import Noted
from treadle.money import money, rates_of

RATES = rates_of("EUR", "2026-11-01", {})
TODAY = date(2026, 11, 21)


def pay(chain: Chain, day: date, amount: Decimal | float, currency: str = "EUR") -> None:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    replace(chain, clock=lambda: at).append(Noted(text="x"), "s", price=Price(money(amount, currency), "book"))


def test_the_slope_by_hand_and_its_interval():
    """Slopes of 0, 1, 5: 1, 2.5 (over two days), 4; the middle one is 2.5."""
    assert sen([0.0, 1.0, 5.0])[0] == 2.5
    slope, low, high = sen([10.0 + 2 * each + (-1) ** each for each in range(30)])
    assert low <= slope <= high and low > 1 and slope == pytest.approx(2.0, abs=0.1)
    drawn_ = random.Random(4)
    slope, low, high = sen([drawn_.gauss(10, 3) for _ in range(40)])
    assert low < 0 < high, "no trend is told where there is none"


def test_the_month_is_what_is_spent_and_its_other_days_as_the_past_ones():
    """20 days of 2 each; 10 days are left, the 21st included: 40 + 20."""
    sums = {date(2026, 11, each): Decimal(2) for each in range(1, 21)}
    found = forecast([2.0] * 20, sums, TODAY)
    assert (found.month, found.spent, found.amount, found.days) == ("2026-11", 40, 60, 10)
    assert found.low == found.high == 60 and found.error is None, "of one week before"
    assert forecast([2.0] * 35, sums, TODAY).error == 0.0
    sums[TODAY] = Decimal(50)
    busy = forecast([2.0] * 20, sums, TODAY)
    assert busy.spent == 90 and busy.amount == busy.low == 90 + 9 * 2, "nor are the days that are left"


def test_a_credit_or_a_large_bill_of_today_moves_the_month_by_itself_and_no_day_that_is_left():
    """20 unlike days of 2 in the mean, as are the 9 full days that are left; today a usual day, or more."""
    values = [1.0, 3.0] * 10
    sums = {date(2026, 11, 1 + each): Decimal(int(amount)) for each, amount in enumerate(values)}
    usual = forecast(values, sums, TODAY)
    assert (usual.spent, usual.amount) == (40, 60) and usual.low is not None and usual.low < 60
    for today, spent, amount in ((-880, -840, -820), (1, 41, 60), (500, 540, 558)):
        found = forecast(values, {**sums, TODAY: Decimal(today)}, TODAY)
        assert (found.spent, found.amount) == (spent, amount), today
        assert found.low is not None and found.high is not None and found.low < found.amount < found.high
    last = date(2026, 11, 30)
    ended = forecast(values, {**sums, last: Decimal(5)}, last)
    assert ended.amount == ended.low == ended.high == 45, "nothing is left"


def test_bookings_among_days_of_nothing_are_held_against_bookings_and_dust_is_no_matter():
    days = [(date(2026, 10, 1) + timedelta(days=each), Decimal(0)) for each in range(50)]
    for place, amount in ((2, "120"), (9, "60"), (16, "90"), (23, "100"), (30, "0.0390"), (37, "80"), (44, "900")):
        days[place] = (days[place][0], Decimal(amount))
    (found,) = unlike(days)
    assert (found.day, found.usual) == (days[44][0].isoformat(), Decimal(85)), "the middle of 90, 100, 0.0390 and 80"
    even = [(day, Decimal(1000 if place == 10 else 1)) for place, (day, _) in enumerate(days[:20])]
    even[15] = (even[15][0], Decimal(3))
    assert [each.day for each in unlike(even)] == [even[10][0].isoformat()], "2 of 1,000 are no matter"


def test_what_a_price_of_machines_counts_is_forecast_without_data_and_hours(chain: Chain):
    """Metered 1 a day for 20 days; 1,000 of data; a bill for a machine before the choice, and one of 50 after it."""
    for each in range(1, 21):
        pay(chain, date(2026, 11, each), 1)
    for category, day, amount in (("data", 4, 1000), ("infrastructure", 9, 300), ("infrastructure", 21, 50)):
        cost = CostBooked(category=category, text="x", day=f"2026-11-{day:02}")
        chain.append(cost, "cost/shop", price=Price(money(amount, "EUR")))
    found = of_machines(chain, RATES, TODAY, "2026-11-10")
    assert found is not None and (found.spent, found.amount) == (70, 79)
    assert trend(chain, RATES, TODAY).forecast.spent == 1370


def test_the_interval_holds_as_often_as_it_says():
    """Days with the pattern of a week and noise: of 300 months the true sum lies within in 95 %."""
    numbers = np.random.default_rng(11)
    held = 0
    for _ in range(300):
        days = 10 + 4 * (np.arange(86) % 7 < 5) + numbers.gamma(2.0, 2.0, 86)
        total, half = expected(list(days[:56]), 30)
        assert half is not None
        held += abs(days[56:].sum() - total) <= half
    assert 0.90 <= held / 300 <= 0.99, held


@pytest.mark.parametrize(
    ("follows", "past", "to_come", "least"),
    [(0.0, 14, 15, 0.91), (0.0, 28, 15, 0.91), (0.0, 56, 20, 0.91), (0.6, 14, 15, 0.80), (0.6, 28, 15, 0.88),
     (0.6, 56, 20, 0.89)],
)  # fmt: skip
def test_the_interval_holds_of_a_short_past_and_where_days_follow_one_another(
    follows: float, past: int, to_come: int, least: float
):
    """Skewed days; of 400 sums each. As docs/people.md has it, and far from the 0.64 and 0.38 of 9 days' blocks."""
    numbers, held = np.random.default_rng(5), 0
    for _ in range(400):
        noise = numbers.normal(0, (1 - follows**2) ** 0.5, past + to_come + 30)
        for place in range(1, len(noise)):
            noise[place] += follows * noise[place - 1]
        days = np.exp((0.5 if follows else 0.6) * noise[30:])
        total, half = expected(list(days[:past]), to_come)
        assert half is not None
        held += max(total - half, 0) <= days[past:].sum() <= total + half
    assert least <= held / 400 <= 0.99, held


def test_of_fewer_than_two_weeks_there_is_a_forecast_and_no_interval():
    sums = {date(2026, 11, each): Decimal(each % 3) for each in range(8, 21)}
    values = [float(amount) for amount in sums.values()]
    found = forecast(values, sums, TODAY)
    assert (found.low, found.high) == (None, None) and found.amount > found.spent
    assert found.why == "13 days are too few to say how far off it may be: 14 are needed"
    whole = forecast([1.0, *values], sums, TODAY)
    assert whole.low is not None and whole.high is not None and not whole.why
    assert whole.spent <= whole.low < whole.amount < whole.high


def test_what_is_booked_for_days_to_come_is_known(chain: Chain):
    """2 a day for 20 days, 10 of them to come: 60; and 500 on the 30th, of which nothing is spent yet."""
    for each in range(1, 21):
        pay(chain, date(2026, 11, each), 2)
    for day, amount in (("2026-11-30", 500), ("2026-12-01", 9000)):
        chain.append(CostBooked(category="data", text="x", day=day), "cost/shop", price=Price(money(amount, "EUR")))
    found = trend(chain, RATES, TODAY)
    ahead = found.forecast
    assert ahead is not None and (ahead.spent, ahead.ahead, ahead.amount) == (40, 500, 560)
    assert ahead.low == ahead.high == 560 and found.days[-1] == (TODAY.isoformat(), Decimal(0))


def test_a_day_unlike_the_others_is_told_and_a_usual_one_is_not():
    days = [(TODAY - timedelta(days=30 - each), Decimal(10 + each % 3)) for each in range(30)]
    assert unlike(days) == []
    days[20] = (days[20][0], Decimal(40))
    (found,) = unlike(days)
    assert (found.day, found.amount, found.usual) == (days[20][0].isoformat(), 40, 11)
    assert found.deviations == pytest.approx((40 - 11) / 1.4826, abs=0.1)
    still = [(day, Decimal(5)) for day, _ in days]
    assert unlike(still) == []
    still[15] = (still[15][0], Decimal("7.6"))
    assert [each.deviations for each in unlike(still)] == [5.2], "of days all alike a tenth is one deviation"
    nothing = [(day, Decimal(0)) for day, _ in days]
    nothing[15] = (nothing[15][0], Decimal("0.01"))
    assert [each.usual for each in unlike(nothing)] == [0]


def test_a_weekend_that_is_dear_each_week_is_usual_and_one_that_is_dearer_is_told():
    """1 on weekdays, 10 on Saturdays and Sundays, from a Monday on; the last Saturday of eight weeks comes to 30."""
    begun = date(2026, 9, 21)
    days = [(begun + timedelta(days=each), Decimal(10 if each % 7 > 4 else 1)) for each in range(56)]
    assert [each.day for each in unlike(days) if each.day >= "2026-10-19"] == [], "four weeks are known"
    days[54] = (days[54][0], Decimal(30))
    assert [each.day for each in unlike(days) if each.day >= "2026-10-19"] == ["2026-11-14"]
    batch = [(day, Decimal(5 if place % 7 == 0 else 0)) for place, (day, _) in enumerate(days)]
    assert [each.day for each in unlike(batch) if each.day >= "2026-10-19"] == []


def test_the_trend_is_of_the_ledger_by_day(chain: Chain):
    begun = TODAY - timedelta(days=20)
    for each in range(20):
        pay(chain, begun + timedelta(days=each), Decimal(each + 1))
    pay(chain, TODAY, Decimal("0.5"))
    pay(chain, TODAY, 9, "JPY")
    found = trend(chain, RATES, TODAY)
    assert [amount for _, amount in found.days] == [*(Decimal(each + 1) for each in range(20)), Decimal("0.5")]
    assert found.a_day == pytest.approx(1.0) and found.low == pytest.approx(1.0)
    assert found.forecast is not None and found.forecast.month == "2026-11"
    # of November: the 1st to the 20th are 1 to 20
    assert found.forecast.spent == sum(range(1, 21)) + Decimal("0.5")
    assert found.besides == [money(9, "JPY")]
    few = trend(chain, RATES, begun + timedelta(days=3))
    assert few.a_day is None and few.forecast is None


def test_days_in_another_currency_sum_to_what_the_ledger_has(chain: Chain):
    """0.000000001 EUR a day at 1 USD for 3 EUR: nothing on each of 20 days, and 7 billionths in all."""
    rates = rates_of("USD", "2026-11-01", {"EUR": 3})
    for each in range(20):
        pay(chain, TODAY - timedelta(days=each), Decimal("0.000000001"), "EUR")
        pay(chain, TODAY - timedelta(days=each), Decimal("0.1"), "USD")
    sums, besides = by_day(chain, rates, date(1970, 1, 1), TODAY)
    assert sum(sums.values()) == costs(chain, rates).amount == Decimal("2.000000007") and not besides


def test_of_nothing_there_is_no_trend(chain: Chain):
    found = trend(chain, RATES, TODAY)
    assert found.days == [(TODAY.isoformat(), Decimal(0))] and found.forecast is None and found.unlike == []


@given(st.lists(st.floats(0, 1e6), min_size=7, max_size=60), st.integers(1, 31))
def test_a_forecast_is_ordered_and_scales_with_its_days(values: list[float], days: int):
    mean, half = expected(values, days)
    assert (half is None) == (len(values) < 14) and (half is None or 0 <= half < float("inf"))
    assert mean == pytest.approx(sum(values) / len(values) * days, rel=1e-9, abs=1e-9)
