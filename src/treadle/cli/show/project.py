"""init, check, trust."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import table


def show_init(answer: Any, out: Any) -> None:
    files = " and ".join(each for each in (answer.file, answer.contract) if each)
    out.print(f"wrote {files}; what was guessed:", soft_wrap=True, markup=False)
    for guess in answer.guesses:
        out.print(f"  · {guess}", soft_wrap=True, markup=False)
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def show_check(answer: Any, out: Any) -> None:
    mark = "[green]✓[/]" if answer.ok else "[red]✗[/]"
    inputs = f": {answer.features} features from the inputs {escape(', '.join(answer.inputs))}" if answer.inputs else ""
    out.print(f"{mark} {answer.project}{inputs}", soft_wrap=True)
    if answer.sources:
        grid = table("source", "rows", "rules", "bad rows", right=(1, 2, 3))
        for source in answer.sources:
            grid.add_row(source.source, f"{source.rows:,}", str(source.rules), f"{source.quarantined:,}")
        out.print(grid)
    for source in answer.sources:
        for reason in source.broken:
            out.print(f"  [red]✗[/] {source.source}: {escape(reason)}", soft_wrap=True)
    for source in answer.sources:
        if source.lag and not any(source.lag in said for said in answer.warnings):
            out.print(f"  · {escape(source.lag)}", soft_wrap=True)
    for text in answer.problems:
        out.print(f"  [red]✗[/] {escape(text)}", soft_wrap=True)
    for text in answer.warnings:
        out.print(f"  [yellow]![/] {escape(text)}", soft_wrap=True)


def show_trust(answer: Any, out: Any) -> None:
    if not answer.trusted:
        out.print(f"{answer.project} in {answer.folder} is trusted no longer", soft_wrap=True, markup=False)
        return
    out.print(f"{answer.project} in {answer.folder} is trusted by this account with:", soft_wrap=True, markup=False)
    for place in answer.places:
        word = "telling" if ": notify." in place else "reading"
        out.print(f"  · {word} {place}", soft_wrap=True, markup=False)
    if answer.record:
        out.print(f"  · believing {answer.record}: its approvals, models and keys", soft_wrap=True, markup=False)
    for place in answer.sent:
        out.print(f"  · keeping and sending data by {place}", soft_wrap=True, markup=False)
    if answer.functions:
        out.print(f"  · running {answer.functions} as it is now", soft_wrap=True, markup=False)
    for found in answer.entry_points:
        out.print(f"  · installed here, for every project: {found}", soft_wrap=True, markup=False)
    if not any((answer.places, answer.functions, answer.record, answer.sent)):
        out.print("  · nothing outside its folder, and no code: it names neither", soft_wrap=True, markup=False)
    out.print(f"take it back:  treadle trust {answer.folder} --revoke", soft_wrap=True, markup=False)


VIEWS = {"init": show_init, "check": show_check, "trust": show_trust}
