"""experts agreement."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import figure


def show_agreement(answer: Any, out: Any) -> None:
    out.print(
        f"[bold]{said(answer.file)}[/]: {answer.labels:,} labels of {answer.items:,} items by "
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


VIEWS = {"experts agreement": show_agreement}
