"""costs forecast, costs idle, costs report."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted

_SHOWN = 14
_MOST = 40


def show_forecast(answer: Any, out: Any) -> None:
    grid = table("day", answer.currency, right=(1,))
    for each in answer.days[-_SHOWN:]:
        grid.add_row(each.day, f"{each.amount:.6f}")
    out.print(grid)
    for each in answer.unlike:
        out.print(f"[yellow]![/] {each.day}: {each.amount:.4f}, where {each.usual:.4f} is usual")
    for other in answer.besides:
        out.print(f"[yellow]besides, {said(other)}[/]: in no sum, since the price book has no rate for it")
    if answer.a_day is None:
        out.print("a trend and a forecast need a week of days before today")
        return
    out.print(
        f"trend: {answer.a_day:+.6f} {answer.currency} from day to day (95 %: {answer.low:+.6f} to {answer.high:+.6f})"
    )
    ahead = answer.forecast
    off = f"; weeks forecast so were off by {ahead.error:.0%} in the median" if ahead.error is not None else ""
    between = ahead.why if ahead.low is None else f"95 %: {ahead.low:.4f} to {ahead.high:.4f}"
    booked = f" and {ahead.ahead:.4f} booked for days to come" if ahead.ahead else ""
    out.print(
        f"[bold]{ahead.month}: {ahead.amount:.4f} {answer.currency}[/] ({between}), of which {ahead.spent:.4f} are "
        f"spent{booked}{off}",
        soft_wrap=True,
    )


def show_idle(answer: Any, out: Any) -> None:
    if answer.removed:
        out.print(f"[green]✓[/] {counted(answer.removed, 'snapshot')} removed; entry {answer.entry} says so")
    if not answer.things:
        out.print(
            f"nothing is idle: all that is kept was used in {counted(answer.days, 'day')}, is needed, or is the newest"
        )
        return
    grid = table("what", "name", f"{answer.currency} a day", "spent", "why", right=(2, 3))
    for each in answer.things[:_MOST]:
        grid.add_row(each.what, said(each.name), f"{each.a_day:.6f}", f"{each.spent:.6f}", said(each.why))
    out.print(grid)
    if len(answer.things) > _MOST:
        out.print(f"[dim]… {len(answer.things) - _MOST:,} more: --json has all[/]")
    spent = f"{answer.spent:.6f} were spent on {counted(answer.runs, 'run')} on which nothing rests"
    out.print(f"{answer.a_day:.6f} {answer.currency} a day; {spent}")
    for stop in dict.fromkeys(each.stop for each in answer.things if each.stop):
        out.print(f"next:  {stop}", soft_wrap=True, markup=False)


def show_month(answer: Any, out: Any) -> None:
    out.print(
        f"[green]✓[/] {answer.month}: {answer.spent:.4f} {answer.currency} ({answer.before:.4f} in the month before), "
        f"{answer.idle_a_day:.6f} a day for what nobody uses; entry {answer.entry}: {said(answer.page)}",
        soft_wrap=True,
    )


VIEWS = {"costs forecast": show_forecast, "costs idle": show_idle, "costs report": show_month}
