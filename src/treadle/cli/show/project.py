"""init, check."""

from __future__ import annotations

from typing import Any

from treadle.cli.show import table


def show_init(answer: Any, out: Any) -> None:
    out.print(f"wrote {answer.file} and {answer.contract}; what was guessed:", soft_wrap=True)
    for guess in answer.guesses:
        out.print(f"  · {guess}", soft_wrap=True)
    out.print(f"next:  {answer.next}", soft_wrap=True)


def show_check(answer: Any, out: Any) -> None:
    mark = "[green]✓[/]" if answer.ok else "[red]✗[/]"
    out.print(f"{mark} {answer.project}: {answer.features} features from the inputs {', '.join(answer.inputs)}")
    if answer.sources:
        grid = table("source", "rows", "rules", "bad rows", right=(1, 2, 3))
        for source in answer.sources:
            grid.add_row(source.source, f"{source.rows:,}", str(source.rules), f"{source.quarantined:,}")
        out.print(grid)
    for source in answer.sources:
        for reason in source.broken:
            out.print(f"  [red]✗[/] {source.source}: {reason}", soft_wrap=True)


VIEWS = {"init": show_init, "check": show_check}
