"""talk feedback, statement, advice."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said


def show_said(answer: Any, out: Any) -> None:
    out.print(said(answer.text), soft_wrap=True)
    for each in answer.remarks:
        mark = "[red]✗[/]" if each.attack else "[yellow]![/]"
        words = f' "{said(each.words)}"' if each.words else ""
        out.print(f"{mark} {each.part}{words}: {said(each.why)}; {said(each.instead)}", soft_wrap=True)
    if answer.entry is not None:
        out.print(f"[dim]kept as #{answer.entry}, where all of the project may read it[/]", soft_wrap=True)


def show_advice(answer: Any, out: Any) -> None:
    for place, way in enumerate(answer.ways):
        style = "bold" if place == 0 else "dim"
        out.print(f"[{style}]{said(way.way)}[/] ({way.score:+d}): {said(way.means)}", soft_wrap=True)
        for reason in way.speaks_for:
            out.print(f"  [green]+[/] {said(reason)}", soft_wrap=True)
        for reason in way.speaks_against:
            out.print(f"  [red]-[/] {said(reason)}", soft_wrap=True)
    out.print(said(answer.note), soft_wrap=True)


VIEWS = {"talk feedback": show_said, "talk statement": show_said, "talk advice": show_advice}
