"""reproduce."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table


def show_reproduced(answer: Any, out: Any) -> None:
    grid = table(said(answer.model), "then", "now", "")
    for each in answer.compared:
        mark = "[green]equal[/]" if each.same else "[red]differs[/]"
        grid.add_row(said(each.what), said(each.then), said(each.now), mark)
    out.print(grid)
    if answer.ok:
        out.print(f"[green]✓[/] {said(answer.model)} came out equal")
        if not all(each.same for each in answer.compared):
            out.print("  the interval is drawn: of as many draws as there is time for, and so it may differ a little")
    else:
        out.print(f"[red]✗[/] {said(answer.model)} did not come out equal")
    for line in answer.differs:
        out.print(f"  {said(line)}", soft_wrap=True)
    if not answer.differs:
        out.print("  code, libraries, Python, the project's files and its place in Git are what they were")


VIEWS = {"reproduce": show_reproduced}
