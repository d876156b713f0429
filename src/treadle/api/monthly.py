"""Where money goes: trend and forecast, what lies idle, the month on a page."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.errors import SpecError


class ForecastRequest(Request, frozen=True):
    project: ProjectPath = "."
    days: Annotated[int, option("look back on so many days")] = 56


class DayLine(Struct, frozen=True):
    day: str
    amount: Decimal


class UnlikeLine(Struct, frozen=True):
    """`deviations`: robust standard deviations above the usual day; None where these cost nothing."""

    day: str
    amount: Decimal
    usual: Decimal
    deviations: float | None


class MonthAhead(Struct, frozen=True):
    """`error`: by which share weeks that were forecast likewise were off, in the median. `ahead`: what is booked for
    days to come, which `amount` has in it. `why`: there is no `low` and `high`."""

    month: str
    spent: Decimal
    ahead: Decimal
    amount: Decimal
    low: Decimal | None
    high: Decimal | None
    why: str
    days_left: int
    error: float | None


class ForecastAnswer(Struct, frozen=True):
    """`a_day`: by how much a day is dearer than the one before, 95 % `low` to `high`; None of fewer than a week."""

    currency: str
    days: list[DayLine]
    a_day: float | None
    low: float | None
    high: float | None
    forecast: MonthAhead | None
    unlike: list[UnlikeLine]
    besides: list[str]


class IdleRequest(Request, frozen=True):
    project: ProjectPath = "."
    days: Annotated[float, option("not used for so many days")] = 30.0
    apply: Annotated[bool, option("remove the snapshots, by retention, which says what went; else only told")] = False


class IdleLine(Struct, frozen=True):
    """`a_day`: what it goes on to cost; `spent`: what it cost when it was made."""

    what: str
    name: str
    why: str
    a_day: Decimal
    spent: Decimal
    stop: str


class IdleAnswer(Struct, frozen=True):
    """`things`: of `runs` the dearest; `spent`: what all of them cost. `removed`: snapshots that were removed now;
    `entry`: what says so."""

    days: float
    currency: str
    things: list[IdleLine]
    a_day: Decimal
    runs: int
    spent: Decimal
    removed: int = 0
    entry: int | None = None


class MonthRequest(Request, frozen=True):
    project: ProjectPath = "."
    month: Annotated[str | None, option("such as 2026-11; this one, if not given")] = None
    idle_days: Annotated[float, option("idle is what was not used for so many days")] = 30.0
    out: Annotated[str | None, option("also write the page to this file", local=True)] = None


class MonthAnswer(Struct, frozen=True):
    """`entry`: of the record; `page`: the file."""

    month: str
    spent: Decimal
    before: Decimal
    currency: str
    idle_a_day: Decimal
    entry: int
    page: str


@operation("costs", "forecast", permission="read", remote=True)
def costs_forecast(request: ForecastRequest, work: Work) -> ForecastAnswer:
    """Show where spending is going: its trend, what the month will come to, and days unlike the others."""
    from datetime import UTC

    from treadle.costs.trend import trend

    if not 7 <= request.days <= 1000:
        raise SpecError(f"{request.days} is no number of days", where="--days", mend="give a number from 7 to 1,000")
    workspace = work.workspace
    today = workspace.chain.clock().astimezone(UTC).date()
    found = trend(workspace.chain, workspace.book.rates, today, window=request.days)
    ahead = found.forecast
    return ForecastAnswer(
        currency=found.currency,
        days=[DayLine(day, amount) for day, amount in found.days],
        a_day=found.a_day,
        low=found.low,
        high=found.high,
        forecast=None
        if ahead is None
        else MonthAhead(
            ahead.month,
            ahead.spent,
            ahead.ahead,
            ahead.amount,
            ahead.low,
            ahead.high,
            ahead.why,
            ahead.days,
            ahead.error,
        ),
        unlike=[
            UnlikeLine(each.day, each.amount, each.usual, None if each.deviations == float("inf") else each.deviations)
            for each in found.unlike
        ],
        besides=[str(each) for each in found.besides],
    )


def _days(days: float, where: str) -> float:
    if not 0 < days <= 100_000:
        raise SpecError(f"{days:g} is no number of days", where=where, mend="give a number above 0")
    return days


@operation("costs", "idle", permission="read")
def costs_idle(request: IdleRequest, work: Work) -> IdleAnswer:
    """List what is paid for and not used, with its price a day: runs, released versions, snapshots.

    With --apply the snapshots among it are removed as `treadle data retain` does, which takes who may.
    """
    from treadle.plans.idle import idle
    from treadle.upkeep.retaining import retain

    days = _days(request.days, "--days")
    removed, entry = 0, None
    if request.apply:
        work.require("costs idle", "keep")
        done = retain(work.workspace, last=None, days=days, apply=True)
        removed, entry = len(done.removed), done.entry
    found = idle(work.workspace, days)
    lines = [IdleLine(each.what, each.name, each.why, each.a_day, each.spent, each.stop) for each in found.things]
    return IdleAnswer(found.days, found.currency, lines, found.a_day, found.runs, found.spent, removed, entry)


@operation("costs", "report", permission="run")
def costs_report(request: MonthRequest, work: Work) -> MonthAnswer:
    """Write the month on one page for whoever pays: what was spent, on what, by whom, what comes, what lies idle.

    The page is kept in the record, so that `treadle why money/PROJECT` leads from it to what it counts.
    """
    from treadle.api.purse import standings_of
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.plans.month_page import month_page
    from treadle.plans.monthly import month_of, write_month

    workspace = work.workspace
    file = new_file(request.out, "--out") if request.out is not None else None
    found = month_of(workspace, request.month, _days(request.idle_days, "--idle-days"))
    budgets = standings_of(work, run="") if request.month is None else []
    html = month_page(workspace.project.spec.project, found, budgets)
    entry = write_month(workspace, found, html)
    kept = workspace.reports / "money" / f"{workspace.project.spec.project}-{found.month}.html"
    kept.parent.mkdir(parents=True, exist_ok=True)
    for each in (kept, file):
        if each is not None:
            write_whole(each, html.encode())
    shown = str(file or kept)
    return MonthAnswer(found.month, found.spent, found.before, found.currency, found.idle.a_day, entry.seq, shown)
