"""What serving cost, shared out by use: to endpoints, versions, clients and days.

A server stands there whether it is asked or not, so each day of the window costs the same; the cost of a day is shared
by the CPU time that its answers took. Each share is rounded to the last billionth by the largest remainder, once, for
the smallest part that is told (a day, an endpoint, a version, a client); all groupings are sums of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from treadle.errors import SpecError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.figures import counted
from treadle.money import Money, split, to_billionth
from treadle.plans.confirming import newest_test
from treadle.plans.found import Assumed
from treadle.plans.machines import DAYS_A_MONTH, Prices
from treadle.plans.measuring import MOST_DAYS, days_measured, measure, span
from treadle.plans.planning import parts_of
from treadle.plans.shares_found import Shared, ShareLine
from treadle.pricing import known

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.workspace import Workspace

NOBODY = ""


class Cell(Struct, frozen=True):
    """The smallest part: what one version answered to one client at one endpoint on one day."""

    day: str
    endpoint: str
    model: str
    client: str
    answers: int
    cpu_seconds: float
    amount: Decimal = Decimal(0)


def shared_out(workspace: Workspace, days: int, day: str) -> Shared:
    """Of the last `days`, or as many as the record has. It writes nothing.

    What was booked as infrastructure for these days; where nothing was, a server that is always on, by the prices of
    `day`.

    Raises:
        SpecError: nothing was recorded, or nothing says what serving costs.
    """
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    last = workspace.chain.clock().astimezone(UTC).date()
    with workspace.chain.reading() as reader:
        begun, _ = span(reader)
        window = days_measured(begun or last, last, days)
        booked = _booked(reader, workspace, window)
        cells, weighed = _cells(reader, workspace, window)
    amount, basis = booked if booked is not None else _always_on(workspace, window, day)
    parts = share(amount, window, cells)
    return _told(workspace, window, amount, basis, parts, weighed)


def share(amount: Decimal, window: Sequence[str], cells: Sequence[Cell]) -> list[Cell]:
    """A day its part of the whole, a cell its part of its day by CPU time; on a day on which nobody asked one cell of
    nobody has all of it."""
    found = list[Cell]()
    for day, of_day in zip(window, split(amount, [Decimal(1)] * len(window)), strict=True):
        mine = [each for each in cells if each.day == day] or [Cell(day, NOBODY, NOBODY, NOBODY, 0, 0.0)]
        weights = [Decimal(str(each.cpu_seconds)) for each in mine]
        found += [structs.replace(each, amount=part) for each, part in zip(mine, split(of_day, weights), strict=True)]
    return found


def _cells(reader: Reader, workspace: Workspace, window: Sequence[str]) -> tuple[list[Cell], list[str]]:
    from treadle.monitoring import answers_of

    seconds, weighed, found = dict[str, float](), list[str](), list[Cell]()
    packed: list[Entry[ModelPacked]] = reader.find(ModelPacked, status="done")
    planned = {each.payload.model: each.payload.p99_ms / 1000 for each in packed}
    for one in workspace.each():
        for each in answers_of(one.tables, one.names, one.journal):
            if not window[0] <= each.day <= window[-1]:
                continue
            if each.model not in seconds:
                seconds[each.model], said = _answer_s(reader, each.model, planned)
                weighed.append(said)
            took = each.count * seconds[each.model]
            found.append(Cell(each.day, one.endpoint, each.model, each.client, each.count, took))
    return found, weighed


def _answer_s(reader: Reader, model: str, planned: dict[str, float]) -> tuple[float, str]:
    """CPU-seconds of an answer: as a load test measured, else at the version's packing, else as of the mean version."""
    test = newest_test(reader, model)
    if test is not None:
        return test.payload.cpu_ms / 1000, f"{model}: {test.payload.cpu_ms:.3g} ms an answer, by load test {test.seq}"
    if planned.get(model):
        return planned[model], f"{model}: {planned[model] * 1000:.3g} ms an answer, at its packing (p99)"
    mean = sum(planned.values()) / len(planned) if planned else 0.001
    return mean or 0.001, f"{model}: not known how long an answer takes, so as the mean version, {mean * 1000:.3g} ms"


