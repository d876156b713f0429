"""data map."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table


def show_map(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.source)}[/] to {said(answer.to)}")
    if not answer.lines:
        out.print("every column of it is mapped already")
        return
    grid = table("column", "is probably", "score", "", "why", "or", right=(2,))
    for line in answer.lines:
        mark = "[green]✓[/]" if line.accepted else "[yellow]?[/]" if line.column else "[red]✗[/]"
        other = f"{said(line.second)} {line.second_score:.2f}" if line.second else "–"
        grid.add_row(
            said(line.target),
            said(line.column) or "–",
            f"{line.score:.2f}" if line.column else "–",
            mark,
            said(", ".join(line.why)),
            other,
        )
    out.print(grid)
    if answer.left:
        more = f" and {len(answer.left) - 12:,} more" if len(answer.left) > 12 else ""
        out.print(
            f"[dim]of the source, nothing is made of {said(', '.join(answer.left[:12]))}{more}[/]", soft_wrap=True
        )
    unsure = [line for line in answer.lines if line.column and not line.accepted]
    if unsure:
        one = said(f"{unsure[0].target}={unsure[0].column}")
        out.print(f"{len(unsure):,} not sure (?): name what is right, such as --take '{one}'", soft_wrap=True)
    if answer.file:
        out.print(f"[green]✓[/] written to {said(answer.file)}: sources.{said(answer.source)}.map")
        print(answer.text, end="")
    elif answer.text:
        out.print("to be written with --accept, under map: of the source")
        print(answer.text, end="")


VIEWS = {"data map": show_map}
