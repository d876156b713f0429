"""mirror, and the line of a run that was mirrored."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import table


def mirrored_line(found: Any) -> str:
    """How one version stands on the server, in a line."""
    if found.state == "not sent":
        return f"[yellow]not mirrored:[/] {escape(found.why)}; send it later with: treadle mirror PROJECT"
    registered = f", registered as {found.registered}" if found.registered else ""
    why = f"; [yellow]{escape(found.why)}[/]" if found.why else ""
    return f"mirrored: {found.url}{registered}{why}"


def show_mirror(answer: Any, out: Any) -> None:
    if not answer.versions:
        out.print("no version yet: treadle run PROJECT")
        return
    grid = table("version", "", "run there", "registered as")
    for each in answer.versions:
        colour = "yellow" if each.state == "not sent" else "green"
        grid.add_row(each.model, f"[{colour}]{each.state}[/]", each.run, each.registered)
    out.print(grid)
    for why in dict.fromkeys(each.why for each in answer.versions if each.why):
        out.print(f"[yellow]{escape(why)}[/]", soft_wrap=True)


VIEWS = {"mirror": show_mirror}
