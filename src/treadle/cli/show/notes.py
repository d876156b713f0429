"""notes add, edit, show, list, search; tried."""

from __future__ import annotations

import difflib
from typing import Any

from treadle.cli.show.drawing import said, table


def show_note(answer: Any, out: Any) -> None:
    _show(answer.note, out)
    if answer.file:
        out.print(
            f"[green]✓[/] {said(answer.file)}; edit it, then: treadle notes edit PROJECT {said(answer.note.name)} "
            f"--file {said(answer.file)}",
            soft_wrap=True,
        )


def _show(note: Any, out: Any) -> None:
    about = [note.sort, *note.tags, *([note.source] if note.source else [])]
    out.print(f"[bold]{said(note.title)}[/]  [dim]{said(' · '.join(about))}[/]", soft_wrap=True)
    out.print(f"[dim]{said(note.name)}, version {note.number}, by {said(note.by)} on {note.time[:10]}[/]")
    for flag in note.flags:
        out.print(f"[yellow]![/] {said(flag)}", soft_wrap=True)
    out.print()
    out.print(said(note.text), soft_wrap=True)
    out.print()
    for link in note.links:
        out.print(f"[dim]rests on {said(link.name)}: #{link.entry} {said(link.said)}[/]", soft_wrap=True)
    for each in note.figures:
        out.print(f"[dim]{said(each.cited)}: {said(each.now or each.was)} (#{each.entry})[/]", soft_wrap=True)
    for line in note.tried:
        out.print(f"[dim]tried: {said(line)}[/]", soft_wrap=True)
    if len(note.versions) > 1:
        for each in note.versions:
            lines = f"{each.lines} line{'' if each.lines == 1 else 's'}"
            out.print(f"[dim]version {each.number}: {said(each.by)}, {each.time[:16].replace('T', ' ')}, {lines}[/]")


def show_edited(answer: Any, out: Any) -> None:
    found, note = answer.conflict, answer.note
    if found is None:
        _show(note, out)
        return
    out.print(
        f"[red]conflict[/]: {said(found.theirs_by)} wrote version {found.theirs_number} of {said(note.name)} on "
        f"{found.theirs_time[:16].replace('T', ' ')}, after the version {found.edited} that you edited; "
        "yours was not kept",
        soft_wrap=True,
    )
    for name, text in ((f"version {found.theirs_number}, {found.theirs_by}", found.theirs), ("yours", found.yours)):
        out.print(f"\n[bold]{said(name)}[/], beside version {found.edited}:", soft_wrap=True)
        _show_changes(found.common, text, out)
    out.print(
        f"\nput both together, then: treadle notes edit {said(answer.project)} {said(note.name)} "
        f"--instead-of {found.theirs_number} --text TEXT (or --file FILE)",
        soft_wrap=True,
    )


def _show_changes(common: str, text: str, out: Any) -> None:
    changed = list(difflib.unified_diff(common.splitlines(), text.splitlines(), lineterm="", n=2))[2:]
    for line in changed:
        colour = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
        out.print(f"  [{colour}]{said(line)}[/]" if colour else f"  {said(line)}", soft_wrap=True)
    if not changed:
        out.print("  [dim]the text is the same[/]")


def show_notes(answer: Any, out: Any) -> None:
    if not answer.notes:
        out.print("no note is flagged, or there is none; treadle notes add PROJECT NAME --text TEXT writes one")
        return
    grid = table("note", "", "by", "day", "tags", "title")
    for line in answer.notes:
        state = "[yellow]may not hold[/]" if line.flags else "[green]holds[/]"
        grid.add_row(
            said(line.name), state, said(line.by), line.time[:10], said(", ".join(line.tags)), said(line.title)
        )
    out.print(grid)
    for line in answer.notes:
        for flag in line.flags:
            out.print(f"[yellow]![/] {said(line.name)}: {said(flag)}", soft_wrap=True)
    if answer.more:
        out.print(f"[dim]… {answer.more:,} more; --limit shows them, --flagged those that may not hold[/]")


def show_found(answer: Any, out: Any) -> None:
    if not answer.found:
        out.print(f"nothing in the record has: {said(answer.words)}", soft_wrap=True)
    for hit in answer.found:
        out.print(f"[bold]{said(hit.title)}[/] [dim]{said(hit.sort)} {said(hit.where)}[/]", soft_wrap=True)
        out.print(f"  {said(hit.excerpt)}", soft_wrap=True)
        out.print(f"  [dim]{said(hit.by)}, {hit.time[:10]}[/]")


def show_tried(answer: Any, out: Any) -> None:
    if not answer.attempts:
        out.print(f"nobody has tried, decided or written anything of: {said(answer.words)}", soft_wrap=True)
        return
    if not answer.every:
        out.print(f"[yellow]![/] nothing has all of: {said(answer.words)}; these have some of it", soft_wrap=True)
    for each in answer.attempts:
        often = f", in {each.times} searches" if each.sort == "trials" else f", {each.times} times"
        times = often if each.times > 1 else ""
        out.print(f"[bold]{said(each.sort)}[/]{times}: {said(each.what)}", soft_wrap=True)
        out.print(f"  {said(each.result)}", soft_wrap=True)
        out.print(f"  [dim]{said(each.by)}, {each.time[:10]}; treadle why {said(each.where)}[/]")
    people = "; ".join(f"{each.person} ({each.did}; last on {each.last[:10]})" for each in answer.knows)
    out.print(f"who knows: {said(people or 'nobody by name')}", soft_wrap=True)


VIEWS = {
    **dict.fromkeys(("notes add", "notes show"), show_note),
    "notes edit": show_edited,
    "notes list": show_notes,
    "notes search": show_found,
    "tried": show_tried,
}
