"""data retain, data compact."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table
from treadle.figures import counted

_MOST = 40
"""Snapshots that are listed one by one; --json has all."""


def show_retained(answer: Any, out: Any) -> None:
    done, whole = answer.applied, f"{answer.before / 1e6:,.2f} MB"
    out.print(f"[bold]{said(answer.project)}[/]: {said(answer.rules)}; what something needs stays too", soft_wrap=True)
    if answer.removed:
        grid = table("removed" if done else "would go", "version", "made", "rows", "MB of its own", right=(1, 3, 4))
        for line in answer.removed[:_MOST]:
            grid.add_row(said(line.table), f"@{line.version}", _when(line.time), f"{line.rows:,}", _mb(line.bytes))
        out.print(grid)
        _rest(answer.removed, out)
    if answer.kept:
        grid = table("kept", "version", "made", "rows", "MB", "why", right=(1, 3, 4))
        for line in answer.kept[:_MOST]:
            grid.add_row(
                said(line.table),
                f"@{line.version}",
                _when(line.time),
                f"{line.rows:,}",
                _mb(line.bytes),
                said("; ".join(line.why)),
            )
        out.print(grid)
        _rest(answer.kept, out)
    verb = "freed" if done else "would free"
    out.print(
        f"{verb} {answer.bytes / 1e6:,.2f} MB in {counted(answer.files, 'file')}, of {whole}: "
        f"{money(answer.monthly, answer.currency)} a month ({said(answer.book)})"
        + (f"; entry {answer.entry} says so" if answer.entry else ""),
        soft_wrap=True,
    )
    for text in answer.waiting:
        out.print(f"[yellow]![/] {said(text)}", soft_wrap=True)
    if not done and (answer.removed or answer.files):
        out.print("[dim]nothing was removed yet[/]")
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _rest(lines: list[Any], out: Any) -> None:
    if len(lines) > _MOST:
        out.print(f"[dim]… {len(lines) - _MOST:,} more: --json has all[/]")


def _when(time: str) -> str:
    return time[:16].replace("T", " ")


def _mb(size: int) -> str:
    return f"{size / 1e6:,.2f}"


def show_compacted(answer: Any, out: Any) -> None:
    for each in answer.sources:
        if each.why:
            out.print(f"[bold]{said(each.source)}[/]: {said(each.why)}", soft_wrap=True)
            continue
        by = f"by {said(', '.join(each.by))}" if each.by else "in its own order"
        before = f"{counted(each.files, 'file')}, {_mb(each.bytes)} MB"
        if each.version_after is None:
            out.print(f"[bold]{said(each.source)}@{each.version}[/]: {before}; would be laid out {by}", soft_wrap=True)
        else:
            out.print(
                f"[bold]{said(each.source)}@{each.version}[/] laid out {by} as @{each.version_after}: {before} before; "
                f"{each.files_after:,} file{'' if each.files_after == 1 else 's'}, {_mb(each.bytes_after)} MB now",
                soft_wrap=True,
            )
        if each.asked:
            grid = table("asked by", "times", "read before", "read now", right=(1, 2, 3))
            for one in each.asked:
                grid.add_row(said(one.column), f"{one.times:,}", _share(one.before), _share(one.after))
            out.print(grid)
    if answer.next:
        what = "the files before stay until they are removed" if answer.applied else "nothing was done yet"
        out.print(f"[dim]{what}[/]")
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


VIEWS = {"data retain": show_retained, "data compact": show_compacted}
