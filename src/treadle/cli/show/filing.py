"""team export, team import."""

from __future__ import annotations

import difflib
from typing import Any

from treadle.cli.show.drawing import said

_MOST = 20


def show_written(answer: Any, out: Any) -> None:
    for file in answer.written[:_MOST]:
        out.print(f"[green]✓[/] {said(file)}", soft_wrap=True)
    if len(answer.written) > _MOST:
        out.print(f"  and {len(answer.written) - _MOST:,} more")
    for each in answer.kept:
        out.print(f"[yellow]![/] {said(each.file)}: {said(each.what)}; {said(each.do)}", soft_wrap=True)
    out.print(
        f"{len(answer.written):,} written to {said(answer.folder)}, {answer.same:,} were so already", soft_wrap=True
    )


def show_read(answer: Any, out: Any) -> None:
    for each in answer.taken:
        do = f" [dim]({said(each.do)})[/]" if each.do else ""
        out.print(f"[green]✓[/] {said(each.file)}: {said(each.what)}{do}", soft_wrap=True)
    for each in answer.again:
        out.print(f"[dim]{said(each.file)}: {said(each.what)}; {said(each.do)}[/]", soft_wrap=True)
    for each in answer.refused:
        out.print(f"[red]✗[/] {said(each.file)}: {said(each.what)}", soft_wrap=True)
        out.print(f"  {said(each.do)}", soft_wrap=True)
    for each in answer.conflicts:
        _show_clash(each, out)
    told = [f"{len(answer.taken):,} {'would be taken' if answer.looked else 'taken'}", f"{answer.same:,} unchanged"]
    told += [f"{len(answer.older):,} older than the record: treadle team export"] if answer.older else []
    told += [f"{len(answer.missing):,} have no file, which deletes nothing"] if answer.missing else []
    out.print("; ".join(told), soft_wrap=True)


def _show_clash(each: Any, out: Any) -> None:
    out.print(
        f"[red]conflict[/]: {said(each.by)} wrote #{each.entry} on {each.time[:16].replace('T', ' ')}, after what "
        f"{said(each.file)} was written from; yours was not taken, and stays in the file",
        soft_wrap=True,
    )
    lines = difflib.unified_diff(each.theirs.splitlines(), each.yours.splitlines(), "the record", "yours", lineterm="")
    for line in lines:
        colour = {"+": "green", "-": "red"}.get(line[:1], "dim")
        out.print(f"[{colour}]{said(line)}[/]", soft_wrap=True)
    out.print(
        "  keep yours aside, take the file away, treadle team export, put both together, and import again",
        soft_wrap=True,
    )


VIEWS = {"team export": show_written, "team import": show_read}
