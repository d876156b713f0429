"""costs options, costs choose."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said


def show_options(answer: Any, out: Any) -> None:
    if len(answer.options) < 3:
        out.print(f"[yellow]![/] no more stand out of the {answer.ways} that were judged and priced")
    for each in answer.options:
        out.print(f"\n[bold]{said(each.title)}[/] ({said(each.name)}): {said(each.cost)}", soft_wrap=True)
        for text in (each.what, each.result, each.effect, *([each.buys] if each.buys else [])):
            out.print(f"  {said(text)}", soft_wrap=True)
        for text in each.risks:
            out.print(f"  [yellow]![/] {said(text)}", soft_wrap=True)
        for text in each.sets:
            out.print(f"  [dim]if it is chosen: {said(text)}[/]", soft_wrap=True)
        if each.name in answer.over:
            out.print(f"  [red]✗[/] {said(answer.why_over.get(each.name, ''))}", soft_wrap=True)
    out.print()
    if answer.spent:
        out.print(said(answer.spent), soft_wrap=True)
    for text in answer.unknown:
        out.print(f"[yellow]?[/] not known: {said(text)}", soft_wrap=True)
    if answer.decision:
        out.print(f"[green]✓[/] put to decision/{said(answer.decision)}; the page: {said(answer.page)}", soft_wrap=True)
    elif answer.page:
        out.print(f"[green]✓[/] {said(answer.page)}", soft_wrap=True)
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def show_choice(answer: Any, out: Any) -> None:
    out.print(
        f"[green]✓[/] {said(answer.by)} chose {said(answer.option)} in decision/{said(answer.decision)}, entry "
        f"{answer.entry}",
        soft_wrap=True,
    )
    for text in answer.sets:
        out.print(f"  from now on: {said(text)}", soft_wrap=True)
    if answer.spent:
        out.print(f"  so far: {said(answer.spent)}", soft_wrap=True)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {"costs options": show_options, "costs choose": show_choice}
