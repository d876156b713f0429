"""costs budget."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.money import told_apart


def show_budgets(answer: Any, out: Any) -> None:
    if answer.budgets:
        grid = table("budget", "in", "spent", "of", "left", "", "then", right=(2, 3, 4))
        for each in answer.budgets:
            then = f"[red]spent: {each.then}[/]" if each.is_spent else each.then
            sums = (told_apart(value, each.amount) for value in (each.spent, each.amount, each.left))
            grid.add_row(said(each.of), said(each.period), *sums, each.currency, then)
        out.print(grid)
        for each in answer.budgets:
            for other in each.besides:
                out.print(f"[yellow]besides, {said(other)}[/] for {said(each.of)}: in no sum, there is no rate")
    else:
        out.print("no budget is set: `budgets:` of the project file")
    out.print(said(answer.said), soft_wrap=True)


VIEWS = {"costs budget": show_budgets}
