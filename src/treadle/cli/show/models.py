"""models list, show, release, rollback."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import show_unsigned, table
from treadle.figures import figure


def show_list(answer: Any, out: Any) -> None:
    grid = table("model", "status", "metric", "value", "95 % interval", "MB", "made", "by", "run", right=(3, 5))
    for model in answer.models:
        shown = figure(model.value, model.low, model.high)
        status = "[green]released[/]" if model.released else model.status
        grid.add_row(
            model.name,
            status,
            model.metric,
            shown.value,
            shown.span if shown.low else "–",
            f"{model.mb:.2f}",
            model.created[:16],
            model.by,
            model.run,
        )
    out.print(grid if answer.models else "no model yet: treadle run PROJECT")
    gone = sorted({model.name.rpartition(":")[0] for model in answer.models if model.gone})
    if gone:
        out.print(f"[dim]no longer in the project file: {', '.join(gone)}[/]", soft_wrap=True)


def show_model(answer: Any, out: Any) -> None:
    who = f", asked for by {answer.requested_by}" if answer.requested_by else ""
    who += f", approved by {answer.approved_by}" if answer.approved_by else ""
    out.print(f"[bold]{answer.model}[/] · {answer.status}{who} · {answer.mb:.2f} MB · {answer.bundle[:16]}…")
    for gate in answer.gates:
        out.print(f"  {'[green]✓[/]' if gate.holds else '[red]✗[/]'} {escape(gate.text)}")
    for said in answer.accepted:
        out.print(f"  [yellow]accepted[/] {escape(said)}")
    for said in answer.signed:
        out.print(f"  [green]signed[/] by {escape(said)}")
    from rich.markdown import Markdown

    out.print(Markdown(answer.card))


def show_release(answer: Any, out: Any) -> None:
    out.print(
        f"endpoint {answer.endpoint} serves [bold]{answer.model}[/], approved by {answer.approved_by or 'nobody'}; "
        "running servers take it up within seconds"
    )
    if answer.checkpoint:
        out.print(
            f"[dim]signed checkpoint of the record: {answer.checkpoint} (keep a copy elsewhere)[/]", soft_wrap=True
        )
    show_unsigned(answer.unsigned, out)


def show_accepted(answer: Any, out: Any) -> None:
    out.print(f"{answer.model}: {answer.by} answers for {escape(answer.finding)}: {escape(answer.because)}")
    out.print(f"next:  {escape(answer.next)}", soft_wrap=True)


def show_signed(answer: Any, out: Any) -> None:
    out.print(f"{answer.model}: {answer.by} has signed it as {escape(answer.role)} [dim]({answer.bundle[:16]}…)[/]")
    out.print(f"next:  {escape(answer.next)}", soft_wrap=True)


VIEWS = {
    "models sign": show_signed,
    "models list": show_list,
    "models accept": show_accepted,
    "models show": show_model,
    "models release": show_release,
    "models rollback": show_release,
}
