"""fit."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.cli.show.work import decision_rows
from treadle.figures import counted, figure


def show_fit(answer: Any, out: Any) -> None:
    out.print()
    out.print(
        f"[bold]{said(answer.target)}[/] of {said(answer.file)}: {answer.kind}, {said(answer.chosen)}, "
        f"learnt from {counted(answer.train_rows, 'row')}",
        soft_wrap=True,
    )
    _show_figures(answer, out)
    for finding in answer.findings:
        out.print(f"[red]may leak[/]  {said(finding.text)}", soft_wrap=True)
    out.print(f"[dim]{said(answer.verdict)}[/]", soft_wrap=True)
    for note in answer.notes:
        out.print(f"[dim]note: {said(note)}[/]", soft_wrap=True)
    _show_trials(answer, out)
    allowed = f" of {answer.minutes:g} min" if answer.minutes is not None else ""
    out.print(f"took:  {answer.seconds:.0f} s{allowed}")
    if answer.saved:
        out.print(
            f"saved: {said(answer.saved)}, with {said(answer.model)} and the report {said(answer.report)}",
            soft_wrap=True,
        )
    for place, line in enumerate(answer.next):
        out.print(f"{'next: ' if place == 0 else '      '} {said(line)}", soft_wrap=True)


def _show_figures(answer: Any, out: Any) -> None:
    shown = figure(answer.value, *answer.interval, why=answer.why_none)
    grid = table("", "", "", right=(1,))
    span = f"95 % {shown.span}" if shown.low else shown.span
    lower = ", lower is better" if answer.lower_is_better else ""
    grid.add_row(
        answer.metric.replace("_", " "),
        f"[bold]{shown.value}[/]",
        f"{said(span)}, on {answer.rows:,} sealed rows{lower}",
    )
    grid.add_row("  trivial baseline", figure(answer.baseline).value, f"knows only {answer.knows}")
    if answer.decisions is not None:
        decision_rows(answer.decisions, answer.metric.replace("_", " "), grid)
    out.print(grid)


def _show_trials(answer: Any, out: Any) -> None:
    grid = table("trial", "family", f"{answer.metric} on folds", "folds", "s", "", right=(0, 2, 3, 4))
    for trial in answer.trials:
        mark = "[green]chosen[/]" if trial.chosen else ""
        cells = (str(trial.number), trial.family, figure(trial.value).value, str(trial.folds), f"{trial.seconds:.1f}")
        grid.add_row(*cells, mark)
    out.print(grid)
    out.print(f"[dim]{_counted(answer)}[/]")
    for line in answer.not_tried:
        out.print(f"[dim]not tried: {said(line)}[/]", soft_wrap=True)


def _counted(answer: Any) -> str:
    if answer.tried == 1:
        return "the only trial"
    verb = "was" if answer.given_up == 1 else "were"
    given_up = f", of which {answer.given_up} {verb} given up early" if answer.given_up else ""
    return f"the best of {counted(answer.tried, 'trial')}{given_up}"


VIEWS = {"fit": show_fit}
