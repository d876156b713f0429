"""The month on one page, for whoever pays: what was spent, on what, by whom, where it is going, what lies idle."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.costs.trend import Trend
from treadle.figures import counted, figure
from treadle.money import to_read
from treadle.pages import Chart, Mark, Section, escape, page, table, tile
from treadle.plans.monthly import Month, Sum

if TYPE_CHECKING:
    from treadle.costs.budgets import Standing

_DEAREST = 10
_SHOWN = 20
_LEAST = Decimal("0.0001")
"""A day's price below which the first sentence does not speak of it."""


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
            f'<div class="grid"><div>{_table("on what", found.by_subject)}</div>'
            f"<div>{_table('person', found.by_person)}</div></div>",
            "Each of the two tables sums to the month. What was booked stands by its category and who was paid; what "
            "machines did by what it was for, which treadle why NAME leads on from.",
        ),
    ]
    if budgets:
        sections.append(_budgets(found, budgets))
    if found.runs:
        runs = [(each.name, f"{each.entries:,}", to_read(each.amount)) for each in found.runs]
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


def _budgets(found: Month, budgets: Sequence[Standing]) -> Section:
    """As they stand, and why one of the whole project counts more than the month has."""
    stand = [
        (f"{each.of}, {each.period}, {each.currency}", *map(to_read, (each.spent, each.amount, each.left)),
         f"spent: {each.then}" if each.is_spent else each.then)
        for each in budgets
    ]  # fmt: skip
    said = (
        "A budget counts all that is due in its month, also what is booked for days to come. It counts a credit only "
        "up to what was booked for the same vendor and category; one of machines counts no hours, data and the like."
    )
    whole = next((each for each in budgets if each.of == "project" and not each.decision), None)
    if whole is not None and whole.currency == found.currency and whole.spent != found.spent:
        more = whole.spent - found.spent
        said += f" So the project's counts {to_read(abs(more))} {found.currency} {'more' if more > 0 else 'less'} than "
        said += "was spent by today."
    return Section("Budgets", table(("budget", "spent", "of", "left", "then"), stand, numbers=(1, 2, 3)), said)


def _lead(found: Month) -> str:
    said = f"{to_read(found.spent)} {found.currency} in {found.month}"
    if found.before > 0:
        said += f", {float(found.spent / found.before) - 1:+.0%} against the month before"
    if found.idle.a_day >= _LEAST:
        said += f"; {to_read(found.idle.a_day)} {found.currency} a day are paid for what nobody uses"
    return f"{said}."


def _tiles(found: Month) -> list[str]:
    before = f"{to_read(found.before)} in the month before" if found.before else "nothing is known of the month before"
    tiles = [tile("Spent", to_read(found.spent), before, found.currency)]
    ahead = found.trend.forecast
    if ahead is not None and ahead.month == found.month and ahead.days > 1:
        off = f"; weeks forecast so were off by {ahead.error:.0%} in the median" if ahead.error is not None else ""
        span = None if ahead.low is None or ahead.high is None else (to_read(ahead.low), to_read(ahead.high))
        beside = ahead.why if span is None else f"95 %: {span[0]} to {span[1]}"
        beside += f"; {to_read(ahead.ahead)} is booked for days to come" if ahead.ahead else ""
        tiles.append(tile("The whole month, as things go", to_read(ahead.amount), beside + off, found.currency))
    if found.answered:
        each = found.spent / found.answered * 1000
        beside = "all that was spent, data, hours and bills with it, by the "
        beside += f"{counted(found.answered, 'prediction')} of the month"
        beside += f"; of these {found.replayed:,} were replayed history" if found.replayed else ""
        tiles.append(tile("For 1,000 predictions", to_read(each), beside, found.currency))
    goes_on = sum(each.what != "run" for each in found.idle.things)
    beside = f"{counted(goes_on, 'thing')} and {counted(found.idle.runs, 'run')} that nobody used for "
    beside += counted(found.idle.days, "day")
    tiles.append(tile("Idle", to_read(found.idle.a_day), beside, f"{found.currency} a day"))
    return tiles


def _chart(found: Trend) -> str:
    days = found.days
    told = {each.day for each in found.unlike}
    amounts = [float(amount) for _, amount in days]
    low, high = min(0.0, *amounts) * 1.08, max(0.0, *amounts) * 1.08
    chart = Chart("day", found.currency, y=(low, high if high > low else 1.0), x_ticks=_ticks(days))
    if low < 0:  # credits lie below the line of nothing
        chart.rule("y", 0.0)
    for colour, name, is_it in ((1, "as usual", False), (2, "unlike the days before", True)):
        amounts = [float(amount) if (day in told) is is_it else 0.0 for day, amount in days]
        if any(amounts):
            tips = [f"{day}: {to_read(amount)} {found.currency}" for day, amount in days]
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
        slope = figure(trend.a_day, trend.low, trend.high, signed=True)
        way = f"{slope.value} {found.currency} from day to day (95 %: {slope.low} to {slope.high})"
        said.append(way if moves else f"No trend that the days tell from none: {way}.")
    else:
        said.append("A trend and a forecast need a week of days.")
    said += [
        f"{each.day} came to {to_read(each.amount)}, where {to_read(each.usual)} is usual." for each in trend.unlike
    ]
    said += [f"Besides, {each}: in no sum, since the price book has no rate for it." for each in found.besides]
    return f"<div>{''.join(f'<p>{escape(each)}</p>' for each in said)}</div>"


def _table(name: str, sums: Sequence[Sum]) -> str:
    shown = list(sums[:_DEAREST])
    if rest := sums[_DEAREST:]:
        whole = sum((each.amount for each in rest), Decimal(0))
        shown.append(Sum(f"{len(rest):,} others", sum(each.entries for each in rest), whole))
    rows = [(each.name, f"{each.entries:,}", to_read(each.amount)) for each in shown]
    return table((name, "entries", "amount"), rows, numbers=(1, 2))


def _idle(found: Month) -> Section:
    """What goes on to cost, thing by thing; runs, whose money is gone, in one line."""
    goes_on = [each for each in found.idle.things if each.what != "run"]
    text = f"Not used for {counted(found.idle.days, 'day')}. "
    text += "What was spent on a run is gone; what goes on has its price a day."
    if not found.idle.things:
        return Section("Idle", "<p>Nothing: all that is kept was used, is needed, or is the newest.</p>", text)
    rows = [(each.what, each.name, each.why, to_read(each.a_day), "", _command(each.stop)) for each in goes_on[:_SHOWN]]
    if found.idle.runs:
        why = "nothing that they made was released, or used by another run"
        name = "treadle costs idle lists the dearest"
        rows.append((counted(found.idle.runs, "run"), name, why, "", to_read(found.idle.spent), ""))
    more = f" {len(goes_on) - _SHOWN:,} more: treadle costs idle." if len(goes_on) > _SHOWN else ""
    head = ("what", "name", "why", f"{found.currency} a day", "spent", "what stops it")
    return Section("Idle", table(head, rows, numbers=(3, 4)), text + more)


def _command(stop: str) -> str:
    """Without the folder of this machine, since the page is read elsewhere."""
    return " ".join(word for word in stop.split() if "/" not in word and "\\" not in word)
