"""data list, history, query."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.exploring.found import Cell

_NAMED = 3
"""Runs and models that are named; the rest is counted."""
_WIDEST = 60


def show_list(answer: Any, out: Any) -> None:
    grid = table("source", "newest", "read", "by", "rows", "columns", "MB", "snapshots", right=(1, 4, 5, 6, 7))
    for line in answer.sources:
        if line.version is None:
            grid.add_row(line.source, "–", "not read yet", "", "–", "–", "–", "0")
            continue
        grid.add_row(
            line.source,
            f"@{line.version}",
            _when(line.time),
            said(line.by),
            f"{line.rows:,}",
            f"{line.columns or '–'}",
            f"{line.bytes / 1e6:,.2f}",
            f"{line.snapshots:,}",
        )
    out.print(grid)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def show_history(answer: Any, out: Any) -> None:
    if not answer.snapshots:
        out.print(f"of {answer.source} no snapshot was kept yet: treadle run PROJECT")
        return
    grid = table("version", "read", "by", "rows", "columns", "MB", "fingerprint", "runs", "models", right=(0, 3, 4, 5))
    for line in answer.snapshots:
        aside = f" [yellow](-{line.set_aside:,})[/]" if line.set_aside else ""
        grid.add_row(
            f"@{line.version}",
            _when(line.time),
            said(line.by),
            f"{line.rows:,}{aside}",
            f"{line.columns or '–'}",
            f"{line.bytes / 1e6:,.2f}" if line.here else "[red]gone[/]",
            line.fingerprint[:12],
            _some(line.runs),
            _some(line.models),
        )
    out.print(grid)
    if any(line.set_aside for line in answer.snapshots):
        out.print("[dim](-N): rows that broke the contract and were set aside[/]")
    if answer.more:
        out.print(f"… {answer.more} more: --limit N")


def show_query(answer: Any, out: Any) -> None:
    numbers = tuple(n for n, column in enumerate(answer.columns) if _is_number(column.type))
    grid = table(*(said(column.name) for column in answer.columns), right=numbers)
    for row in answer.rows:
        grid.add_row(*(_cell(value) for value in row))
    out.print(grid)
    rows = len(answer.rows)
    shown = "no row" if not rows else "1 row" if rows == 1 else f"{rows:,} rows"
    out.print(f"[dim]{shown}{', and there are more: --limit N' if answer.more else ''}[/]")
    for one in answer.snapshots:
        out.print(f"[dim]{one.name}: version {one.version}, read {_when(one.time)}[/]", soft_wrap=True)
    read, whole = answer.read, sum(one.bytes for one in answer.snapshots)
    total = sum(one.rows for one in answer.snapshots)
    if answer.snapshots:
        groups = f" ({read.groups:,} of {read.all_groups:,} groups of rows)" if read.all_groups else ""
        out.print(
            f"[dim]took {read.rows:,} of {total:,} rows out of the files and read {read.bytes / 1e6:,.2f} of "
            f"{whole / 1e6:,.2f} MB{groups}, in {read.seconds:.2f} s[/]",
            soft_wrap=True,
        )


def _when(time: str) -> str:
    return time[:16].replace("T", " ")


def _some(names: list[str]) -> str:
    more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
    return said(", ".join(names[:_NAMED])) + more if names else "–"


def _is_number(kind: str) -> bool:
    return any(word in kind for word in ("INT", "DOUBLE", "FLOAT", "DECIMAL")) and "[" not in kind and "(a" not in kind


def _cell(value: Cell) -> str:
    if value is None:
        return "[dim]NULL[/]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return said(text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…")


VIEWS = {"data list": show_list, "data history": show_history, "data query": show_query}
