"""trials, compare."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table
from treadle.figures import figure

_MOST_LINES = 8
"""Of the changes of one step that are shown; a change is shown with the first step that has it."""


def show_trials(answer: Any, out: Any) -> None:
    if answer.kept:
        trials = "1 trial" if answer.kept == 1 else f"{answer.kept:,} trials"
        begun = "is kept of a search" if answer.kept == 1 else "are kept of a search"
        out.print(
            f"{trials} {begun} that has not ended: it goes on now, or was stopped; then treadle run PROJECT takes "
            "them up and goes on from there",
            soft_wrap=True,
        )
    if not answer.trials:
        if not answer.kept:
            out.print("no trial yet: treadle run PROJECT")
        return
    metric = answer.trials[0].metric
    heads = ("run", "#", "family", metric, "folds", "s", "~MB", "~µs a row", "", "settings")
    grid = table(*heads, right=(1, 3, 4, 5, 6, 7))
    for trial in answer.trials:
        state = "[green]best[/]" if trial.best else "" if trial.state == "complete" else "stopped early"
        state = "failed" if trial.state == "failed" else state
        params = ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in trial.params.items())
        shown = figure(trial.value).value if trial.state != "failed" else "–"
        grid.add_row(
            trial.run,
            str(trial.number),
            trial.family,
            shown,
            str(len(trial.folds)),
            f"{trial.seconds:.1f}",
            f"{trial.mb:.2f}" if trial.row_us else "–",
            f"{trial.row_us:.0f}" if trial.row_us else "–",
            state,
            f"[dim]{params}[/]",
        )
    out.print(grid)
    if answer.more:
        out.print(f"… {answer.more} more: --limit N")


def show_comparison(answer: Any, out: Any) -> None:
    grid = table("", "run", "model", "family", answer.metric, "95 % interval", "cost", right=(4, 6))
    for name, side in (("first", answer.first), ("second", answer.second)):
        shown = figure(side.value, side.low, side.high)
        cost = money(side.cost, side.currency) if side.cost is not None else "–"
        grid.add_row(name, side.run, side.model, side.family, shown.value, shown.span if shown.low else "–", cost)
    out.print(grid)
    colour = {"better": "green", "worse": "red"}.get(answer.verdict, "yellow")
    out.print(f"[{colour}]{answer.text}[/]")
    if not answer.changes:
        out.print("nothing differs in data, code or settings")
    told = dict[str, str]()
    for change in answer.changes:
        lines = [(kind, line) for kind in ("data", "code", "settings") for line in getattr(change, kind)]
        new = [(kind, line) for kind, line in lines if _core(line) not in told]
        same = list(dict.fromkeys(told[_core(line)] for _, line in lines if _core(line) in told))
        out.print(f"[bold]{change.step}[/]" + (f" [dim]as in {', '.join(same)}[/]" if same and not new else ""))
        for kind, line in new[:_MOST_LINES]:
            out.print(f"  [dim]{kind}[/] {said(line)}", soft_wrap=True)
        if len(new) > _MOST_LINES:
            out.print(f"  [dim]… {len(new) - _MOST_LINES} more: --json has all[/]")
        if same and new:
            out.print(f"  [dim]and as in {', '.join(same)}[/]")
        told |= {_core(line): change.step for _, line in new if " → " in line}


def _core(line: str) -> str:
    """A change without a step's own words for where it is: what was read in one step is said of those after it too."""
    return line.rpartition("plan.")[2] if "plan." in line else line.removeprefix("examples.")


VIEWS = {"trials": show_trials, "compare": show_comparison}
