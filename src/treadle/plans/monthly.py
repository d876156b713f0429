"""The month on one page, for whoever pays: what was spent, on what, by whom, where it is going, what lies idle."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.costs.trend import Trend, trend
from treadle.errors import SpecError
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.money_reported import MoneyReported
from treadle.evidence.kinds.prices_imported import PricesImported
from treadle.figures import counted
from treadle.money import Money, money, told_apart
from treadle.pages import Chart, Mark, Section, escape, page, table, tile
from treadle.plans.idle import Idle, idle
from treadle.plans.measuring import number_at
from treadle.store import Blob

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from treadle.costs.budgets import Standing
    from treadle.evidence import Entry
    from treadle.money import Rates
    from treadle.store import EntryRef
    from treadle.workspace import Workspace

_NANO = Decimal("0.000000001")
IDLE_DAYS = 30.0
_DEAREST = 10
_SHOWN = 20
_MOST_BOOKED = 1000
"""Of the newest bookings: those of the month among them are what the page rests on."""
_LEAST = Decimal("0.0001")
"""A day's price below which the first sentence does not speak of it."""


class Sum(Struct, frozen=True):
    """What one person, subject or run came to in the month."""

    name: str
    entries: int
    amount: Decimal


class Month(Struct, frozen=True):
    """The figures of a month, in one currency; `before`: the month before. besides: what has no rate, in no sum."""

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
    booked: list[Entry[CostBooked]] = chain.find(CostBooked, status="done")
    with chain.engine.connect() as connection:
        people, besides = _sums(connection, rates, "who", chosen)
        people = _of_those_who_worked(people, booked, rates, chosen)
        subjects, _ = _sums(connection, rates, "what", chosen)
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
        answered=_answered(workspace, first, last),
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
    found = {each.name: each for each in sums}
    for entry in booked:
        cost, paid = entry.payload, None if entry.price is None else rates.convert(entry.price.money, rates.currency)
        of_another = cost.person not in ("", entry.actor) and cost.due[:7] == month
        if not of_another or paid is None or entry.actor not in found:
            continue
        known = found[entry.actor]
        moved = known.amount if known.entries == 1 else paid.amount  # the last of them with what rounding left
        for name, sign in ((entry.actor, -1), (cost.person, 1)):
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


def _answered(workspace: Workspace, first: date, last: date) -> int:
    from treadle.monitoring import answered

    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in (first, last))
    each = (answered(one.tables, one.names, one.journal) for one in workspace.each())
    return sum(begin <= when < end + 86_400 for several in each for when in several)


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


def month_page(
    project: str, found: Month, budgets: Sequence[Standing], *, links: Sequence[tuple[str, str]] = ()
) -> str:
    """One self-contained HTML page, ready to be printed. links: to the other pages, where a server shows it."""
    sections = [
        Section("", f'<div class="tiles">{"".join(_tiles(found))}</div>'),
        Section(
            "By day",
            f'<div class="grid">{_chart(found.trend)}{_notes(found)}</div>',
            "Each day's sum, by when it was used or fell due; the newest day is not over.",
        ),
        Section(
            "On what, and by whom",
            f'<div class="grid"><div>{_table("subject", found.by_subject)}</div>'
            f"<div>{_table('person', found.by_person)}</div></div>",
            "Each of the two tables sums to the month. A subject is what an entry of the record is about: "
            "treadle why SUBJECT leads on.",
        ),
    ]
    if budgets:
        stand = [
            (each.of, each.period, *(told_apart(value, each.amount) for value in (each.spent, each.amount, each.left)),
             each.currency, f"spent: {each.then}" if each.is_spent else each.then)
            for each in budgets
        ]  # fmt: skip
        columns = ("budget", "in", "spent", "of", "left", "currency", "then")
        sections.append(Section("Budgets", table(columns, stand, numbers=(2, 3, 4))))
    if found.runs:
        runs = [(each.name, f"{each.entries:,}", f"{each.amount:.6f}") for each in found.runs]
        head = ("run", "entries", found.currency)
        sections.append(
            Section("The dearest runs", table(head, runs, numbers=(1, 2)), "treadle log --run NAME shows one.")
        )
    sections.append(_idle(found))
    footer = (
        f"By the entries of the record up to #{found.until}; treadle why money/{project} leads from this page to the "
        "runs, bookings and prices that it counts. Money is exact to a billionth; rates are those of the price book."
    )
    return page(
        f"What {project} cost in {found.month}",
        sections,
        eyebrow="Treadle money",
        lead=_lead(found),
        footer=footer,
        links=links,
    )


def _lead(found: Month) -> str:
    said = f"{found.spent:,.2f} {found.currency} in {found.month}"
    if found.before:
        said += f", {float(found.spent / found.before) - 1:+.0%} against the month before"
    if found.idle.a_day >= _LEAST:
        said += f"; {found.idle.a_day:.4f} {found.currency} a day are paid for what nobody uses"
    return f"{said}."


