"""Amounts of money: exact, with a currency, and the date of the rate where one was used to get there.

Unlike currencies are never added or compared in silence: they are converted by a dated rate, or refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from msgspec import Struct

from treadle.errors import MoneyError

_CURRENCY = re.compile(r"[A-Z]{3}")
_NANO = Decimal("0.000000001")
_WIDE = Context(prec=60)  # a large sum in a small currency has more digits than the usual 28


class Money(Struct, frozen=True):
    """`amount` to a billionth; `currency` as ISO 4217 writes it; `rate_date`: of the rate used, or ""."""

    amount: Decimal
    currency: str
    rate_date: str = ""

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise MoneyError(
                f"{self.currency!r} is not a currency",
                where="currency",
                mend="write three capital letters, such as EUR",
            )
        if not self.amount.is_finite():
            raise MoneyError(f"{self.amount} is not an amount", where=self.currency, mend="give a finite number")

    def __add__(self, other: Money) -> Money:
        self._alike(other)
        return Money(self.amount + other.amount, self.currency, max(self.rate_date, other.rate_date))

    def __le__(self, other: Money) -> bool:
        self._alike(other)
        return self.amount <= other.amount

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency}" + (
            f" (rate of {self.rate_date})" if self.rate_date else ""
        )

    def _alike(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(
                f"{other.currency} cannot be held against {self.currency} without a rate",
                where="currency",
                mend="give `rates:` with a date in the price book",
            )


class Rates(Struct, frozen=True):
    """What one unit of `currency` buys in others, on `date`."""

    currency: str
    date: str
    per_unit: dict[str, Decimal] = {}

    def convert(self, money: Money, to: str) -> Money | None:
        """`money` in `to`, carrying this table's date; None where no rate is known."""
        if money.currency == to:
            return money
        found = self.unrounded(money.amount, money.currency, to)
        return None if found is None else Money(_WIDE.quantize(found, _NANO), to, self.date)

    def unrounded(self, amount: Decimal, currency: str, to: str) -> Decimal | None:
        """As `convert`, for what is no sum but a price of one thing, and multiplied on."""
        there, back = self._per_unit(to), self._per_unit(currency)
        return None if there is None or back is None else _WIDE.multiply(_WIDE.divide(amount, back), there)

    def together(self, several: Sequence[Money], to: str) -> list[Money | None]:
        """Each as `convert` has it, but for the last digit: those of one currency sum to what their sum comes to.

        So two ways to group the same amounts have the same total.
        """
        out: list[Money | None] = [self.convert(each, to) for each in several]
        for currency in {each.currency for each in several} - {to}:
            places = [place for place, each in enumerate(several) if each.currency == currency]
            amounts = [several[place].amount for place in places]
            whole = self.convert(Money(sum(amounts, Decimal(0)), currency), to)
            there, back = self._per_unit(to), self._per_unit(currency)
            if whole is not None and there is not None and back is not None:
                rate = Fraction(there) / Fraction(back)
                fair = shares([Fraction(each) * rate for each in amounts], whole.amount)
                for place, amount in zip(places, fair, strict=True):
                    out[place] = Money(amount, to, self.date)
        return out

    def _per_unit(self, currency: str) -> Decimal | None:
        return Decimal(1) if currency == self.currency else self.per_unit.get(currency)


def money(amount: float | int | str | Decimal, currency: str) -> Money:
    """An amount, rounded half even to a billionth."""
    try:
        exact = to_billionth(amount)
    except InvalidOperation as bad:
        raise MoneyError(f"{amount!r} is not an amount", where=currency, mend="give a finite number") from bad
    return Money(exact, currency)


def to_billionth(amount: float | int | str | Decimal) -> Decimal:
    """A sum of whichever currency, as `money` rounds it.

    Raises:
        InvalidOperation: it is no number, or too large a one.
    """
    return Decimal(str(amount)).quantize(_NANO)


