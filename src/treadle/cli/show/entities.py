"""data entities list, doubts, show, why, join, split, set, undo."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_WIDEST = 40


def show_list(answer: Any, out: Any) -> None:
    if not answer.entities:
        out.print(f"{answer.project} has no entities: they stand in the project file, under `entities:`", markup=False)
        return
    grid = table("entity", "rows", "are", "pairs compared", "to look at", "last", right=(1, 2, 3, 4))
    for line in answer.entities:
        last = "not yet" if line.version is None else f"{line.time[:16].replace('T', ' ')} {said(line.by)}"
        numbers = (f"{n:,}" if line.version is not None else "–" for n in _numbers(line))
        grid.add_row(said(line.entity), *numbers, last)
    out.print(grid)
    for line in answer.entities:
        for note in line.notes:
            out.print(f"[yellow]![/] {said(line.entity)}: {said(note)}", soft_wrap=True)
    _decisions(answer.decisions, out)
    first = next((line.entity for line in answer.entities if line.doubts), "")
    if answer.next or first:
        out.print(f"next:  {answer.next or f'treadle data entities doubts {first}'}", soft_wrap=True, markup=False)


def _numbers(line: Any) -> tuple[int, int, int, int]:
    return line.rows, line.entities, line.pairs, line.doubts


def _decisions(lines: Any, out: Any) -> None:
    for line in lines:
        waits = "[yellow]waits for the next run[/] " if line.waits else ""
        told = f"[dim]entry {line.number:,}, {line.time[:16].replace('T', ' ')}:[/] {said(line.reason)}"
        out.print(f"  · {said(line.said)} {waits}{told}", soft_wrap=True)


def show_doubts(answer: Any, out: Any) -> None:
    if not answer.pairs:
        out.print(f"no pair of {answer.entity} is left to look at")
        return
    out.print(_pairs(answer.pairs))
    out.print(f"[dim]{len(answer.pairs):,} of {answer.all:,} pairs of {answer.entity}@{answer.version}[/]")
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _pairs(lines: Any) -> Any:
    grid = table("one", "other", "rule", "by", "bits", "probability", "are", right=(4, 5))
    for line in lines:
        bits = "–" if line.weight is None else f"{line.weight:.1f}"
        sure = "–" if line.weight is None else f"{line.probability:.4f}"
        grid.add_row(said(line.one), said(line.other), line.rule, said(line.by or "–"), bits, sure, _done(line.done))
    return grid


def _done(word: str) -> str:
    return f"[green]{word}[/]" if word == "same" else f"[yellow]{word}[/]" if word == "perhaps" else f"[red]{word}[/]"


def show_entity(answer: Any, out: Any) -> None:
    fields = list(answer.values)
    grid = table("row", *(said(name) for name in fields))
    grid.add_row(f"[bold]{said(answer.id)}[/]", *(_cell(answer.values[name]) for name in fields))
    for member in answer.members:
        grid.add_row(f"  {said(member.record)}", *(_cell(member.values.get(name)) for name in fields))
    out.print(grid)
    if answer.links:
        out.print()
        out.print(_pairs(answer.links))
    if answer.choices:
        out.print()
        chosen = table("field", "value", "from", "by", "over")
        for each in answer.choices:
            cells = (_cell(each.value), said(each.record or "–"), said(each.rule), _cell(each.others))
            chosen.add_row(said(each.field), *cells)
        out.print(chosen)
    _decisions(answer.decisions, out)
    rows = "1 row" if len(answer.members) == 1 else f"{len(answer.members):,} rows"
    out.print(f"[dim]{answer.entity}@{answer.version}, of {rows}[/]")


def _cell(value: str | None) -> str:
    if value is None:
        return "[dim]–[/]"
    return said(value if len(value) <= _WIDEST else f"{value[: _WIDEST - 1]}…")


def show_why(answer: Any, out: Any) -> None:
    for note in answer.notes:
        out.print(f"[yellow]![/] {said(note)}", soft_wrap=True)
    if answer.fields:
        grid = table("field", said(answer.one), said(answer.other), "level", "bits", "rarity", right=(4, 5))
        grid.add_row("[dim]any two rows[/]", "", "", "", f"{answer.prior:+.1f}", "")
        for each in answer.fields:
            rare = f"{each.rarity:+.1f}" if each.rarity else ""
            cells = (_cell(each.one), _cell(each.other), said(each.level), f"{each.bits:+.1f}", rare)
            grid.add_row(said(each.field), *cells)
        out.print(grid)
        whole = f"{answer.prior + answer.weight:+.1f} bits: they are the same with a probability of"
        out.print(f"{whole} {answer.probability:.4f}; from {answer.same:g} on they are taken to be")
    by = f" ({answer.rule})" if answer.rule else ""
    out.print(f"{said(answer.one)} and {said(answer.other)}: {_done(answer.done)}{said(by)}")
    _decisions(answer.decisions, out)


def show_made(answer: Any, out: Any) -> None:
    out.print(said(answer.said), soft_wrap=True)
    out.print(f"[dim]entry {answer.number:,} of the record, by {said(answer.by)}; it counts from the next run on[/]")
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {
    "data entities list": show_list,
    "data entities doubts": show_doubts,
    "data entities show": show_entity,
    "data entities why": show_why,
    "data entities join": show_made,
    "data entities split": show_made,
    "data entities set": show_made,
    "data entities undo": show_made,
}
