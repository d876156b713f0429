"""costs size."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said
from treadle.figures import counted


def show_size(answer: Any, out: Any) -> None:
    if answer.runs:
        out.print(
            f"{counted(answer.runs, 'run')} of the whole loop used {answer.peak_mb:,.0f} MiB and {answer.cpus:.2f} CPUs"
            f" at the peak: [bold]{answer.size}[/] are enough",
            soft_wrap=True,
        )
        _show_money(answer, out)
    if answer.entry is not None:
        out.print(f"[green]✓[/] entry {answer.entry}: {said(answer.said)}", soft_wrap=True)
    else:
        out.print(f"runs are held to {answer.holds}")
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _show_money(answer: Any, out: Any) -> None:
    if answer.right is None:
        out.print("[yellow]![/] no price is known of a machine that does: treadle prices import")
        return
    text = f"{answer.hours:.2f} hours a month come to {answer.right:.4f} {answer.currency} on {said(answer.machine)}"
    if answer.here is None:
        text += "; no price is known of a machine as large as this one"
    else:
        text += f", {answer.here - answer.right:.4f} less than on one as large as this machine"
    out.print(text, soft_wrap=True)


VIEWS = {"costs size": show_size}
