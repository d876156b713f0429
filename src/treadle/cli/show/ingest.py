"""data ingest."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import money, table
from treadle.cli.show.work import readings_line


def show_ingest(answer: Any, out: Any) -> None:
    grid = table("table", "newest", "", "rows", "rules", "set aside", right=(3, 4, 5))
    for each in answer.tables:
        aside = f"[yellow]{each.quarantined:,}[/]" if each.quarantined else "0"
        newest = each.snapshot.rpartition("@")[2]
        state = "taken" if each.taken else "[dim]asked again[/]" if each.again else "[dim]as it was[/]"
        grid.add_row(escape(each.source), f"@{newest}", state, f"{each.rows:,}", f"{each.rules}", aside)
    out.print(grid)
    for each in answer.tables:
        for warning in each.warnings:
            out.print(f"[yellow]![/] {escape(each.source)}: {escape(warning)}", soft_wrap=True)
    for note in answer.notes:
        out.print(f"[yellow]![/] {escape(note)}", soft_wrap=True)
    if answer.readings:
        out.print(readings_line(answer.readings), soft_wrap=True)
    out.print(f"{answer.said}; {money(answer.cost, answer.currency)} for {answer.seconds:.1f} s")
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {"data ingest": show_ingest}
