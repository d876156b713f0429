"""The figures of a month: what was spent, on what, by whom, where it is going, what lies idle; and its page, kept."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.costs.lines import folded
from treadle.costs.trend import Trend, trend
from treadle.errors import SpecError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.money_reported import MoneyReported
from treadle.evidence.kinds.prices_imported import PricesImported
from treadle.money import Money, money
from treadle.plans.idle import Idle, idle
from treadle.plans.measuring import number_at
from treadle.store import Blob

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from treadle.evidence import Entry
    from treadle.money import Rates
    from treadle.store import EntryRef
    from treadle.workspace import Workspace

_NANO = Decimal("0.000000001")
IDLE_DAYS = 30.0
_DEAREST = 10
_LATER = "\n"
_MOST_BOOKED = 1000
"""Of the newest bookings: those of the month among them are what the page rests on."""


class Sum(Struct, frozen=True):
    """What one person, subject or run came to in the month."""

    name: str
    entries: int
    amount: Decimal


class Month(Struct, frozen=True):
    """The figures of a month, in one currency; `spent`: up to today; `before`: in the month before.

    by_subject: what was booked by category and vendor, what was metered by what it was of. answered: predictions, of
    which `replayed` were of history that was played. besides: what has no rate, in no sum.
    """

    month: str
    currency: str
    spent: Decimal
    before: Decimal
    by_person: list[Sum]
    by_subject: list[Sum]
    runs: list[Sum]
    trend: Trend
    idle: Idle
    answered: int
    replayed: int
    until: int
    besides: list[Money]


def month_of(workspace: Workspace, month: str | None, idle_days: float) -> Month:
    """Raises SpecError: it is no month, or one that has not begun."""
    today = workspace.chain.clock().astimezone(UTC).date()
    chosen = month or f"{today:%Y-%m}"
    try:
        first = date.fromisoformat(f"{chosen}-01")
    except ValueError as bad:
        raise SpecError(f'"{chosen}" is no month', where="--month", mend="write 2026-11") from bad
    if first > today:
        raise SpecError(f"{chosen} has not begun", where="--month", mend=f"give {today:%Y-%m} or an earlier one")
    last = min(today, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
    previous = f"{date.fromordinal(first.toordinal() - 1):%Y-%m}"
    rates, chain = workspace.book.rates, workspace.chain
    answered, replayed = _answered(workspace, first, last)
    booked: list[Entry[CostBooked]] = chain.find(CostBooked, status="done")
    with chain.engine.connect() as connection:
        people, besides = _sums(connection, rates, "who", chosen)
        due = [each for each in booked if each.payload.due <= last.isoformat()]
        later = [each for each in booked if each.payload.due > last.isoformat()]
        people = _without(people, [(each, each.actor) for each in later], rates, chosen)
        people = _of_those_who_worked(people, due, rates, chosen)
        subjects, _ = _sums(connection, rates, "what", chosen)
        subjects = _without(subjects, [(each, each.subject) for each in later], rates, chosen)
        subjects = _by_vendor(subjects, due, rates, chosen)
        before, _ = _sums(connection, rates, "who", previous)
        runs, until = _runs(connection, rates, chosen), _newest(connection)
    return Month(
        month=chosen,
        currency=rates.currency,
        spent=sum((each.amount for each in people), Decimal(0)),
        before=sum((each.amount for each in before), Decimal(0)),
        by_person=people,
        by_subject=subjects,
        runs=runs,
        trend=trend(chain, rates, last),
        idle=idle(workspace, idle_days),
        answered=answered,
        replayed=replayed,
        until=until,
        besides=besides,
    )


def _sums(connection: Connection, rates: Rates, by: str, month: str) -> tuple[list[Sum], list[Money]]:
    """From the view of the ledger, the dearest first."""
    from sqlalchemy import select

    from treadle.store.schema import ledger

    query = select(ledger).where(ledger.c.by == by, ledger.c.name.startswith(f"{month} ", autoescape=True))
    rows, besides = list(connection.execute(query)), list[Money]()
    paid = [Money(Decimal(row.units) + row.nanos * _NANO, row.currency) if row.currency else None for row in rows]
    converted = iter(rates.together([each for each in paid if each is not None], rates.currency))
    found = dict[str, Sum]()
    for row, each in zip(rows, paid, strict=True):
        amount = Decimal(0)
        if each is not None:
            said = next(converted)
            if said is None:
                besides.append(each)
                continue
            amount = said.amount
        name = str(row.name)[len(month) + 1 :]
        known = found.get(name, Sum(name, 0, Decimal(0)))
        found[name] = Sum(name, known.entries + row.steps, known.amount + amount)
    return sorted(found.values(), key=lambda each: (-each.amount, each.name)), besides


def _of_those_who_worked(
    sums: Sequence[Sum], booked: Sequence[Entry[CostBooked]], rates: Rates, month: str
) -> list[Sum]:
    """What somebody booked for another, as hours, is of whom it is for; together it is the same sum."""
    others = [(e, e.actor, e.payload.person) for e in booked if e.payload.person not in ("", e.actor)]
    return _moved(sums, others, rates, month)


def _by_vendor(sums: Sequence[Sum], booked: Sequence[Entry[CostBooked]], rates: Rates, month: str) -> list[Sum]:
    """What was booked is on a category and a vendor (of hours, the person), and not on the project; together it is the
    same sum. A vendor is the same however it is written large or small."""
    spelled = dict[str, str]()
    found = []
    for each in booked:
        cost = each.payload
        whom = " ".join((cost.vendor or (cost.person if cost.category == "people" else "")).split())
        whom = spelled.setdefault(folded(whom), whom)
        found.append((each, each.subject, f"{cost.category}, {whom}" if whom else cost.category))
    return _moved(sums, found, rates, month)


def _without(
    sums: Sequence[Sum], later: Sequence[tuple[Entry[CostBooked], str]], rates: Rates, month: str
) -> list[Sum]:
    """What is booked for days to come is not spent."""
    return [
        each for each in _moved(sums, [(e, name, _LATER) for e, name in later], rates, month) if each.name != _LATER
    ]


def _moved(
    sums: Sequence[Sum], moves: Sequence[tuple[Entry[CostBooked], str, str]], rates: Rates, month: str
) -> list[Sum]:
    """What was booked of a month, from one name to another; the dearest first."""
    found = {each.name: each for each in sums}
    for entry, whence, to in moves:
        paid = None if entry.price is None else rates.convert(entry.price.money, rates.currency)
        if entry.payload.due[:7] != month or paid is None or whence not in found:
            continue
        known = found[whence]
        moved = known.amount if known.entries == 1 else paid.amount  # the last of them with what rounding left
        for name, sign in ((whence, -1), (to, 1)):
            known = found.get(name, Sum(name, 0, Decimal(0)))
            found[name] = Sum(name, known.entries + sign, known.amount + sign * moved)
    left = [each for each in found.values() if each.entries or each.amount]
    return sorted(left, key=lambda each: (-each.amount, each.name))


def _converted(row: object, rates: Rates) -> Decimal | None:
    """None: it has a price in a currency without a rate; what has no price is nothing."""
    units, nanos, currency = (getattr(row, name) for name in ("units", "nanos", "currency"))
    if not currency:
        return Decimal(0)
    found = rates.convert(Money(Decimal(units) + nanos * _NANO, currency), rates.currency)
    return None if found is None else found.amount


def _runs(connection: Connection, rates: Rates, month: str) -> list[Sum]:
    """The dearest of the runs whose newest entry is of the month."""
    from sqlalchemy import select

    from treadle.store.schema import ledger

    begin, end = number_at(connection, month), number_at(connection, f"{month}-99")
    query = (
        select(ledger.c.name, ledger.c.currency, ledger.c.steps, ledger.c.units, ledger.c.nanos)
        .where(ledger.c.by == "run", ledger.c.currency != "", ledger.c.name != "(no run)")
        .where(ledger.c.last >= begin, ledger.c.last < end)
        .order_by(ledger.c.units.desc(), ledger.c.nanos.desc())
        .limit(_DEAREST)
    )
    rows = [(row, _converted(row, rates)) for row in connection.execute(query)]
    return [Sum(row.name, row.steps, amount) for row, amount in rows if amount]


def _newest(connection: Connection) -> int:
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    return int(connection.execute(select(func.max(entries.c.seq))).scalar() or 0)


def _answered(workspace: Workspace, first: date, last: date) -> tuple[int, int]:
    """How many, and how many of them were replayed."""
    from treadle.monitoring import played_between

    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in (first, last))
    several = [played_between(one.tables, one.names, one.journal, begin, end + 86_400) for one in workspace.each()]
    return sum(count for count, _ in several), sum(played for _, played in several)


def write_month(workspace: Workspace, found: Month, html: str) -> Entry[MoneyReported]:
    """Keep the page, and an entry that leads from it to what it counts."""
    chain = workspace.chain
    with chain.reading() as reader:
        imports: list[Entry[PricesImported]] = reader.find(PricesImported, status="done")
        rests = [entry.ref for entry in imports]
        for run in found.runs:
            rests += _last_of(reader.find(run=run.name, newest_first=True, limit=1))
        booked: list[Entry[CostBooked]] = reader.find(CostBooked, status="done", newest_first=True, limit=_MOST_BOOKED)
        rests += [entry.ref for entry in booked if entry.payload.due.startswith(found.month)]
    payload = MoneyReported(
        month=found.month,
        page=Blob(workspace.blobs.put(html.encode()), "page"),
        spent=money(found.spent, found.currency),
        until=found.until,
        rests=tuple(rests),
    )
    return chain.append(payload, f"money/{workspace.project.spec.project}")


def _last_of(entries: Sequence[Entry[PricesImported]]) -> list[EntryRef]:
    return [entry.ref for entry in entries]
