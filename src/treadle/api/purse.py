"""Budgets as they stand, and what the next run will cost; the purse that a run is given."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from treadle.api.operation import OfEachTarget, Work, operation
from treadle.errors import SpecError

if TYPE_CHECKING:
    from treadle.costs.budgets import Purse, Standing
    from treadle.money import Money
    from treadle.people.chosen import Choice
    from treadle.spec.budget import Budget


class BudgetRequest(OfEachTarget, frozen=True):
    pass


class BudgetLine(Struct, frozen=True):
    """`besides`: spent in currencies without a rate, and in no sum."""

    of: str
    period: str
    amount: Decimal
    spent: Decimal
    left: Decimal
    currency: str
    then: Literal["warn", "ask", "stop"]
    is_spent: bool
    besides: list[str]


class NextRun(Struct, frozen=True):
    """What the next run will cost, by the last `runs`. `error`: by which share such estimates were off, in the median
    of the `tried` that could have been made before; None where fewer than 2 could."""

    amount: Decimal
    low: Decimal
    high: Decimal
    currency: str
    runs: int
    error: float | None
    tried: int


class BudgetAnswer(Struct, frozen=True):
    budgets: list[BudgetLine]
    next_run: NextRun | None
    said: str


@operation("costs", "budget", permission="read", remote=True)
def costs_budget(request: BudgetRequest, work: Work) -> BudgetAnswer:
    """Show what is spent and left of each budget, and what the next run is expected to cost.

    The budgets are those of the project file, of the caller's own where they are of a person.
    """
    lines = [
        BudgetLine(
            each.of, each.period, each.amount, each.spent, each.left, each.currency, each.then, each.is_spent,
            [str(other) for other in each.besides],
        )
        for each in standings_of(work, run="")
    ]  # fmt: skip
    found = next_run(work)
    return BudgetAnswer(lines, found, said_of(found))


def next_run(work: Work) -> NextRun | None:
    from treadle.costs.estimates import estimate

    found = estimate(work.workspace.chain, work.workspace.book.rates)
    if found is None:
        return None
    return NextRun(found.amount, found.low, found.high, found.currency, found.runs, found.error, found.tried)


def said_of(found: NextRun | None) -> str:
    if found is None:
        return "no run that searched is known, so that nothing can be said of the next one's cost"
    span = (
        f" ({found.low:.6f} to {found.high:.6f} in the last {found.runs})" if found.runs > 1 else " (as the last one)"
    )
    off = (
        f"; such estimates were off by {found.error:.0%} in the median of {found.tried}"
        if found.error is not None
        else ""
    )
    return f"expected: {found.amount:.6f} {found.currency}{span}{off}; less where steps need not be made again"


def standings_of(work: Work, run: str, own: tuple[Budget, ...] = ()) -> list[Standing]:
    """As they stand for a run that goes on; "": as they are shown, those of a run for the newest."""
    from treadle.costs import Part
    from treadle.costs.budgets import Asked, newest_run, standings

    workspace = work.workspace
    parts = tuple(Part(each.spec.predict.name, each.address, each.endpoint) for each in workspace.project.each())
    today, until = _period(work)
    budgets = (*workspace.project.spec.budgets, *own)
    run = run or (newest_run(workspace.chain) if any(each.of == "run" for each in budgets) else "")
    asked, rates = Asked(work.principal.actor, parts, run, today[:7], until), workspace.book.rates
    found = standings(workspace.chain, rates, budgets, asked)
    for choice, budget in chosen_budgets(work):
        (standing,) = standings(workspace.chain, rates, [budget], asked, chosen=choice.time[:10])
        of = f"the project's machines (decision/{choice.decision})"
        found.append(msgspec.structs.replace(standing, of=of, decision=choice.decision))
    return found


def against_month(work: Work, paid: Money) -> Standing:
    """What an option allows a month, as it would stand if it were chosen now: it counts what its price counts."""
    from treadle.costs.budgets import Asked, standings

    workspace = work.workspace
    today, until = _period(work)
    asked = Asked(work.principal.actor, (), "", today[:7], until)
    (found,) = standings(workspace.chain, workspace.book.rates, [_monthly(paid)], asked, chosen=today)
    return msgspec.structs.replace(found, of="the project's machines")


def _period(work: Work) -> tuple[str, str]:
    """Today by the clock, and the newest month that the record has seen."""
    chain = work.workspace.chain
    with chain.reading() as reader:
        return chain.clock().astimezone(UTC).date().isoformat(), reader.seen()[:7]


def _monthly(paid: Money) -> Budget:
    from treadle.spec.budget import Budget

    return Budget(of="project", amount=float(paid.amount), currency=paid.currency, then="ask")


def chosen_budgets(work: Work) -> list[tuple[Choice, Budget]]:
    """What may be spent a month by the options that were chosen, each with its choice; one of several targets has
    its own."""
    from treadle.people.chosen import standing_choice

    with work.workspace.chain.reading() as reader:
        choices = [standing_choice(reader, each.address) for each in work.workspace.project.each()]
    return [
        (each, _monthly(paid))
        for each in choices
        if each is not None and (paid := each.option.a_month) is not None and paid.amount > 0
    ]


def purse_of(work: Work, spend: float | None, *, over: bool, searches: bool = True) -> Purse:
    """What a run may spend; what it is expected to cost is said. `over`: go on where a budget asks, which takes who may
    approve. `searches`: models are searched; the cost of what comes is known of such runs alone.

    Raises:
        GateError: a budget is spent; AccessError: they may not go on over it; SpecError: `spend` is no amount.
    """
    from treadle.costs.budgets import Purse
    from treadle.drafting.budgeted import odd
    from treadle.spec.budget import Budget

    workspace = work.workspace
    if spend is not None and not 0 < spend <= 1e9:
        raise SpecError(f"{spend} is no money to spend", where="--spend", mend="give an amount such as 0.50")
    if over:
        work.require("--over-budget", "release", doing="go on over a budget")
    if ahead := workspace.book.ahead_of(_period(work)[0]):
        work.say(f"[yellow]![/] {ahead}")
    found = next_run(work) if searches else None
    if spend is None and not workspace.project.spec.budgets and not chosen_budgets(work):
        if found is not None:
            work.say(said_of(found))
        return Purse()
    own = () if spend is None else (Budget(of="run", amount=spend, then="stop"),)

    def now() -> list[Standing]:
        return standings_of(work, workspace.chain.run, own)

    for budget in odd(workspace.project):
        work.say(f"[yellow]![/] {budget.said()}")
    purse = Purse(now, workspace.book.rates, allowed=over, say=work.say)
    purse.check()
    if searches:
        work.say(said_of(found))
    for each in now():
        if found is not None and found.currency == each.currency and found.amount > each.left and not each.is_spent:
            work.say(f"[yellow]![/] the run may not fit: {each.said()}")
    return purse
