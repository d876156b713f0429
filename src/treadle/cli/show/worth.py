"""costs worth."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted

_SHOWN = 14


def show_worth(answer: Any, out: Any) -> None:
    grid = table("day", "decisions", "saved", "spent", f"net, {answer.currency}", right=(1, 2, 3, 4))
    for each in answer.days[-_SHOWN:]:
        grid.add_row(each.day, f"{each.decisions:,}", f"{each.saved:.4f}", f"{each.spent:.4f}", f"{each.net:.4f}")
    out.print(grid)
    if len(answer.days) > _SHOWN:
        out.print(f"[dim]… {counted(len(answer.days) - _SHOWN, 'day')} before: --json has all[/]")
    span = f" (95 %: {answer.low:.2f} to {answer.high:.2f})" if answer.low is not None else f"; {said(answer.why)}"
    out.print(
        f"[bold]saved {answer.saved:.2f} {answer.currency}[/]{span}, {answer.each:.4f} a decision, on "
        f"{counted(answer.decisions, 'decision')} whose outcome is known, {answer.first} to {answer.last}, against "
        f"{said(answer.rule)}",
        soft_wrap=True,
    )
    if answer.waiting:
        out.print(f"waiting for an outcome, and counting nothing: {counted(answer.waiting, 'decision')}")
    out.print(f"spent {answer.spent:.4f} {answer.currency} by the ledger: net {answer.net:.2f}")
    for other in answer.besides:
        out.print(f"[yellow]besides, {said(other)}[/]: in no sum, since the price book has no rate for it")
    if answer.as_if:
        out.print("[yellow]![/] the decisions are about days before the project cost anything: history was played, and "
                  "this is what it would have saved", soft_wrap=True)  # fmt: skip
    if answer.before:
        out.print(
            f"about days before the project cost anything, and counting nothing: {counted(answer.before, 'decision')}"
        )
    _show_day(answer, out)


def _show_day(answer: Any, out: Any) -> None:
    if answer.paid_back:
        out.print(f"[green]✓[/] it has paid for itself since {answer.paid_back}")
    elif answer.expected:
        late = answer.latest or "never"
        span = f" ({answer.earliest} to {late})" if answer.earliest else ""
        out.print(f"at this rate it will have paid for itself on {answer.expected}{span}")
    else:
        out.print("[yellow]![/] it has not paid for itself, and at this rate it will not")


VIEWS = {"costs worth": show_worth}
