"""costs review."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted

_MARKS = {"pays": "[green]✓[/]", "does not pay": "[yellow]![/]", "no longer pays": "[yellow]![/]"}


def show_review(answer: Any, out: Any) -> None:
    out.print(
        f"[bold]{said(answer.project)}[/], by the last {counted(answer.days, 'day')}, in {answer.currency} a month"
    )
    if answer.followed:
        grid = table("chosen before", "on", "expected", "was", "now", "achieved", "", right=(2, 3, 4, 5))
        for each in answer.followed:
            grid.add_row(
                said(each.name), each.chosen, _paid(each.expected), _paid(each.was), _paid(each.now),
                _paid(each.achieved), f"{_MARKS.get(each.verdict, '')} {each.verdict}: {said(each.why)}".strip(),
            )  # fmt: skip
        out.print(grid)
    for each in answer.warnings:
        out.print(f"[yellow]![/] {said(each)}", soft_wrap=True)
    if answer.proposals:
        grid = table("to do next", "", "now", "less by", right=(2, 3))
        for each in answer.proposals:
            grid.add_row(said(each.name), said(each.text), _paid(each.now), _paid(each.expected))
        out.print(grid)
        for each in answer.proposals:
            out.print(f"[dim]{said(each.name)}: {said(each.why)}; {said(each.how)}[/]", soft_wrap=True)
    else:
        out.print("nothing to save is known")
    for each in answer.unknown:
        out.print(f"[dim]not measured: {said(each)}[/]", soft_wrap=True)
    out.print(f"next review: {answer.due}, the last was on {answer.last}" if answer.due else "no review was kept yet")
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _paid(amount: Decimal | None) -> str:
    if amount is None:
        return "–"
    return f"{amount:.2f}" if not amount or abs(amount) >= 1 else f"{amount:.3g}"


VIEWS = {"costs review": show_review}
