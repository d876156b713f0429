"""What the model is worth: what its decisions saved, by what came of them, against all that the project cost.

A decision saves what the best simple rule, one that looks at nothing, would have paid for the same case, less what the
mistake of the model cost, by the brief. The rule is the one that is cheapest on these very outcomes, which nobody could
have known before: so what is saved is rather too little. What is counted is what came, whatever was done about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from treadle.errors import MoneyError, SpecError
from treadle.money import Money, to_billionth
from treadle.monitoring import Realised
from treadle.plans.weighing import bounds
from treadle.plans.worth_found import Worth, WorthDay
from treadle.spec import Mistakes
from treadle.spec.choices import DECIDES, NAMED

if TYPE_CHECKING:
    from treadle.money import Rates
    from treadle.monitoring import Realised
    from treadle.workspace import Workspace

Matrix = tuple[tuple[float, ...], ...]
"""What a decision costs, by what is true and by what is decided on."""


def worth_of(workspace: Workspace, instead: str | None = None) -> Worth:
    """`instead`: `never` or `always` act, or the name of a class, where that was done before there was a model.

    Raises:
        SpecError: nothing is decided, or the brief says nothing of what a mistake costs; no outcome is known yet.
        MoneyError: what was spent cannot be said in the currency of the mistakes.
    """
    from treadle.costs.trend import by_day
    from treadle.models import Bundle
    from treadle.monitoring import decisions_of

    mistakes = workspace.project.spec.brief.mistakes
    refuse_unstated(workspace.project.spec.predict.kind, mistakes)
    released = workspace.released
    bundle = Bundle.read(workspace.blobs.get(released.bundle), workspace.trusted_keys, where=released.model)
    task = bundle.manifest.task
    names, costs = matrix_of(mistakes, task.classes, decides=task.decides)
    found = decisions_of(workspace.tables, workspace.names, workspace.journal, task)
    if not len(found.day):
        raise SpecError(
            f"no outcome is known of a decision of {workspace.endpoint} ({found.waiting:,} wait for theirs)",
            where="costs worth",
            mend="tell the endpoint what came: POST /outcomes",
        )
    rule = rule_of(costs, names, found, instead)
    today, rates = workspace.chain.clock().date(), workspace.book.rates
    spent, besides = by_day(workspace.chain, rates, date(1970, 1, 1), today)
    told = dict(zip(spent, in_currency(list(spent.values()), rates, mistakes.currency), strict=True))
    return weigh(found, costs, rule, names[rule], told, mistakes.currency, today, [str(each) for each in besides])


def refuse_unstated(kind: str, mistakes: Mistakes) -> None:
    """Raises SpecError: such a prediction decides nothing, or the brief says nothing of what its mistakes cost."""
    if kind not in DECIDES | NAMED:
        raise SpecError(
            f"kind {kind} answers with numbers and decides nothing, so that no mistake of it has a cost",
            where="predict.kind",
            mend="it writes no brief.mistakes; where something is done from a number on, let a target of its own, of "
            "kind classification, say so, such as `label: amount > 800`, with missed and false_alarm for that",
        )
    if mistakes == Mistakes():
        of_classes = "{costs: {late: {early: 9}}, unlisted: 2.5, currency: EUR}"
        of_two = "{missed: 9, false_alarm: 2.5, currency: EUR}"
        raise SpecError(
            "the brief does not say what a mistake costs, so nothing can be said of what is saved",
            where="brief.mistakes",
            mend=f"write what one costs: mistakes: {of_classes if kind in NAMED else of_two}",
        )


def matrix_of(mistakes: Mistakes, classes: tuple[str, ...], *, decides: bool) -> tuple[tuple[str, ...], Matrix]:
    """What each constant decision is called, and what decisions cost."""
    from treadle.training import costs_of

    if decides:
        return ("never act", "always act"), ((0.0, mistakes.false_alarm), (mistakes.missed, 0.0))
    costs = costs_of(mistakes, classes)
    if not costs:
        raise SpecError(
            "nothing is decided whose mistakes have a cost",
            where="brief.mistakes",
            mend="a classification has missed and false_alarm; several classes have costs",
        )
    return tuple(f'always say "{name}"' for name in classes), costs


def rule_of(costs: Matrix, names: tuple[str, ...], found: Realised, instead: str | None) -> int:
    """The number of the constant decision that the model is held against."""
    if instead is None:
        sums = [sum(costs[true][told] for true in found.true) for told in range(len(names))]
        return min(range(len(names)), key=sums.__getitem__)
    short = [name.split(" ")[0] if " act" in name else name.removeprefix("always say ").strip('"') for name in names]
    if instead not in short:
        raise SpecError(
            f'"{instead}" is nothing that could be done instead', where="--instead", mend=f"give {', '.join(short)}"
        )
    return short.index(instead)


def in_currency(amounts: Sequence[Decimal], rates: Rates, currency: str) -> list[Decimal]:
    """Together, so that they sum to what their sum comes to."""
    found = rates.together([Money(each, rates.currency) for each in amounts], currency)
    told = [each.amount for each in found if each is not None]
    if len(told) < len(amounts):
        raise MoneyError(
            f"mistakes cost {currency}, and work is priced in {rates.currency}, with no rate between them",
            where="prices",
            mend=f"give `rates: {{{currency}: …}}` in the price book",
        )
    return told


def weigh(
    found: Realised,
    costs: Matrix,
    rule: int,
    name: str,
    spent: dict[date, Decimal],
    currency: str,
    today: date,
    besides: list[str],
) -> Worth:
    """The sums of each day; of a day what was decided about it, whenever its outcome came."""
    begun = np.datetime64(min(spent, default=date.min))
    live = found.day >= begun
    as_if = not live.any()
    before = 0 if as_if else int((~live).sum())
    if before:
        found = Realised(found.day[live], found.true[live], found.told[live], found.waiting)
    saved, counts = dict[date, float](), dict[date, int]()
    for day, true, told in zip(found.day.tolist(), found.true.tolist(), found.told.tolist(), strict=True):
        saved[day] = saved.get(day, 0.0) + costs[true][rule] - costs[true][told]
        counts[day] = counts.get(day, 0) + 1
    first, last = min(saved), max(saved)
    window = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    daily = [saved.get(day, 0.0) for day in window]
    low, high, why = bounds(daily, least=-float("inf"))
    whole = sum(spent.values(), Decimal(0))
    days = _days(saved, counts, {first: whole} if as_if else spent)  # of history that is played all was spent before it
    ahead = ("", "", "") if _back(days) or as_if else _ahead(days[-1].net, daily, (low, high), spent, first, today)
    whole_saved = to_billionth(sum(daily))
    return Worth(
        currency=currency,
        rule=name,
        decisions=len(found.day),
        waiting=found.waiting,
        first=first.isoformat(),
        last=last.isoformat(),
        each=to_billionth(whole_saved / len(found.day)),
        saved=whole_saved,
        net=whole_saved - whole,
        low=None if low is None else to_billionth(low * len(window)),
        high=None if high is None else to_billionth(high * len(window)),
        why=why,
        spent=whole,
        besides=besides,
        paid_back=_back(days),
        expected=ahead[0],
        earliest=ahead[1],
        latest=ahead[2],
        as_if=as_if,
        before=before,
        days=days,
    )


def _days(saved: dict[date, float], counts: dict[date, int], spent: dict[date, Decimal]) -> list[WorthDay]:
    """Each day on which something was decided or spent."""
    out, net = list[WorthDay](), Decimal(0)
    for day in sorted({*saved, *spent}):
        gained, paid = to_billionth(saved.get(day, 0.0)), spent.get(day, Decimal(0))
        net += gained - paid
        out.append(WorthDay(day.isoformat(), counts.get(day, 0), gained, paid, net))
    return out


def _back(days: Sequence[WorthDay]) -> str:
    """The day from which on it has been paid back up to the last one; "" where it is not now."""
    found = ""
    for day in reversed(days):
        if day.net < 0:
            break
        found = day.day
    return found


def _ahead(
    net: Decimal,
    daily: Sequence[float],
    each: tuple[float | None, float | None],
    spent: dict[date, Decimal],
    first: date,
    today: date,
) -> tuple[str, str, str]:
    """When it will be, at the mean day's saving, or at the ends of its interval, and at the middle day's cost since the
    first decision, in which what was paid once is not paid again."""
    days = [first + timedelta(days=each) for each in range((today - first).days + 1)]
    cost = median(float(spent.get(day, 0)) for day in days) if days else 0.0

    def on(saving: float | None) -> str:
        if saving is None or saving <= cost:
            return ""
        days = float(-net) / (saving - cost)
        return "" if days > 36_525 else (today + timedelta(days=int(days) + 1)).isoformat()

    return on(sum(daily) / len(daily)), on(each[1]), on(each[0])