def _booked(reader: Reader, workspace: Workspace, window: Sequence[str]) -> tuple[Decimal, str] | None:
    rates = workspace.book.rates
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    mine = [e for e in every if e.payload.category == "infrastructure" and window[0] <= e.payload.due <= window[-1]]
    told: list[Money | None] = [None if e.price is None else rates.convert(e.price.money, rates.currency) for e in mine]
    paid = [each.amount for each in told if each is not None]
    if not paid:
        return None
    left = f"; {len(mine) - len(paid)} in currencies without a rate are in no sum" if len(paid) < len(mine) else ""
    return sum(paid, Decimal(0)), f"{counted(len(paid), 'booking')} of infrastructure that fell due in these days{left}"


def _nothing(reader: Reader, window: Sequence[str]) -> str:
    """That no bill is of these days, and how many are of others."""
    every: list[Entry[CostBooked]] = reader.find(CostBooked, status="done")
    dues = sorted(each.payload.due for each in every if each.payload.category == "infrastructure")
    if not dues:
        return "nothing is booked for infrastructure"
    days = f"on {window[0]}" if len(window) == 1 else f"from {window[0]} to {window[-1]}"
    others = f"on {dues[0]}" if dues[0] == dues[-1] else f"from {dues[0]} to {dues[-1]}, on other days"
    return f"nothing booked for infrastructure fell due {days} ({counted(len(dues), 'booking')} did {others})"


def _always_on(workspace: Workspace, window: Sequence[str], day: str) -> tuple[Decimal, str]:
    """An estimate: what a server that is always on costs for so many days."""
    with workspace.chain.reading() as reader:
        nothing = _nothing(reader, window)
    workload = measure(workspace, len(window), Assumed())
    if workload.load is None:
        raise SpecError(
            f"{nothing}, and nobody asked the endpoint",
            where="costs serving",
            mend=f'treadle costs book {workspace.project.typed} --category infrastructure --amount 40 --for "a server"',
        )
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates)
    (part, *_) = parts_of(structs.replace(workload, job=None, kept=()), prices, workspace, Assumed())
    always = next((each for each in part.options if each.name == "always on"), None)
    if always is None:
        raise SpecError(
            f"{nothing}, and no price is known of a server",
            where="costs serving",
            mend=f"treadle prices import {workspace.project.typed} FILE, or treadle costs book",
        )
    of_days = to_billionth(always.monthly * len(window) / DAYS_A_MONTH)
    return of_days, f"an estimate, since {nothing}: always on, {always.how}"


def _told(
    workspace: Workspace, window: Sequence[str], amount: Decimal, basis: str, parts: Sequence[Cell], weighed: list[str]
) -> Shared:
    answers = sum(each.answers for each in parts)
    return Shared(
        project=workspace.project.spec.project,
        currency=workspace.book.currency,
        first=window[0],
        last=window[-1],
        amount=amount,
        basis=basis,
        answers=answers,
        idle=sum((each.amount for each in parts if not each.answers), Decimal(0)),
        thousand=to_billionth(amount / answers * 1000) if answers else None,
        by_day=_by(parts, lambda each: each.day),
        by_endpoint=_by(parts, lambda each: each.endpoint),
        by_model=_by(parts, lambda each: each.model),
        by_client=_by(parts, lambda each: each.client),
        weighed=sorted(weighed),
    )


def _by(parts: Sequence[Cell], name: Callable[[Cell], str]) -> list[ShareLine]:
    groups = dict[str, list[Cell]]()
    for each in parts:
        groups.setdefault(name(each) if each.answers or each.day == name(each) else _IDLE, []).append(each)
    return [
        ShareLine(
            called,
            sum(each.answers for each in mine),
            round(sum(each.cpu_seconds for each in mine), 6),
            sum((each.amount for each in mine), Decimal(0)),
        )
        for called, mine in sorted(groups.items())
    ]


_IDLE = "(nobody asked)"
