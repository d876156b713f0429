"""team show, waits, confirm, checkin, checkins, pulse."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_COLOURS = {"held": "green", "one person": "yellow", "missing": "red"}


_MOST = 10
"""Of what waits for a person that are shown among others."""


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


def show_checkin(answer: Any, out: Any) -> None:
    out.print(f"[green]✓[/] {said(answer.said)}", soft_wrap=True)


def show_checkins(answer: Any, out: Any) -> None:
    if not answer.checkins:
        out.print("you have not checked in from this account; treadle team checkin PROJECT does")
    for each in answer.checkins:
        changed = "" if each.unchanged else " [red](it is not what the record has the digest of)[/]"
        out.print(f"[bold]{each.week}[/]{changed} {said(each.text)}", soft_wrap=True, highlight=False)


def show_pulse(answer: Any, out: Any) -> None:
    if answer.weeks:
        grid = table("shown in", "answers", "load of 5", "at 5", "blocked", "entry", right=(1, 2, 3, 4, 5))
        for week in answer.weeks:
            grid.add_row(
                week.week,
                str(week.answers),
                f"{week.load:.1f}",
                str(week.too_much),
                f"{week.blocked:.0%}",
                f"#{week.entry}",
            )
        out.print(grid)
    else:
        out.print("no check-ins were shown yet")
    for warning in answer.warnings:
        out.print(f"[yellow]![/] {said(warning)}", soft_wrap=True)
    out.print(f"[dim]{said(answer.rule)}[/]", soft_wrap=True)


def show_waits(answer: Any, out: Any) -> None:
    for person in dict.fromkeys(each.person for each in answer.turns):
        mine = [each for each in answer.turns if each.person == person]
        shown = mine if answer.person else mine[:_MOST]
        out.print(f"[bold]{said(person)}[/]")
        for each in shown:
            due = f" [yellow]until {each.due}[/]" if each.due else ""
            out.print(f"  {said(each.what)}{due} [dim]({said(each.why)})[/]", soft_wrap=True)
            if each.do:
                out.print(f"    {said(each.do)}", soft_wrap=True, highlight=False)
            if each.also:
                out.print(f"    [dim]{'or ' if each.do else ''}{said(each.also)}[/]", soft_wrap=True)
        if len(mine) > len(shown):
            out.print(f"  [dim]and {len(mine) - len(shown):,} more: --person {said(person)}[/]")
    if not answer.turns:
        whom = f"for {said(answer.person)}" if answer.person else "for anybody"
        others = f"; {answer.others} thing{'s' * (answer.others != 1)} for others" if answer.others else ""
        out.print(f"nothing waits {whom}{others}")
    elif answer.free and not answer.person:
        out.print(f"[dim]nothing waits for {said(', '.join(answer.free))}[/]", soft_wrap=True)
    if answer.undecided:
        out.print(f"[dim]and {answer.undecided:,} more decisions, due later: treadle decide list PROJECT[/]")


VIEWS = {
    "team show": show_team,
    "team waits": show_waits,
    "team confirm": show_confirmed,
    "team checkin": show_checkin,
    "team checkins": show_checkins,
    "team pulse": show_pulse,
}