def _tiles(found: Month) -> list[str]:
    before = f"{found.before:,.4f} in the month before" if found.before else "nothing is known of the month before"
    tiles = [tile("Spent", f"{found.spent:,.4f}", before, found.currency)]
    ahead = found.trend.forecast
    if ahead is not None and ahead.month == found.month and ahead.days > 1:
        off = f"; weeks forecast so were off by {ahead.error:.0%} in the median" if ahead.error is not None else ""
        beside = f"95 %: {ahead.low:,.4f} to {ahead.high:,.4f}" if ahead.low is not None else ahead.why
        beside += f"; {ahead.ahead:,.4f} is booked for days to come" if ahead.ahead else ""
        tiles.append(tile("The whole month, as things go", f"{ahead.amount:,.4f}", beside + off, found.currency))
    if found.answered:
        each = found.spent / found.answered * 1000
        tiles.append(tile("For 1,000 predictions", f"{each:.6f}", f"{found.answered:,} answered", found.currency))
    goes_on = sum(each.what != "run" for each in found.idle.things)
    beside = f"{counted(goes_on, 'thing')} and {counted(found.idle.runs, 'run')} that nobody used for "
    beside += counted(found.idle.days, "day")
    tiles.append(tile("Idle", f"{found.idle.a_day:.4f}", beside, f"{found.currency} a day"))
    return tiles


def _chart(found: Trend) -> str:
    days = found.days
    told = {each.day for each in found.unlike}
    chart = Chart(
        "day", found.currency, y=(0.0, max(float(amount) for _, amount in days) * 1.08 or 1.0), x_ticks=_ticks(days)
    )
    for colour, name, is_it in ((1, "as usual", False), (2, "unlike the days before", True)):
        amounts = [float(amount) if (day in told) is is_it else 0.0 for day, amount in days]
        if any(amounts):
            tips = [f"{day}: {amount:.4f} {found.currency}" for day, amount in days]
            edges = [float(each) for each in range(len(days) + 1)]
            chart.add(Mark("bars", edges, amounts, label=name, colour=colour, tips=tips))
    return chart.svg()


def _ticks(days: Sequence[tuple[str, Decimal]]) -> list[tuple[float, str]]:
    step = max(1, len(days) // 6)
    return [(place + 0.5, days[place][0][5:]) for place in range(0, len(days), step)]


def _notes(found: Month) -> str:
    said, trend = list[str](), found.trend
    if trend.a_day is not None and trend.low is not None and trend.high is not None:
        moves = trend.low > 0 or trend.high < 0
        way = f"{trend.a_day:+.6f} {found.currency} from day to day (95 %: {trend.low:+.6f} to {trend.high:+.6f})"
        said.append(way if moves else f"No trend that the days tell from none: {way}.")
    else:
        said.append("A trend and a forecast need a week of days.")
    said += [f"{each.day} came to {each.amount:.4f}, where {each.usual:.4f} is usual." for each in trend.unlike]
    said += [f"Besides, {each}: in no sum, since the price book has no rate for it." for each in found.besides]
    return f"<div>{''.join(f'<p>{escape(each)}</p>' for each in said)}</div>"


def _table(name: str, sums: Sequence[Sum]) -> str:
    shown = list(sums[:_DEAREST])
    if rest := sums[_DEAREST:]:
        whole = sum((each.amount for each in rest), Decimal(0))
        shown.append(Sum(f"{len(rest):,} others", sum(each.entries for each in rest), whole))
    rows = [(each.name, f"{each.entries:,}", f"{each.amount:.6f}") for each in shown]
    return table((name, "entries", "amount"), rows, numbers=(1, 2))


def _idle(found: Month) -> Section:
    """What goes on to cost, thing by thing; runs, whose money is gone, in one line."""
    goes_on = [each for each in found.idle.things if each.what != "run"]
    text = f"Not used for {counted(found.idle.days, 'day')}. "
    text += "What was spent on a run is gone; what goes on has its price a day."
    if not found.idle.things:
        return Section("Idle", "<p>Nothing: all that is kept was used, is needed, or is the newest.</p>", text)
    rows = [(each.what, each.name, each.why, f"{each.a_day:.6f}", "", _command(each.stop)) for each in goes_on[:_SHOWN]]
    if found.idle.runs:
        why = "nothing that they made was released, or used by another run"
        name = "treadle costs idle lists the dearest"
        rows.append((counted(found.idle.runs, "run"), name, why, "", f"{found.idle.spent:.6f}", ""))
    more = f" {len(goes_on) - _SHOWN:,} more: treadle costs idle." if len(goes_on) > _SHOWN else ""
    head = ("what", "name", "why", f"{found.currency} a day", "spent", "what stops it")
    return Section("Idle", table(head, rows, numbers=(3, 4)), text + more)


def _command(stop: str) -> str:
    """Without the folder of this machine, since the page is read elsewhere."""
    return " ".join(word for word in stop.split() if "/" not in word and "\\" not in word)
