"""agenda, minutes keep, minutes list, actions add, list, close, move."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_COLOURS = {"late": "red", "open": "cyan", "done": "green", "dropped": "dim"}


def show_agenda(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.project)}[/]: what happened {said(answer.since)}", soft_wrap=True)
    for topic in dict.fromkeys(point.topic for point in answer.points):
        out.print(f"[bold]{topic}[/]")
        for point in answer.points:
            if point.topic == topic:
                who = f"{said(point.who)}: " if point.who else ""
                where = f"#{point.where}" if point.where.isdigit() else point.where
                out.print(f"  {who}{said(point.text)} [dim]({said(point.why)}; {said(where)})[/]", soft_wrap=True)
    if not answer.points:
        out.print("nothing happened, and nothing waits for anybody")
    if answer.file:
        out.print(
            f"[green]✓[/] {said(answer.file)}; write into it, then: treadle minutes keep PROJECT --present NAME "
            f"--file {said(answer.file)}",
            soft_wrap=True,
        )


def show_minutes(answer: Any, out: Any) -> None:
    if not answer.meetings:
        out.print("no minutes were kept; treadle agenda PROJECT builds what to meet about")
    for each in answer.meetings:
        out.print(
            f"[bold]{each.day}[/]: {said(', '.join(each.present))} [dim](#{each.entry}, by {said(each.by)})[/]",
            soft_wrap=True,
        )
        out.print(said(each.text), soft_wrap=True)
        action_lines(each.actions, out)


def show_action(answer: Any, out: Any) -> None:
    each = answer.action
    out.print(f"{_state(each)} {each.number}: {said(each.text)} ({said(each.owner)}, {each.due})", soft_wrap=True)
    for line in each.history:
        out.print(f"  [dim]{said(line)}[/]", soft_wrap=True)


def show_actions(answer: Any, out: Any) -> None:
    action_lines(answer.actions, out)
    if not answer.actions:
        out.print("nothing is to be done")
    share_line(answer.share, out)
    if answer.closed:
        out.print(f"[dim]{answer.closed:,} are closed: --all[/]")


def share_line(share: Any, out: Any) -> None:
    if share.due:
        out.print(f"[dim]of {share.due} that were due or are done, {share.done} are done, {share.in_time} in time[/]")


def _state(each: Any) -> str:
    late = f", {each.days} day{'' if each.days == 1 else 's'}" if each.state == "late" else ""
    return f"[{_COLOURS[each.state]}]{each.state}{late}[/]"


def action_lines(actions: Any, out: Any) -> None:
    if not actions:
        return
    grid = table("#", "", "owner", "due", "what", "of", right=(0,))
    for each in actions:
        grid.add_row(
            str(each.number),
            _state(each),
            said(each.owner),
            each.due,
            said(each.text),
            said(each.origin or each.opened_by),
        )
    out.print(grid)


VIEWS = {
    "agenda": show_agenda,
    **dict.fromkeys(("minutes keep", "minutes list"), show_minutes),
    **dict.fromkeys(("actions add", "actions close", "actions move"), show_action),
    "actions list": show_actions,
}
