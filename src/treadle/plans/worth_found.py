"""What a model is worth, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class WorthDay(Struct, frozen=True):
    """A day: decisions with an outcome, what they saved, what was spent; `net`: all that was saved less all that was
    spent, up to its end."""

    day: str
    decisions: int
    saved: Decimal
    spent: Decimal
    net: Decimal


class Worth(Struct, frozen=True, kw_only=True):
    """In `currency`, that of the brief's costs of mistakes. `saved` is of `decisions` whose outcome is known, with 95 %
    `low` and `high`, None where the days are too few (`why`), and of `each` of them; `waiting`: of which none is known,
    which count nothing.

    spent: by the ledger, up to today; net: saved less that. paid_back: the day from which on more was saved than spent,
    up to today; expected and `earliest` to `latest`: when that will be, at the rate of the days up to now; "" where it
    is, or never is. as_if: all decisions are about days before the project cost anything: history was played, and
    nobody was helped by them. before: so many are, beside others that are not; they count nothing. besides: spent in
    currencies without a rate, and in no sum.
    """

    currency: str
    rule: str
    decisions: int
    waiting: int
    first: str
    last: str
    each: Decimal
    saved: Decimal
    low: Decimal | None
    high: Decimal | None
    why: str
    spent: Decimal
    net: Decimal
    paid_back: str
    expected: str
    earliest: str
    latest: str
    as_if: bool
    before: int
    besides: list[str]
    days: list[WorthDay]
