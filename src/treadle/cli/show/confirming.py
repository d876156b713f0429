"""costs confirm."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_MARKS = {"confirmed": "[green]✓[/] confirmed", "refuted": "[red]✗[/] refuted"}


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
            f"servers of {answer.server_cpus:g} CPUs, busiest minute", str(answer.planned_servers), str(answer.servers)
        )
    out.print(grid)
    out.print(
        f"{answer.answers:,} answers in {answer.seconds:.1f} s, {answer.a_second:,.0f} a second at "
        f"{answer.connections} at once: {answer.p50_ms:.3g} ms, {answer.p99_ms:.3g} at p99"
        + (f"; {answer.refused:,} were refused" if answer.refused else ""),
        soft_wrap=True,
    )
    share = answer.cpu_ms / answer.planned_ms - 1 if answer.planned_ms else 0.0
    verdict = _MARKS.get(answer.verdict, "[yellow]![/] the test is too short to tell")
    out.print(f"{verdict}: an answer takes {share:+.0%} of what was planned beside it; entry {answer.entry}")
    out.print(f"next:  {said(answer.next)}, which now rests on what was measured", soft_wrap=True)


VIEWS = {"costs confirm": show_confirm}
