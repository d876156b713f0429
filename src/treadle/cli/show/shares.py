"""costs serving."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table
from treadle.figures import counted


def show_serving(answer: Any, out: Any) -> None:
    whole = money(answer.amount, answer.currency)
    out.print(
        f"[bold]{said(answer.project)}[/], {answer.first} to {answer.last}: {whole} ({said(answer.basis)})",
        soft_wrap=True,
    )
    groups = (("endpoint", answer.by_endpoint), ("version", answer.by_model), ("client", answer.by_client))
    for title, lines in (*groups, ("day", answer.by_day)):
        grid = table(title, "answers", "CPU-seconds", answer.currency, right=(1, 2, 3))
        for line in lines:
            name = said(line.name) or "(not named)"
            grid.add_row(name, f"{line.answers:,}", f"{line.cpu_seconds:,.3f}", f"{line.amount:.6f}")
        out.print(grid)
    told = counted(answer.answers, "answer")
    thousand = "" if answer.thousand is None else f", {money(answer.thousand, answer.currency)} for 1,000"
    out.print(f"{told}{thousand}; {money(answer.idle, answer.currency)} on days on which nobody asked")
    out.print(f"[dim]weighed: {said('; '.join(answer.weighed)) or 'nothing'}[/]", soft_wrap=True)


VIEWS = {"costs serving": show_serving}
