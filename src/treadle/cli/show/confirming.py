"""costs confirm."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table
from treadle.figures import counted

_MARKS = {
    "confirmed": "[green]✓[/] confirmed",
    "needs less": "[yellow]![/] needs less than planned",
    "refuted": "[red]✗[/] refuted",
}


def show_confirm(answer: Any, out: Any) -> None:
    span = "" if answer.low is None or answer.high is None else f" ({answer.low:.3g} to {answer.high:.3g})"
    grid = table("", "planned", "measured", right=(1, 2))
    grid.add_row("ms of a CPU an answer", f"{answer.planned_ms:.3g}", f"{answer.cpu_ms:.3g}{span}")
    grid.add_row(
        f"answers a second of a CPU, {answer.busy:.0%} busy", f"{answer.planned_rate:,.0f}", f"{answer.rate:,.0f}"
    )
    grid.add_row("MiB of a server", f"{answer.planned_mb:,.0f}", f"{answer.peak_mb:,.0f}")
    if answer.servers is not None:
        grid.add_row(
            f"servers of {counted(answer.server_cpus, 'CPU')}, busiest minute",
            str(answer.planned_servers),
            str(answer.servers),
        )
    if answer.planned_monthly is not None:
        paid = (
            "–" if each is None else money(each, answer.currency) for each in (answer.planned_monthly, answer.monthly)
        )
        grid.add_row(f"a month of the measured load, {answer.way}", *paid)
    out.print(grid)
    out.print(
        f"{counted(answer.answers, 'answer')} in {answer.seconds:.1f} s, {answer.a_second:,.0f} a second at "
        f"{answer.connections} at once: {answer.p50_ms:.3g} ms, {answer.p99_ms:.3g} at p99"
        + (f"; {answer.refused:,} were refused" if answer.refused else ""),
        soft_wrap=True,
    )
    share = f" ({answer.cpu_ms / answer.planned_ms:.0%})" if answer.planned_ms else ""
    verdict = _MARKS.get(answer.verdict, "[yellow]![/] the test is too short to tell")
    out.print(
        f"{verdict}: {answer.cpu_ms:.3g} ms an answer, planned {answer.planned_ms:.3g} ms{share}; entry {answer.entry}",
        soft_wrap=True,
    )
    if answer.verdict == "needs less":
        out.print(f"  what that saves: {_saves(answer)}", soft_wrap=True)
    out.print(f"next:  {said(answer.next)}, which now rests on what was measured", soft_wrap=True)


def _saves(answer: Any) -> str:
    """Servers where the busiest minute needs fewer of them, else room on the one that is there."""
    if answer.servers is not None and answer.servers < answer.planned_servers:
        return (
            f"{answer.planned_servers - answer.servers:,} of {answer.planned_servers:,} servers in the busiest minute"
        )
    times = answer.planned_ms / answer.cpu_ms
    fewer = "" if answer.servers is None else "; no server fewer, as the busiest minute needs no more than it has"
    return f"{1 - 1 / times:.0%} of the CPU that was planned: one answers {times:.1f} times as many{fewer}"


VIEWS = {"costs confirm": show_confirm}
