"""skills show, rate, start, rota, held."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table


def show_skills(answer: Any, out: Any) -> None:
    grid = table("area", "who", "did of late", "says", "last", right=(2,))
    for area in answer.areas:
        for number, each in enumerate(area.people):
            name = said(area.name) if not number else ""
            grid.add_row(name, said(each.person), f"{each.recent:,.1f}", each.rated, each.last[:10])
    out.print(grid)
    out.print("[dim]did of late: what the record and Git have, each by half for 180 days that it is past[/]")
    for area in answer.areas:
        if area.alone:
            out.print(f"[yellow]![/] {said(area.alone)} alone knows {said(area.name)}", soft_wrap=True)
        elif area.nobody:
            out.print(f"[yellow]![/] nobody of the project knows {said(area.name)} any more", soft_wrap=True)
    for pair in answer.pairs:
        out.print(f"pair: {said(pair.knows)} and {said(pair.learns)} on {said(pair.area)} [dim]({said(pair.why)})[/]")
    if answer.strangers:
        named = said(", ".join(answer.strangers[:10]))
        out.print(f"[dim]in Git, and nobody of the project (a .mailmap maps them): {named}[/]", soft_wrap=True)


def show_start(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.person)}[/], the first days")
    for number, step in enumerate(answer.steps, 1):
        out.print(f"{number:3} {said(step.what)} [dim]({said(step.why)})[/]", soft_wrap=True)
        if step.do != "talk":
            out.print(f"    {said(step.do)}", soft_wrap=True)


def show_rota(answer: Any, out: Any) -> None:
    grid = table("day", "speaker", "topic", "why")
    for each in answer.sessions:
        entry = f" #{each.topic.entry}" if each.topic.entry else ""
        grid.add_row(
            each.day, said(each.topic.speaker), said(each.topic.text), said(f"{each.topic.why}{entry}; {each.spoke}")
        )
    out.print(grid if answer.sessions else "nothing of late that anybody could tell of: notes, decisions, releases")
    for each in answer.held:
        out.print(f"[dim]held {each.day}: {said(each.speaker)}, {said(each.topic)} #{each.entry}[/]", soft_wrap=True)
    if answer.sessions:
        out.print("next:  treadle skills held PROJECT --topic TOPIC --speaker NAME, once it was")


def show_held(answer: Any, out: Any) -> None:
    out.print(f"#{answer.entry} {answer.day}: {said(answer.speaker)} told of {said(answer.topic)}", soft_wrap=True)


VIEWS = {
    **dict.fromkeys(("skills show", "skills rate"), show_skills),
    "skills start": show_start,
    "skills rota": show_rota,
    "skills held": show_held,
}
