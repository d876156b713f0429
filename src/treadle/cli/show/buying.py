"""costs buy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from treadle.cli.show.drawing import said, table


def show_buy(answer: Any, out: Any) -> None:
    if answer.candidates:
        _show_table(answer, out)
    for each in answer.candidates:
        out.print(f"[dim]{said(each.name)}: {said(each.said)}; data: {said(each.data)}[/]", soft_wrap=True)
        for text in each.how:
            out.print(f"[dim]  {said(text)}[/]", soft_wrap=True)
    for each in answer.unknown:
        out.print(f"[yellow]![/] not known, and in no sum: {said(each)}", soft_wrap=True)
    for each in answer.assumed:
        out.print(f"[dim]assumed, not measured: {said(each)}[/]", soft_wrap=True)
    for text in dict.fromkeys(each for found in answer.candidates for each in found.sources):
        out.print(f"[dim]source: {said(text)}[/]", soft_wrap=True)
    out.print(f"[green]→[/] {said(answer.advice)}", soft_wrap=True)
    for each in answer.turns:
        out.print(f"  what would turn it: {said(each)}", soft_wrap=True)
    times = "1 time" if answer.opened == 1 else f"{answer.opened} times"
    look = ", by the record, without another look" if answer.cached else ""
    out.print(f"these {answer.rows:,} sealed rows were opened {times}{look}")
    out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def _show_table(answer: Any, out: Any) -> None:
    if answer.decisions is None:
        often = "nobody asked the endpoint"
    else:
        often = f"{answer.decisions:,.0f} decisions a month, {'measured' if answer.measured else 'as given'}"
        often += f" ({said(answer.of_history)})" if answer.of_history else ""
    out.print(f"[bold]{said(answer.model)}[/] against others, on the same sealed rows; {often}; prices of {answer.at}",
              soft_wrap=True)  # fmt: skip
    grid = table(
        "", answer.metric, "better than it by", "ms", "running", "people", "mistakes",
        f"in all, {answer.currency} a month", "to leave", right=(1, 2, 3, 4, 5, 6, 7, 8),
    )  # fmt: skip
    for each in answer.candidates:
        ms = "–" if each.p99_ms is None else f"{each.p99_ms:.3g}"
        grid.add_row(
            said(each.name), _span(each.score, each.low, each.high), _gain(each), ms, _paid(each.running),
            _paid(each.people), _paid(each.mistakes), _paid(each.total), _paid(each.leaving),
        )  # fmt: skip
    out.print(grid)


def _span(value: float, low: float | None, high: float | None, sign: str = "") -> str:
    span = "" if low is None or high is None else f" ({low:{sign}.3f} to {high:{sign}.3f})"
    return f"{value:{sign}.3f}{span}"


def _gain(each: Any) -> str:
    return "" if each.gain is None else _span(each.gain, each.gain_low, each.gain_high, "+")


def _paid(amount: Decimal | None) -> str:
    return "–" if amount is None else f"{amount:.2f}"


VIEWS = {"costs buy": show_buy}
