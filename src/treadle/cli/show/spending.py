"""costs book, costs import, costs export."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said
from treadle.figures import counted


def show_booked(answer: Any, out: Any) -> None:
    out.print(f"[green]✓[/] #{answer.entry}: {said(answer.amount)} for {said(answer.said)}", soft_wrap=True)


def show_imported(answer: Any, out: Any) -> None:
    sums = f": {said(' and '.join(answer.sums))}" if answer.sums else ""
    before = f"; {answer.before:,} booked before, left alone" if answer.before else ""
    out.print(f"[green]✓[/] {counted(answer.booked, 'line')} booked{sums}{before}", soft_wrap=True)


def show_exported(answer: Any, out: Any) -> None:
    if answer.file:
        out.print(f"[green]✓[/] {counted(answer.rows, 'row')} of FOCUS 1.4: {said(answer.file)}", soft_wrap=True)
    else:
        out.print(answer.text, end="", soft_wrap=True, markup=False, highlight=False)


VIEWS = {"costs book": show_booked, "costs import": show_imported, "costs export": show_exported}
