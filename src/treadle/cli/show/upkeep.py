"""data retain, data compact, data move."""

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


def show_moved(answer: Any, out: Any) -> None:
    done = answer.applied
    grid = table("tier", "MB now", "a month", "MB after", "a month", "a GB", "to read one", right=(1, 2, 3, 4, 5, 6))
    for line in answer.tiers:
        back = "not known" if line.back is None else money(line.back, answer.currency)
        now, after = (money(each, answer.currency) for each in (line.monthly, line.monthly_after))
        grid.add_row(
            f"{line.tier} {said(line.place)}".strip(), _mb(line.bytes), now, _mb(line.bytes_after), after,
            money(line.price, answer.currency), back,
        )  # fmt: skip
    out.print(grid)
    out.print(f"[dim]by {said('; '.join(dict.fromkeys(line.source for line in answer.tiers)))}[/]", soft_wrap=True)
    if answer.moves:
        title = "moved" if done else "would move"
        grid = table(
            title,
            "version",
            "files",
            "MB",
            "reads a month",
            "from",
            "to",
            right=(1, 2, 3, 4),
        )
        for line in answer.moves[:_MOST]:
            grid.add_row(
                said(line.table), f"@{line.version}", f"{line.files:,}", _mb(line.bytes), f"{line.reads:,.1f}",
                line.lies, line.to,
            )  # fmt: skip
        out.print(grid)
        _rest(answer.moves, out)
    if answer.stays:
        grid = table("stays", "version", "files", "MB", "in", "why", right=(1, 2, 3))
        for line in answer.stays[:_MOST]:
            why = said(line.why) or "nowhere is it kept for less"
            grid.add_row(said(line.table), f"@{line.version}", f"{line.files:,}", _mb(line.bytes), line.tier, why)
        out.print(grid)
        _rest(answer.stays, out)
    _moved_in_money(answer, out)


def _moved_in_money(answer: Any, out: Any) -> None:
    before, after, once = (money(each, answer.currency) for each in (answer.before, answer.after, answer.once))
    told = f"a month: {before} as it lay, {after} {'now' if answer.applied else 'then'}, with what is read back"
    out.print(f"{told}; to move it costs {once} once" if answer.moves else told, soft_wrap=True)
    for text in (*answer.unknown, *answer.waiting):
        out.print(f"[yellow]![/] {said(text)}", soft_wrap=True)
    if not answer.moves:
        out.print("nothing is to be moved")
    elif not answer.applied:
        out.print("[dim]nothing was moved yet[/]")
    elif answer.entry is not None:
        out.print(f"entry {answer.entry} says so, with the hash of each file")
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


VIEWS = {"data retain": show_retained, "data compact": show_compacted, "data move": show_moved}
