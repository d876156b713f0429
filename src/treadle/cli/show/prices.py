"""prices import, prices list, prices diff."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted


def show_import(answer: Any, out: Any) -> None:
    if answer.before:
        out.print(f"{counted(answer.figures, 'price')}, known already, up to #{answer.entry}; nothing was written")
    else:
        days = answer.first if answer.first == answer.last else f"{answer.first} to {answer.last}"
        kinds = ", ".join(f"{count:,} {said(kind)}" for kind, count in answer.kinds.items())
        who = said(", ".join(answer.vendors))
        out.print(
            f"[green]✓[/] #{answer.entry}: {counted(answer.figures, 'price')} of {who}, {days}: {kinds}", soft_wrap=True
        )
    for each in answer.left_out:
        out.print(f"[dim]left out: {each.count:,} {said(each.what)}: {said(each.why)}[/]", soft_wrap=True)


def show_list(answer: Any, out: Any) -> None:
    if not answer.figures:
        out.print(f"no price is known on {answer.at}" + (" of these" if not answer.next else ""))
        if answer.near:
            out.print(said(answer.near), soft_wrap=True)
        if answer.next:
            out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)
        return
    sources = list(dict.fromkeys(each.source for each in answer.figures))
    grid = table("kind", "vendor", "region", "what", "amount", "", "date", "source", right=(4,))
    for each in answer.figures:
        upfront = f" + {each.upfront:f} at once" if each.upfront else ""
        unit = f"{each.currency}/{each.unit}" if each.currency else each.unit
        grid.add_row(
            each.kind, said(each.vendor), said(each.region), said(_what(each)), f"{each.amount:f}{upfront}", unit,
            each.date, f"({sources.index(each.source) + 1})",
        )  # fmt: skip
    out.print(grid)
    for number, source in enumerate(sources, 1):
        out.print(f"[dim]({number}) {said(source)}[/]", soft_wrap=True)
    if answer.of > len(answer.figures):
        out.print(f"[dim]… {answer.of - len(answer.figures):,} more: --limit, --kind, --vendor, --region[/]")


def _what(figure: Any) -> str:
    size = f"{figure.cpus:g} CPU, {figure.memory_gb:g} GB" if figure.cpus and figure.memory_gb else ""
    gpus = f"{figure.gpus} x {figure.gpu}" if figure.gpus else ""
    term = f"{figure.term_years} y {figure.option}".strip() if figure.term_years else ""
    volume = f"from {figure.from_gb:g} GB" if figure.from_gb else ""
    return " · ".join(each for each in (figure.sku, figure.tier, size, gpus, term, volume) if each)


def show_diff(answer: Any, out: Any) -> None:
    if answer.changes:
        grid = table("kind", "of", answer.before, answer.after, "change", right=(4,))
        for line in answer.changes:
            share = "" if line.share is None else f"{line.share:+.1%}"
            grid.add_row(line.figure.kind, said(line.figure.said()), line.before or "–", line.after or "–", share)
        out.print(grid)
    hidden = answer.of - len(answer.changes)
    more = f" ({hidden:,} of them not shown: --limit)" if hidden else ""
    out.print(f"{answer.of:,} differ{more}, {answer.same:,} are the same", soft_wrap=True)


VIEWS = {"prices import": show_import, "prices list": show_list, "prices diff": show_diff}
