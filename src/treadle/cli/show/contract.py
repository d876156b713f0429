"""data contract show, export, import."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table


def show_rules(answer: Any, out: Any) -> None:
    version = f" {answer.version}" if answer.version else ""
    out.print(f"[bold]{said(answer.name)}[/]{said(version)} · {len(answer.rules):,} rules of {answer.source}")
    grid = table("rule", "what must hold", "of", "else", "of a request")
    words = {"warn": "warn", "set_aside": "set aside", "stop": "[red]stop[/]"}
    for rule in answer.rules:
        asked = f"[dim]no: {said(rule.not_of_a_request)}[/]" if rule.not_of_a_request else "too"
        grid.add_row(said(rule.id), said(rule.text), rule.of, words[rule.level], asked)
    out.print(grid)
    out.print(f"[dim]a batch of which more than {answer.max_bad_share:.2%} of the rows are set aside is refused[/]")


def show_text(answer: Any, out: Any) -> None:
    if answer.file:
        out.print(f"wrote {answer.file}", soft_wrap=True, markup=False)
    else:
        print(answer.text, end="")


def show_import(answer: Any, out: Any) -> None:
    out.print(f"wrote {answer.file}: {answer.rules:,} rules of {answer.columns:,} columns are run", markup=False)
    for note in answer.notes:
        out.print(f"  · {said(note)}", soft_wrap=True)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {
    "data contract show": show_rules,
    "data contract export": show_text,
    "data contract import": show_import,
}
