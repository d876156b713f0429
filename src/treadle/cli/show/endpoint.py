"""serve, predict, watch."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import number, table
from treadle.figures import figure
from treadle.hosting.found import flat

_DAYS = 14
_MOST = 20


def show_served(answer: Any, out: Any) -> None:
    out.print(f"stopped; {answer.predictions:,} predictions in {answer.seconds:.0f} s, all in the ledger")


def show_predictions(answer: Any, out: Any) -> None:
    if answer.features_as_of is not None:
        out.print(f"[dim]features as of {answer.features_as_of:%Y-%m-%d %H:%M:%S}Z[/]")
    for said in answer.file_notes:
        out.print(f"[yellow]![/] {escape(said)}", soft_wrap=True)
    if answer.note:
        out.print(f"[yellow]![/] {answer.note}", soft_wrap=True)
    if answer.out:
        out.print(f"{answer.rows:,} predictions by {answer.model} in {answer.out}", soft_wrap=True)
        return
    rows = [flat(row) for row in answer.predictions[:_MOST]]
    names = list(rows[0]) if rows else []
    grid = table(*names)
    for row in rows:
        grid.add_row(*(number(cell) if isinstance(cell := row[n], float) else str(cell) for n in names))
    out.print(grid)
    if answer.rows > _MOST:
        out.print(f"… {answer.rows - _MOST:,} more: --out FILE writes them all")


def show_watch(answer: Any, out: Any) -> None:
    out.print(
        f"[bold]{answer.endpoint}[/]: {answer.predictions:,} predictions, {answer.outcomes:,} outcomes, "
        f"{answer.joined:,} joined by id"
    )
    if not answer.predictions:
        _show_alerts(answer.alerts, out)
        out.print("nothing was predicted yet: treadle serve PROJECT, or treadle replay PROJECT")
        return
    if answer.metric_by_day:
        grid = table(
            "day",
            "predictions",
            "labels",
            answer.metric.replace("_", " "),
            "95 % interval",
            answer.base,
            right=(1, 2, 3, 5),
        )
        if len(answer.metric_by_day) > _DAYS:
            out.print(f"[dim]the newest {_DAYS} of {len(answer.metric_by_day)} days; all are on the page[/]")
        for day in answer.metric_by_day[-_DAYS:]:
            shown = figure(day.value, day.low, day.high)
            grid.add_row(
                day.day,
                f"{day.predictions:,}",
                f"{day.labels:,}",
                shown.value,
                shown.span if shown.low else "–",
                number(day.base, 3),
            )
        out.print(grid)
        whole = answer.overall
        if whole.value is not None:
            shown = figure(whole.value, whole.low, whole.high)
            span = f"95 % interval {shown.span}" if shown.low else shown.span
            span += f" ({whole.note})" if whole.note else ""
            out.print(
                f"all days: {answer.metric} [bold]{shown.value}[/], {span}; on the sealed test rows it was "
                f"{figure(whole.tested).value}"
            )
    _show_coverage(answer.coverage, out)
    grid = table("feature", "PSI", "missing then", "missing now", "", right=(1, 2, 3))
    for line in answer.drift[:_MOST]:
        grid.add_row(
            line.feature,
            number(line.psi, 3),
            f"{line.missing_reference:.1%}",
            f"{line.missing_now:.1%}",
            f"[yellow]{line.verdict}[/]" if line.verdict != "steady" else "[dim]steady[/]",
        )
    out.print(grid)
    if len(answer.drift) > _MOST:
        out.print(f"… {len(answer.drift) - _MOST} more features on the page")
    _show_alerts(answer.alerts, out)
    out.print(f"page:  {answer.page}", soft_wrap=True)


def _show_alerts(alerts: Any, out: Any) -> None:
    for alert in alerts:
        out.print(f"[red]![/] {escape(alert.text)}", soft_wrap=True)


def _show_coverage(found: Any, out: Any) -> None:
    """Of quantiles, how often what came lay between the outer two; nothing of other models, and before a label."""
    if found is None or found.value is None:
        return
    held = figure(found.value, found.low, found.high)
    out.print(
        f"all days: within the outer quantiles [bold]{held.value}[/], {held.span}; on the sealed test rows "
        f"{figure(found.tested).value}"
    )


def show_drained(answer: Any, out: Any) -> None:
    out.print(
        f"moved {answer.predictions:,} predictions and {answer.outcomes:,} outcomes of {answer.endpoint} to tables"
    )


VIEWS = {"drain": show_drained, "serve": show_served, "predict": show_predictions, "watch": show_watch}
