"""Budgets of a project file, held against the ledger: what is spent and left this month, and whether work may go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.costs.lines import folded
from treadle.costs.sums import Part
from treadle.errors import GateError, MoneyError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.money import Money, Rates, money, told_apart, total

if TYPE_CHECKING:
    from treadle.evidence import Chain, Entry, Reader
    from treadle.spec.budget import Budget

Then = Literal["warn", "ask", "stop"]
_NANO = Decimal("0.000000001")
_OF_MACHINES = "infrastructure"
"""The category in which bills for machines are booked."""


def whose(entry: Entry[CostBooked]) -> str:
    """Whose a cost is that was booked: of whom it is for, where they are named, else of who booked it."""
    return entry.payload.person or entry.actor


class Standing(Struct, frozen=True):
    """A budget as it stands. `of`: in words. `spent`, of `amount`, in `currency`, in `period`: a month, or a run.

    besides: what was spent in currencies without a rate, which is in no sum. decision: which one set it, where none
    of the project file is meant.
    """

    of: str
    period: str
    amount: Decimal
    spent: Decimal
    currency: str
    then: Then
    besides: list[Money] = []
    decision: str = ""

    @property
    def left(self) -> Decimal:
        return max(self.amount - self.spent, Decimal(0))

    @property
    def is_spent(self) -> bool:
        return self.spent >= self.amount

    def said(self) -> str:
        shown = told_apart(self.spent, self.amount)
        return f"{self.of}, {self.period}: {shown} of {self.amount.normalize():f} {self.currency}"


class Asked(Struct, frozen=True):
    """Of whom and what budgets are asked about: the person who acts, the targets with their endpoints, the run, and the
    month, such as 2026-11.

    until: where the record has seen a later month than the clock, that one; all from `month` to it counts together, so
    that a clock that is set back, or was set forward, opens no second purse.
    """

    person: str
    parts: tuple[Part, ...]
    run: str
    month: str
    until: str = ""

    @property
    def last(self) -> str:
        return max(self.month, self.until)

    @property
    def period(self) -> str:
        return self.month if self.last == self.month else f"{self.month} to {self.last}"

    def has(self, day: str) -> bool:
        return self.month <= day[:7] <= self.last


def standings(
    chain: Chain, rates: Rates, budgets: Iterable[Budget], asked: Asked, *, chosen: str | None = None
) -> list[Standing]:
    """Each budget that is of the person who acts, of a target that is asked about, of the project, or of the run.

    chosen: the day on which a price of machines was chosen that a budget of the project comes from; it counts what that
    price counts, which is what was metered, and bills for machines that fell due after that day.

    Raises:
        MoneyError: a budget is in a currency that the price book has no rate to.
    """
    with chain.reading() as reader:
        booked = _booked(reader, asked)
        besides = [] if chosen is None else _not_of_choice(booked, asked, chosen)
        counted = [each for each in booked if chosen is None or _is_of_choice(each.payload, chosen)]
        return [
            _standing(reader, rates, budget, asked, part, (besides, counted))
            for budget in budgets
            for part in _parts(budget, asked)
        ]


def newest_run(chain: Chain) -> str:
    """The newest run; "" where there was none."""
    from sqlalchemy import select

    from treadle.store.schema import ledger

    query = select(ledger.c.name).where(ledger.c.by == "run", ledger.c.name != "(no run)")
    with chain.reading() as reader:
        return str(reader.connection.execute(query.order_by(ledger.c.last.desc()).limit(1)).scalar() or "")


def refuse_unheld(budget: Budget, rates: Rates) -> str:
    """The currency of a budget.

    Raises:
        MoneyError: nothing that is priced here can be said in it.
    """
    currency = budget.currency or rates.currency
    if rates.convert(money(0, rates.currency), currency) is None:
        raise MoneyError(
            f"a budget is in {currency}, and work is priced in {rates.currency}, with no rate between them",
            where="budgets",
            mend=f"give `rates: {{{currency}: …}}` in the price book, or a budget in {rates.currency}",
        )
    return currency


def _parts(budget: Budget, asked: Asked) -> Sequence[Part | None]:
    """Once for each endpoint that it is of; not at all, where it is of another person or endpoint."""
    if budget.of == "endpoint":
        return [part for part in asked.parts if budget.name in (None, part.endpoint)]
    if budget.of == "person":
        return [None] if budget.name in (None, asked.person) else []
    return [None]


def _booked(reader: Reader, asked: Asked) -> list[Entry[CostBooked]]:
    """What was booked of the month, or in the run."""
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    return [e for e in every if e.price is not None and (asked.has(e.payload.due) or e.run == asked.run != "")]


def _is_of_choice(cost: CostBooked, chosen: str) -> bool:
    return cost.category == _OF_MACHINES and cost.due > chosen


def _not_of_choice(booked: Sequence[Entry[CostBooked]], asked: Asked, chosen: str) -> list[Money]:
    """What was booked in a month for all but machines, such as hours and data; and bills of the way that things went
    before the choice."""
    of_month = (each for each in booked if asked.has(each.payload.due))
    return [each.price.money for each in of_month if each.price and not _is_of_choice(each.payload, chosen)]


def _unearned(booked: Iterable[Entry[CostBooked]], of: str, asked: Asked, part: Part | None) -> list[Money]:
    """By how much credits are more than what was booked for the same vendor and category, in what the budget is of: it
    lowers no budget, or whoever may book could make room in any by a refund of nothing."""
    sums: dict[tuple[str, str, str], Money] = {}
    for each in booked:
        cost = each.payload
        if each.price is None or not _is_of(each, of, asked, part):
            continue
        paid = each.price.money
        key = (cost.category, folded(cost.vendor), paid.currency)
        sums[key] = sums[key] + paid if key in sums else paid
    return [Money(-each.amount, each.currency) for each in sums.values() if each.amount < 0]


def _is_of(entry: Entry[CostBooked], of: str, asked: Asked, part: Part | None) -> bool:
    if of == "run":
        return entry.run == asked.run != ""
    if not asked.has(entry.payload.due):
        return False
    return whose(entry) == asked.person if of == "person" else part is None or part.has(entry.subject)


def _named(booked: Iterable[Entry[CostBooked]], asked: Asked) -> Iterator[Money]:
    """By how much whose a cost is differs from who booked it, by whom the views of the ledger go."""
    for each in booked:
        if each.price is None or not asked.has(each.payload.due) or whose(each) == each.actor:
            continue
        paid = each.price.money
        if whose(each) == asked.person:
            yield paid
        elif each.actor == asked.person:
            yield Money(-paid.amount, paid.currency)


def _standing(
    reader: Reader,
    rates: Rates,
    budget: Budget,
    asked: Asked,
    part: Part | None,
    booked: tuple[Sequence[Money], Sequence[Entry[CostBooked]]],
) -> Standing:
    """`booked`: what it does not count, of what the views of the ledger have; and what it does."""
    less, counted = booked
    currency = refuse_unheld(budget, rates)
    name = part.endpoint if part is not None else asked.person if budget.of == "person" else asked.run
    paid = _paid(reader, budget.of, asked, part)
    paid += _unearned(counted, budget.of, asked, part)
    if budget.of == "person":
        paid = [each for each in total([*paid, *_named(counted, asked)]) if each.amount]
    if less:
        paid = [each for each in total([*paid, *(Money(-e.amount, e.currency) for e in less)]) if each.amount]
    spent, besides = _converted(paid, rates, currency)
    return Standing(
        of=budget.of if budget.of in ("project", "run") else f"{budget.of} {name}",
        period=(asked.run or "no run yet") if budget.of == "run" else asked.period,
        amount=money(budget.amount, currency).amount,
        spent=spent,
        currency=currency,
        then=budget.then,
        besides=besides,
    )


def _paid(reader: Reader, of: str, asked: Asked, part: Part | None) -> list[Money]:
    """From the views of the ledger, a row for each currency."""
    from sqlalchemy import func, or_, select

    from treadle.store.schema import ledger

    query = select(ledger.c.name, ledger.c.currency, ledger.c.units, ledger.c.nanos).where(ledger.c.currency != "")
    of_period = func.substr(ledger.c.name, 1, 7).between(asked.month, asked.last)
    named = func.substr(ledger.c.name, 9)  # after "2026-11 "
    if of == "run":
        query = query.where(ledger.c.by == "run", ledger.c.name == asked.run)
    elif of == "person":
        query = query.where(ledger.c.by == "who", of_period, named == asked.person)
    elif part is not None:
        mine = or_(named.in_(part.subjects), named.startswith(part.versions, autoescape=True))
        query = query.where(ledger.c.by == "what", of_period, mine)
    else:
        query = query.where(ledger.c.by == "day", of_period)
    return [Money(Decimal(row.units) + row.nanos * _NANO, row.currency) for row in reader.connection.execute(query)]


def _converted(paid: Iterable[Money], rates: Rates, currency: str) -> tuple[Decimal, list[Money]]:
    """The sum of each currency is converted once, so that days are not rounded by themselves."""
    spent, besides = Decimal(0), list[Money]()
    for each in total(paid):
        found = rates.convert(each, currency)
        if found is None:
            besides.append(each)
        else:
            spent += found.amount
    return spent, besides


class Purse:
    """What a run may spend: the budgets as they stand whenever it is asked, and a sum of its own (`--spend`).

    now: the budgets, read anew. allowed: somebody who may approve said that it goes on where a budget asks. say: tells
    a person, once for each budget, that it is spent where it only warns.
    """

    def __init__(
        self,
        now: Callable[[], list[Standing]] = list,
        rates: Rates | None = None,
        *,
        allowed: bool = False,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._now, self._rates, self._allowed, self._say = now, rates, allowed, say
        self._told: set[tuple[str, Decimal, str]] = set()

    def check(self) -> None:
        """Raises GateError: a budget that stops is spent, or one that asks, and nobody allowed it."""
        for each in self._now():
            if not each.is_spent:
                continue
            if self._holds(each):
                raised = (
                    "`budgets:` of the project file, or by --spend"
                    if each.of == "run"
                    else "`budgets:` of the project file"
                )
                mend = f"it is raised in {raised}; what was finished is kept"
                if each.decision:
                    again = f"treadle decide review PROJECT {each.decision} --holds no --because REASON"
                    mend = f"it was set by decision/{each.decision}, which is asked anew by: {again}"
                if each.then == "ask":
                    mend = f"an owner or reviewer may go on with --over-budget; else {mend}"
                raise GateError(f"a budget is spent: {each.said()}", where="budgets", mend=mend)
            which = (each.of, each.amount, each.currency)
            if which not in self._told:
                self._told.add(which)
                self._say(f"[yellow]![/] a budget is spent: {each.said()}")

    def left(self, currency: str) -> Money | None:
        """The least that is left of what stops the run, in a currency; None where nothing stops it."""
        if self._rates is None:
            return None
        left = [
            found
            for each in self._now()
            if self._holds(each) and (found := self._rates.convert(Money(each.left, each.currency), currency))
        ]
        return min(left, key=lambda each: each.amount, default=None)

    def _holds(self, each: Standing) -> bool:
        return each.then == "stop" or (each.then == "ask" and not self._allowed)


OPEN_PURSE = Purse()
"""Of those who have no budget."""