def total(amounts: Iterable[Money]) -> list[Money]:
    """One sum for each currency, in order of its name."""
    sums: dict[str, Money] = {}
    for each in amounts:
        sums[each.currency] = sums[each.currency] + each if each.currency in sums else each
    return [sums[name] for name in sorted(sums)]


def told_apart(amount: Decimal, *others: Decimal) -> str:
    """An amount with four decimals, or as many as tell it from nothing and from others that it is not.

    >>> told_apart(Decimal("0.0000004"), Decimal("0.000001")), told_apart(Decimal(1), Decimal(1))
    ('0.0000004', '1.0000')
    """
    texts = [f"{amount:.{decimals}f}" for decimals in range(4, 10)]
    unlike = {Decimal(0), *others} - {amount}
    return next((text for text in texts if Decimal(text) not in unlike), texts[-1])


def to_read(amount: Decimal) -> str:
    """An amount as it is read by who pays: with two decimals, and below a cent with as many as tell it from nothing.

    >>> [to_read(Decimal(each)) for each in ("1866.961881", "-500", "0", "0.00371", "0.0000004")]
    ['1,866.96', '-500.00', '0.00', '0.0037', '0.0000004']
    """
    return f"{amount:,.2f}" if not amount or abs(amount) >= Decimal("0.01") else told_apart(amount)


def shares(fair: Sequence[Fraction], total: Decimal) -> list[Decimal]:
    """`fair` parts as billionths that sum to `total`, each rounded down, and what is left to the largest remainders.

    None is a billionth or more away from its fair part, where these sum to the total to within as many billionths as
    there are (Hamilton's method).

    >>> [str(each) for each in shares([Fraction(1, 3)] * 3, Decimal(1))]
    ['0.333333334', '0.333333333', '0.333333333']
    """
    units = [each * 10**9 for each in fair]
    floors = [math.floor(each) for each in units]
    left = int(_WIDE.divide(total, _NANO)) - sum(floors)
    order = sorted(range(len(units)), key=lambda place: (floors[place] - units[place], place))
    for number in range(abs(left) if units else 0):
        place = order[number % len(order)] if left > 0 else order[-1 - number % len(order)]
        floors[place] += 1 if left > 0 else -1
    return [_WIDE.multiply(Decimal(each), _NANO) for each in floors]


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """A sum shared out by weights that are not negative, evenly where all of them are nothing; to the last billionth.

    >>> [str(each) for each in split(Decimal(10), [Decimal(1), Decimal(2)])]
    ['3.333333333', '6.666666667']
    """
    whole = sum(weights, Decimal(0))
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    return shares([Fraction(total) * Fraction(each) / Fraction(whole) for each in weights], total)


def rates_of(currency: str, date: str, given: Mapping[str, object]) -> Rates:
    """The table that a price book states: `rates: {EUR: 0.92}` beside its own currency and date."""
    read = {}
    for name, value in given.items():
        if not _CURRENCY.fullmatch(str(name)) or isinstance(value, bool) or not isinstance(value, int | float | str):
            raise MoneyError(f"{name!r}: {value!r} is not a rate", where="rates", mend="write EUR: 0.92")
        rate = Decimal(str(value))
        if not rate.is_finite() or rate <= 0:
            raise MoneyError(
                f"the rate of {name} must be above 0, found {value}", where="rates", mend="write EUR: 0.92"
            )
        if str(name) == currency and rate != 1:
            raise MoneyError(
                f"one {currency} is {value} {currency} by the rates, and {currency} is what these prices are in",
                where="rates",
                mend=f"take {currency} out, or say the right `currency:`",
            )
        read[str(name)] = rate
    return Rates(currency, date, read)


def in_units(amount: Decimal) -> tuple[int, int]:
    """Whole units and billionths of one amount, of one sign: sums of either stay far from what 64 bits hold."""
    units = int(amount)
    return units, int((amount - units) / _NANO)
