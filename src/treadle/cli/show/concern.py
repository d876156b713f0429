"""concern raise, list."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said


def show_raised(answer: Any, out: Any) -> None:
    out.print(said(answer.said), soft_wrap=True)


def show_concerns(answer: Any, out: Any) -> None:
    if not answer.batches:
        out.print("no concerns were shown yet")
    for batch in answer.batches:
        out.print(f"[bold]shown on {batch.day}[/] [dim]#{batch.entry}[/]", soft_wrap=True)
        for each in batch.concerns:
            out.print(f"  [dim]{each.id}[/] {said(each.text)}", soft_wrap=True)
    out.print(f"[dim]{said(answer.rule)}[/]", soft_wrap=True)


VIEWS = {"concern raise": show_raised, "concern list": show_concerns}
