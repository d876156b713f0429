"""costs plan, costs diff."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table


def show_plan(answer: Any, out: Any) -> None:
    days = f"{answer.days} day{'' if answer.days == 1 else 's'}, {answer.first} to {answer.last}"
    out.print(f"[bold]{said(answer.project)}[/]: measured in {days}; prices of {answer.at}", soft_wrap=True)
    for part in answer.parts:
        out.print(f"\n[bold]{said(part.name)}[/]: {said(part.measured)}", soft_wrap=True)
        if part.options:
            grid = table("way", "on", f"{answer.currency} a month", "95 %", "kg CO2e", right=(2, 3, 4))
            for each in part.options:
                span = "" if each.low is None or each.low == each.high else f"{each.low:.4f} to {each.high:.4f}"
                kg = "" if each.kg is None else f"{each.kg:.2f}"
                grid.add_row(said(each.name), said(each.what), f"{each.monthly:.4f}", span, kg)
            out.print(grid)
            for each in part.options:
                out.print(f"[dim]{said(each.name)} = {said(each.how)}[/]", soft_wrap=True)
        for each in part.unknown:
            out.print(f"[yellow]![/] {said(each)}", soft_wrap=True)
        if part.no_carbon:
            out.print(f"[yellow]![/] {said(part.no_carbon)}", soft_wrap=True)
        out.print(f"[green]→[/] {said(part.advice)}", soft_wrap=True)
        if part.turns:
            out.print(f"  what would turn it: {said(part.turns)}", soft_wrap=True)
    _show_sum(answer, out)


def _show_sum(answer: Any, out: Any) -> None:
    each = (
        "" if answer.per_thousand is None else f", {money(answer.per_thousand, answer.currency)} for 1,000 predictions"
    )
    missing = ", ".join(part.name for part in answer.parts if not part.options)
    without = f", without {missing}: no price of that is known" if missing else ""
    out.print(f"\n[bold]{money(answer.monthly, answer.currency)} a month[/] as advised{each}{without}", soft_wrap=True)
    for text in answer.assumed:
        out.print(f"[dim]assumed, not measured: {said(text)}[/]", soft_wrap=True)
    sources = dict.fromkeys(each for part in answer.parts for option in part.options for each in option.sources)
    for text in sources:
        out.print(f"[dim]source: {said(text)}[/]", soft_wrap=True)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def show_designs(answer: Any, out: Any) -> None:
    sides = (answer.before, answer.after)
    grid = table("", *(said(each.name) for each in sides), right=(1, 2))
    for name in dict.fromkeys(name for each in sides for name in each.parts):
        grid.add_row(said(name), *(f"{each.parts[name]:.4f}" if name in each.parts else "–" for each in sides))
    grid.add_row(f"{answer.currency} a month", *(f"{each.monthly:.4f}" for each in sides))
    if answer.low is not None and answer.low != answer.high:
        grid.add_row("the second more by, 95 %", "", f"{answer.more:.4f} ({answer.low:.4f} to {answer.high:.4f})")
    per = ("–" if each.per_thousand is None else f"{each.per_thousand:.6f}" for each in sides)
    grid.add_row(f"{answer.currency} for 1,000 predictions", *per)
    grid.add_row("score", *(_score(each) for each in sides))
    out.print(grid)
    for each in answer.unknown:
        out.print(f"[yellow]![/] {said(each)}", soft_wrap=True)
    out.print(f"[green]→[/] {said(answer.said)}; prices of {answer.at}", soft_wrap=True)


def _score(side: Any) -> str:
    if side.score is None:
        return "–"
    span = "" if side.low is None else f" [{side.low:.4f}, {side.high:.4f}]"
    return f"{said(side.metric)} {side.score:.4f}{span}"


VIEWS = {"costs plan": show_plan, "costs diff": show_designs}
