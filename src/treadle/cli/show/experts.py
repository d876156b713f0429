"""experts ask, queue, say, sheet, take, labels, agreement."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted, figure


def show_queue(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.said)}[/] [dim]{answer.time[:16]}[/]; {answer.left:,} left for you", soft_wrap=True)
    labels = f"one of: {', '.join(answer.labels)}" if answer.labels else "a number"
    cannot = f"; or: {answer.cannot}" if answer.cannot else ""
    out.print(f"[dim]{said(answer.target)} is {said(labels)}{cannot}[/]", soft_wrap=True)
    for item in answer.items:
        told = f" [green]{said(item.mine)}[/]" if item.mine else ""
        at = f" at {said(item.at)}" if item.at else ""
        out.print(f"[bold]{said(item.key)}[/]{at} [dim]{said(item.row)}[/]{told}", soft_wrap=True)
        for why in item.why:
            out.print(f"    {said(why)}", soft_wrap=True)
        values = [f"{name} {value}" for name, value in zip(answer.columns, item.values, strict=False) if value]
        out.print(f"    [dim]{said(_first(values))}[/]", soft_wrap=True)
    if answer.rows > len(answer.items):
        out.print(f"[dim]and {answer.rows - len(answer.items):,} more[/]")
    out.print(f"next: {said(answer.next)}", soft_wrap=True)


def _first(values: list[str], most: int = 200) -> str:
    """As many whole values as have room: half a number would be another number."""
    text = ""
    for count, value in enumerate(values):
        longer = f"{text}, {value}" if text else value
        if count and len(longer) > most:
            return f"{text}, and {len(values) - count} more in the sheet"
        text = longer
    return text


def show_taken(answer: Any, out: Any) -> None:
    same = f", {answer.same:,} as before" if answer.same else ""
    out.print(f"[bold]{said(answer.by)}[/]: {answer.rows:,} row{'s' * (answer.rows != 1)} taken{same}")
    for each in answer.conflicts:
        mend = f" [dim]({said(each.mend)})[/]" if each.mend else ""
        out.print(f"[yellow]![/] {said(each.place)}, {said(each.called)}: {said(each.what)}{mend}", soft_wrap=True)
    if answer.conflicts:
        out.print(f"{len(answer.conflicts):,} not taken; they stand as they were")
    out.print(f"next: {said(answer.next)}", soft_wrap=True)


def show_sheet(answer: Any, out: Any) -> None:
    out.print(f"[bold]{said(answer.file)}[/]: {counted(answer.rows, 'row')} for {said(answer.by)}", soft_wrap=True)
    out.print(f"next: {said(answer.next)}", soft_wrap=True)


def show_labels(answer: Any, out: Any) -> None:
    who = ", ".join(f"{name} ({rows:,})" for name, rows in answer.labellers.items()) or "nobody"
    out.print(f"[bold]{said(answer.target)}[/]: {counted(answer.rows, 'row')} spoken of by {said(who)}", soft_wrap=True)
    out.print(
        f"  by {said(answer.rule)}: {answer.settled:,} settled ({answer.implausible:,} left out), {answer.open:,} open",
        soft_wrap=True,
    )
    for name, rows in answer.not_taken.items():
        out.print(
            f"  [yellow]![/] what {said(name)} said of {counted(rows, 'row')} does not count: they do not hold "
            f"{said(' or '.join(answer.roles))} (experts.roles)",
            soft_wrap=True,
        )
    for row in answer.stands:
        how = f"[green]{said(row.label)}[/] ({said(row.how)})" if row.label else f"[yellow]{row.how or 'no label'}[/]"
        out.print(f"    {said(row.key)} [dim]{said(row.row)}[/]: {said('; '.join(row.said))} → {how}", soft_wrap=True)
        for comment in row.comments:
            out.print(f"      [dim]{said(comment)}[/]", soft_wrap=True)
    if answer.others:
        out.print(f"    [dim]and {answer.others:,} more[/]")
    if answer.flagged:
        listed = ", ".join(f"{name} ({count:,})" for name, count in answer.flagged.items())
        out.print(f"  held for implausible: {said(listed)}", soft_wrap=True)
    if answer.gain:
        out.print(f"  the newest model that learned from it: {said(answer.gain)}", soft_wrap=True)
    if answer.next:
        out.print(f"next: {said(answer.next)}", soft_wrap=True)


def show_agreement(answer: Any, out: Any) -> None:
    out.print(
        f"[bold]{said(answer.file)}[/]: {counted(answer.labels, 'label')} of {counted(answer.items, 'item')} by "
        f"{said(', '.join(answer.labellers))}; {answer.twice:,} items have two and more",
        soft_wrap=True,
    )
    alike = (
        ""
        if answer.alike is None
        else f"; {100 * answer.alike:.1f} % of pairs of labels are equal (each label counts once)"
    )
    whole = figure(answer.alpha, *answer.interval, why=answer.why).whole
    out.print(f"  Krippendorff's alpha, {answer.scale}: [bold]{said(whole)}[/]{alike}", soft_wrap=True)
    if answer.pairs:
        grid = table("labellers", "items", "equal", "Cohen's kappa")
        for pair in answer.pairs:
            equal = "" if pair.alike is None else f"{100 * pair.alike:.1f} %"
            told = figure(pair.kappa, *pair.interval, why=pair.why).whole
            grid.add_row(said(f"{pair.one}, {pair.other}"), f"{pair.items:,}", equal, said(told))
        out.print(grid)
    out.print(f"  by {said(answer.rule)}: {answer.settled:,} items settled, {answer.open:,} open", soft_wrap=True)
    for line in answer.unlike:
        how = f"[green]{said(line.label)}[/] ({said(line.how)})" if line.label else "[yellow]open[/]"
        out.print(f"    {said(line.item)}: {said('; '.join(line.said))} → {how}", soft_wrap=True)
    if answer.others:
        out.print(f"    and {answer.others:,} more on which they differ")
    if answer.file_written:
        out.print(f"  written: {said(answer.file_written)}", soft_wrap=True)


VIEWS = {
    **dict.fromkeys(("experts ask", "experts queue"), show_queue),
    **dict.fromkeys(("experts say", "experts take"), show_taken),
    "experts sheet": show_sheet,
    "experts labels": show_labels,
    "experts agreement": show_agreement,
}
