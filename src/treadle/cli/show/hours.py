"""costs time."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted


def show_time(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.project)}[/], {answer.first} to {answer.last}", soft_wrap=True)
    grid = table("month", "person", "stage", "minutes", "measured", right=(3, 4))
    for each in answer.stages:
        grid.add_row(each.month, said(each.person), said(each.stage), f"{each.minutes:,.0f}", f"{each.measured:,.0f}")
    if answer.stages:
        out.print(grid)
    for each in answer.people:
        booked = f"[bold]{each.booked / 60:.1f} h booked[/], which count; " if each.booked is not None else ""
        out.print(
            f"{each.month} {said(each.person)}: {booked}{each.measured / 60:.1f} h measured in "
            f"{counted(each.sessions, 'session')} with {counted(each.acts, 'act')}",
            soft_wrap=True,
        )
    if not answer.people:
        out.print("nobody did anything in these days, and no hours are booked")
    _show_saved(answer, out)
    out.print(f"[dim]counted: {said(answer.rule)}[/]", soft_wrap=True)


def _show_saved(answer: Any, out: Any) -> None:
    out.print(f"machines worked {answer.waited:,.1f} minutes for them, which is waiting and not work")
    if answer.reused:
        out.print(
            f"{counted(answer.reused, 'step')} taken from the record and not done again: {answer.spared:,.1f} minutes "
            "of waiting spared",
            soft_wrap=True,
        )
    for each in answer.automated:
        if each.minutes is None:
            out.print(f"[yellow]![/] {each.times:,} {said(each.what)}: {said(each.why)}", soft_wrap=True)
            continue
        out.print(
            f"[green]✓[/] {each.times:,} {said(each.what)}: {each.minutes:,.0f} minutes saved, {each.each:,.1f} each, "
            f"as the quickest quarter of {each.by_hand:,} by hand took",
            soft_wrap=True,
        )
    if answer.saved:
        out.print(f"saved {answer.saved:.2f} {answer.currency}, at {answer.hour:.2f} an hour, the mean of those booked")


VIEWS = {"costs time": show_time}
