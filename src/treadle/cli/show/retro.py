"""retro open, keep, show, list."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.cli.show.meetings import action_lines, share_line

_MOST = 10
"""Retrospectives named of a cause."""


def show_retro(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.name)}[/] {answer.status}: {said(answer.what)}", soft_wrap=True)
    for each in answer.timeline:
        mark = "[yellow]>[/]" if each.about else " "
        when = each.time[:16].replace("T", " ")
        out.print(f"{mark} [dim]{when} #{each.entry}[/] {said(each.kind)}: {said(each.text)}", soft_wrap=True)
    if answer.left:
        out.print(f"[dim]  … {answer.left:,} more of the span: treadle log PROJECT[/]")
    if answer.text:
        out.print(f"\n{said(answer.text)}\ncauses: {said(', '.join(answer.causes))}", soft_wrap=True)
    for repeat in answer.repeats:
        out.print(
            f"[yellow]![/] {said(repeat.cause)} was a cause before: {said(', '.join(repeat.retros))}", soft_wrap=True
        )
    action_lines(answer.actions, out)
    share_line(answer.share, out)
    if not answer.text:
        out.print(
            f'[dim]what was learned: treadle retro keep PROJECT {said(answer.name)} --text TEXT --cause "late labels" '
            '--action "what @who 2027-01-31"[/]',
            soft_wrap=True,
        )


def show_retros(answer: Any, out: Any) -> None:
    if not answer.retros:
        out.print("nothing was looked back at; treadle retro open PROJECT NAME --about ENTRY begins")
        return
    grid = table("retro", "", "opened", "causes", "actions done", "about")
    for line in answer.retros:
        colour = "green" if line.status == "kept" else "yellow"
        done = f"{line.done} of {line.due}" if line.due else ""
        grid.add_row(
            said(line.name), f"[{colour}]{line.status}[/]", line.opened[:10], said(", ".join(line.causes)), done,
            said(line.what),
        )  # fmt: skip
    out.print(grid)
    if answer.more:
        out.print(f"… {answer.more:,} more: --limit N")
    for each in answer.repeated:
        rest = f" and {len(each.retros) - _MOST:,} more" if len(each.retros) > _MOST else ""
        out.print(
            f"[yellow]![/] {said(each.cause)} came again: {said(', '.join(each.retros[:_MOST]))}{rest}", soft_wrap=True
        )
    if answer.due:
        out.print(f"[dim]of {answer.due} actions that were due or are done, {answer.done} are done[/]")


VIEWS = {
    **dict.fromkeys(("retro open", "retro keep", "retro show"), show_retro),
    "retro list": show_retros,
}
