"""Money: exact, and never of two currencies in one sum."""

from __future__ import annotations

import itertools
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import MoneyError
from treadle.money import Money, Rates, money, rates_of, split, total

amounts = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=9)


@given(st.lists(amounts))
def test_sums_are_exact_in_any_order(values: list[Decimal]) -> None:
    found = total(Money(v, "EUR") for v in values)
    assert (found[0].amount if found else 0) == sum(values)
    assert total(Money(v, "EUR") for v in reversed(values)) == found


def test_a_thousand_small_amounts_lose_nothing() -> None:
    assert total([money(0.1, "USD")] * 1000) == [Money(Decimal(100), "USD")]


def test_unlike_currencies_are_refused() -> None:
    with pytest.raises(MoneyError, match="without a rate"):
        money(1, "EUR") + money(1, "USD")
    with pytest.raises(MoneyError, match="without a rate"):
        assert money(1, "EUR") <= money(1, "USD")
    assert [m.currency for m in total([money(1, "USD"), money(1, "EUR"), money(2, "USD")])] == ["EUR", "USD"]


@pytest.mark.parametrize("currency", ["usd", "US", "DOLLAR", "", "U$D", "ÜSD"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(MoneyError, match="currency"):
        money(1, currency)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), "much", ""])
def test_an_amount_is_a_finite_number(amount: float | str) -> None:
    with pytest.raises(MoneyError, match="amount"):
        money(amount, "USD")


def test_a_rate_converts_both_ways_and_across_and_dates_what_it_gave() -> None:
    rates = rates_of("USD", "2026-11-01", {"EUR": 0.5, "JPY": "150"})
    assert rates.convert(money(3, "USD"), "EUR") == Money(Decimal("1.500000000"), "EUR", "2026-11-01")
    assert rates.convert(money(3, "EUR"), "USD").amount == 6
    assert rates.convert(money(300, "JPY"), "EUR").amount == 1
    assert rates.convert(money(3, "USD"), "USD") == money(3, "USD")
    assert rates.convert(money(3, "CHF"), "USD") is None and rates.convert(money(3, "USD"), "CHF") is None


@pytest.mark.parametrize("given", [{"EUR": 0}, {"EUR": -1}, {"EUR": True}, {"eur": 1}, {"EUR": "nan"}, {"EUR": None}])
def test_what_is_no_rate_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(MoneyError, match="rate"):
        rates_of("USD", "2026-11-01", given)


def test_money_comes_back_from_json_as_it_was() -> None:
    paid = Money(Decimal("0.000000001"), "USD", "2026-11-01")
    assert msgspec.json.decode(msgspec.json.encode(paid), type=Money) == paid
    assert str(paid) == "0.000000001 USD (rate of 2026-11-01)"
    assert Rates("USD", "").convert(paid, "USD") is paid


def test_a_large_sum_in_a_small_currency_is_converted() -> None:
    rates = Rates("EUR", "2026-11-01", {"IRR": Decimal("49012.5")})
    assert rates.convert(money("1000000000000000.000000001", "EUR"), "IRR").amount == Decimal(
        "49012500000000000000.000049012"
    )


SUMS = st.lists(st.decimals(-(10**6), 10**6, places=9), min_size=1, max_size=20)


@given(SUMS, st.decimals("0.001", 1000, places=4))
def test_what_is_converted_together_sums_to_its_sum_converted(amounts: list[Decimal], rate: Decimal) -> None:
    """In whichever groups: each is a billionth off at the most, so that two tables of the same rows agree."""
    rates = rates_of("USD", "2026-11-01", {"EUR": str(rate)})
    several = [Money(each, "EUR") for each in amounts]
    whole = rates.convert(Money(sum(amounts, Decimal(0)), "EUR"), "USD")
    found = rates.together([*several, Money(Decimal(5), "USD"), Money(Decimal(7), "JPY")], "USD")
    assert found[-1] is None and found[-2] == Money(Decimal(5), "USD")
    told = [each for each in found[:-2] if each is not None]
    assert sum(each.amount for each in told) == whole.amount and {each.rate_date for each in told} == {"2026-11-01"}
    for each, one in zip(told, several, strict=True):
        assert abs(each.amount - rates.convert(one, "USD").amount) <= Decimal("0.000000001")
    halves = rates.together([*several[::2]], "USD"), rates.together([*several[1::2]], "USD")
    assert abs(sum(each.amount for half in halves for each in half) - whole.amount) <= Decimal("0.000000001")


@given(st.decimals(-(10**6), 10**6, places=9), st.lists(st.decimals(0, 10**4, places=9), min_size=1, max_size=20))
def test_what_is_split_is_whole_and_fair(total: Decimal, weights: list[Decimal]) -> None:
    found, whole = split(total, weights), sum(weights)
    assert sum(found) == total
    for part, weight in zip(found, weights, strict=True):
        fair = total * weight / whole if whole else total / len(weights)
        assert abs(part - fair) <= Decimal("0.000000001")
    for first, second in itertools.combinations(range(len(weights)), 2):
        if total > 0 and weights[first] > weights[second]:
            assert found[first] >= found[second] - Decimal("0.000000001")
