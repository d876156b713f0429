"""data quarantine list, show, mend, replay, drop, undo."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_RULES, _WIDEST = 4, 40


def show_list(answer: Any, out: Any) -> None:
    grid = table("source", "set aside", "mended", "rules that they broke", "last", right=(1, 2))
    for line in answer.sources:
        rules = [text for rule in line.rules[:_RULES] for text in _rule(rule)]
        more = [f"[dim]and {len(line.rules) - _RULES} more[/]"] if len(line.rules) > _RULES else []
        last = "not read yet" if line.version is None else f"{line.time[:16].replace('T', ' ')} {said(line.by)}"
        grid.add_row(line.source, f"{line.rows:,}", f"{line.mended or '–'}", "\n".join([*rules, *more]) or "–", last)
    out.print(grid)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _rule(rule: Any) -> list[str]:
    """A rule with its rows; where it said another thing to some of them than it says now, what, and to how many."""
    met = [f"[dim]  {each.rows:,} met: {said(each.text)}[/]" for each in rule.met]
    return [f"{said(rule.rule)} [dim]{rule.rows:,}[/]", *met, *([f"[dim]  now: {said(rule.text)}[/]"] if met else [])]


def show_rows(answer: Any, out: Any) -> None:
    if not answer.all:
        out.print(f"no row of {answer.source} is set aside")
        return
    grid = table("row", *(said(name) for name in answer.columns), "broke", right=(0,))
    for row in answer.rows:
        broken = {each.column for each in row.broke}
        values = [_cell(row.values.get(name), name in broken) for name in answer.columns]
        mark = "[dim]mended; broke[/] " if row.mended else ""
        grid.add_row(f"{row.row:,}", *values, mark + "\n".join(said(each.reason) for each in row.broke))
    out.print(grid)
    noun = "row that is" if answer.all == 1 else "rows that are"
    told = f"{len(answer.rows):,} of {answer.all:,} {noun} set aside of {answer.source}@{answer.version}"
    out.print(f"[dim]{told}{', and there are more: --limit N' if answer.more else ''}[/]")


def _cell(value: str | None, broken: bool) -> str:
    if value is None:
        return "[red]NULL[/]" if broken else "[dim]NULL[/]"
    text = said(value if len(value) <= _WIDEST else f"{value[: _WIDEST - 1]}…")
    return f"[red]{text}[/]" if broken else text


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def show_done(answer: Any, out: Any) -> None:
    rows = "1 row" if answer.rows == 1 else f"{answer.rows:,} rows"
    if answer.done == "brought back":
        out.print(f"{answer.source} is what it was, as version {answer.version}: {rows}; {answer.left:,} set aside")
    else:
        now = f"; {answer.source}@{answer.version} has them" if answer.done == "replayed" else ""
        out.print(f"{rows} of {answer.source} {answer.done}{now}; {answer.left:,} {_is(answer.left)} set aside")
    out.print(f"[dim]entry {answer.entry:,} of the record, by {said(answer.by)}[/]")
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {
    "data quarantine list": show_list,
    "data quarantine show": show_rows,
    "data quarantine mend": show_done,
    "data quarantine replay": show_done,
    "data quarantine drop": show_done,
    "data quarantine undo": show_done,
}
