"""lineage, lineage export."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said

_KIND_WORDS = {
    "delivered": "of the source itself",
    "column": "columns",
    "view column": "columns of views",
    "rows of": "which rows there are of",
    "match of": "which of them is taken for",
    "feature": "features",
}


def show_lineage(answer: Any, out: Any) -> None:
    of = f" [dim]of target {said(answer.target)}[/]" if answer.target else ""
    out.print(f"[bold]{said(answer.subject)}[/]{of}")
    _show_parts("is made of", answer.reads, out)
    _show_parts("is read by", answer.read_by, out)
    if not answer.read_by and not answer.models:
        out.print("  nothing reads it")
    for title, lines in (("versions that read it", [_reader(each) for each in answer.models]), ("rules", answer.rules)):
        if lines:
            out.print(f"  {title}:")
            for line in lines:
                out.print(f"    {said(line)}", soft_wrap=True)
    if answer.unread:
        out.print(f"  nothing reads {', '.join(map(said, answer.unread))}", soft_wrap=True)
    out.print(f"  ask: {', '.join(map(said, answer.people))}")


def _show_parts(title: str, parts: Any, out: Any) -> None:
    if not parts:
        return
    out.print(f"  {title}:")
    for kind in dict.fromkeys(part.kind for part in parts):
        names = [said(part.name) for part in parts if part.kind == kind]
        word = _KIND_WORDS.get(kind, kind)
        out.print(f"    {word}: {', '.join(names)}", soft_wrap=True)


def _reader(found: Any) -> str:
    served = f", served at {found.endpoint}" if found.endpoint else ""
    features = [f"{found.features} {'feature' if found.features == 1 else 'features'}"] if found.features else []
    return f"{found.model}: {', '.join(features + found.roles)}{served}"


def show_export(answer: Any, out: Any) -> None:
    if answer.file:
        out.print(f"[green]✓[/] {answer.events:,} events of OpenLineage: {said(answer.file)}", soft_wrap=True)
    else:
        out.print(answer.text, end="", soft_wrap=True, markup=False, highlight=False)


VIEWS = {"lineage": show_lineage, "lineage export": show_export}
