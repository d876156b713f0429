"""milestones set, drop, list; status."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said

_COLOURS = {"reached": "green", "open": "cyan", "late": "red"}


def show_milestones(answer: Any, out: Any) -> None:
    if not answer.milestones:
        out.print('no milestone is set; treadle milestones set PROJECT NAME --by DAY --gate "released" sets one')
    for each in answer.milestones:
        text = f": {said(each.text)}" if each.text else ""
        state = f"[{_COLOURS[each.status]}]{each.status}[/]"
        out.print(f"[bold]{said(each.name)}[/] {state}, by {each.by}{text} [dim]#{each.entry}[/]", soft_wrap=True)
        for gate in each.gates:
            mark = "[green]✓[/]" if gate.holds else "[red]✗[/]"
            rests = f" [dim]#{gate.entry}[/]" if gate.entry else ""
            why = f" ({said(gate.why)})" if gate.why else ""
            out.print(f"  {mark} {said(gate.text)}: {said(gate.found)}{why}{rests}", soft_wrap=True)
        for line in each.before:
            out.print(f"  [dim]before: {said(line)}[/]", soft_wrap=True)


def show_status(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.project)}[/], {answer.day}")
    for topic in dict.fromkeys(each.topic for each in answer.sentences):
        out.print(f"[bold]{topic}[/]")
        for each in answer.sentences:
            if each.topic == topic:
                marks = ", ".join(f"#{number}" for number in each.entries)
                out.print(f"  {said(each.text)}{f' [dim]({marks})[/]' if marks else ''}", soft_wrap=True)
    for file in (answer.file, answer.page):
        if file:
            out.print(f"[green]✓[/] {said(file)}", soft_wrap=True)


VIEWS = {
    **dict.fromkeys(("milestones set", "milestones drop", "milestones list"), show_milestones),
    "status": show_status,
}
