"""Money: exact, and never of two currencies in one sum."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import MoneyError
from treadle.money import Money, Rates, money, rates_of, total

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
