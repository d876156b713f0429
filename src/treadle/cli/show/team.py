"""team show, team confirm."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_COLOURS = {"held": "green", "one person": "yellow", "missing": "red"}


def show_team(answer: Any, out: Any) -> None:
    if answer.vision:
        out.print(f"[bold]{said(answer.vision)}[/]", soft_wrap=True)
    for objective in answer.objectives:
        out.print(f"  · {said(objective)}", soft_wrap=True)
    grid = table("role", "", "who", "")
    for role in answer.roles:
        marks = [word for word, holds in (("required", role.required), ("signs", role.signs)) if holds]
        state = f"[{_COLOURS[role.state]}]{role.state}[/]"
        grid.add_row(said(role.role), state, said(", ".join(role.people)), ", ".join(marks))
    out.print(grid)
    if answer.duties:
        grid = table("answers for", "accountable", "responsible", "consulted", "informed")
        for duty in answer.duties:
            others = (", ".join(each) for each in (duty.responsible, duty.consulted, duty.informed))
            grid.add_row(said(duty.thing), said(duty.accountable), *map(said, others))
        out.print(grid)
    for note in answer.notes:
        out.print(f"[yellow]![/] {said(note)}", soft_wrap=True)


def show_confirmed(answer: Any, out: Any) -> None:
    waits = f"; not yet by {said(', '.join(answer.waits_for))}" if answer.waits_for else "; all have"
    out.print(f"[green]✓[/] {said(answer.by)} confirmed the charter as it is now{waits}", soft_wrap=True)


VIEWS = {"team show": show_team, "team confirm": show_confirmed}
