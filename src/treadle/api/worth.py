"""What the model is worth, by what came of its decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Struct

from treadle.api.operation import OfTarget, Work, operation, option


class WorthRequest(OfTarget, frozen=True, kw_only=True):
    instead: Annotated[
        str | None,
        option("what was done without a model: never, always, or a class; the cheapest of these, if not given"),
    ] = None


class WorthLine(Struct, frozen=True):
    """A day: decisions with an outcome, what they saved, what was spent, and the sum of both up to its end."""

    day: str
    decisions: int
    saved: Decimal
    spent: Decimal
    net: Decimal


class WorthAnswer(Struct, frozen=True):
    """`saved`: with 95 % `low` and `high`, None where `why` says so; `net`: less what was `spent`. `waiting`: decisions
    without an outcome. `paid_back`: the day since which it is; else `expected`, `earliest` and `latest`, "" for never
    at this rate. as_if: history was played; before: so many decisions of played history, which count nothing beside
    those that are not. `besides`: spent in currencies without a rate, and in no sum."""

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
    days: list[WorthLine]


@operation("costs", "worth", permission="read", remote=True)
def costs_worth(request: WorthRequest, work: Work) -> WorthAnswer:
    """Show what decisions saved, by their outcomes and the brief's costs of mistakes, against all that was spent.

    Beside a simple rule that looks at nothing; with its interval, and the day on which the project has paid for itself.
    """
    from treadle.money import to_billionth
    from treadle.plans.worth import worth_of

    found = worth_of(work.workspace, request.instead)
    return WorthAnswer(
        currency=found.currency,
        rule=found.rule,
        decisions=found.decisions,
        waiting=found.waiting,
        first=found.first,
        last=found.last,
        each=to_billionth(found.saved / found.decisions),
        saved=found.saved,
        low=found.low,
        high=found.high,
        why=found.why,
        spent=found.spent,
        net=found.net,
        paid_back=found.paid_back,
        expected=found.expected,
        earliest=found.earliest,
        latest=found.latest,
        as_if=found.as_if,
        before=found.before,
        besides=found.besides,
        days=[WorthLine(each.day, each.decisions, each.saved, each.spent, each.net) for each in found.days],
    )
