"""notify send, list, calendar."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said
from treadle.figures import counted

_MARKS = {"sent": "[green]✓[/]", "heard": "[green]←[/]", "held": "[red]✗[/]", "refused": "[red]✗[/]"}


def show_sent(answer: Any, out: Any) -> None:
    for each in answer.told:
        if each.outcome == "nobody" and "no issue of it" in each.text:
            continue
        mark = _MARKS.get(each.outcome, "·")
        word = "" if each.outcome == "sent" else f" {each.outcome}:"
        out.print(f"{mark} [bold]{said(each.channel)}[/]{word} {said(each.text)}", soft_wrap=True, highlight=False)
        if each.link:
            out.print(f"  {said(each.link)}", soft_wrap=True, highlight=False)
    if not answer.told:
        out.print("nothing is to be told")


def show_channels(answer: Any, out: Any) -> None:
    if not answer.channels:
        out.print("this project tells nobody anything; notify: in the project file names channels")
    for each in answer.channels:
        about = ", ".join(each.about)
        out.print(f"[bold]{said(each.name)}[/] ({each.leads_to}) {said(about)}", soft_wrap=True, highlight=False)
        told = f"told {each.told:,}, last {each.last[:16].replace('T', ' ')}" if each.told else "told of nothing yet"
        begun = "" if each.begun else "; it is told from its first `treadle notify send` on"
        refused = f"; [red]{each.refused:,} refused[/] (treadle log --kind notice.sent)" if each.refused else ""
        issues = f"; open issues: {each.issues}" if each.issues else ""
        out.print(f"  {told}; {each.waiting} to be told{issues}{refused}{begun}", highlight=False)
        if not each.trusted:
            out.print("  [red]nobody trusts the project with it:[/] treadle trust PROJECT shows what it is told")
        elif each.held:
            out.print(f"  [red]held:[/] {said(each.held)}", soft_wrap=True, highlight=False)


def show_calendar(answer: Any, out: Any) -> None:
    out.print(f"[green]✓[/] {said(answer.file)}: {counted(answer.events, 'day')}", highlight=False, soft_wrap=True)


VIEWS = {"notify send": show_sent, "notify list": show_channels, "notify calendar": show_calendar}
