"""costs profile."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table

_COLOURS = {"memory": "red", "waits": "yellow", "one core": "yellow", "cores": "cyan", "quick": "dim"}


def show_profile(answer: Any, out: Any) -> None:
    held = bool(answer.against)
    names = ("step", "s", "", "cores", "peak MiB", "read MB", "written MB", "bound by")
    grid = table(*names, *(("time against before", "peak") if held else ()), right=(1, 2, 3, 4, 5, 6, 8, 9))
    for step in answer.steps:
        ratios = [f"{ratio:.2f}" if ratio else "–" for ratio in (step.seconds_ratio, step.peak_ratio)] if held else []
        grid.add_row(
            said(f"{step.kind} {step.subject}"),
            f"{step.seconds:.1f}",
            f"{step.share:.0%}",
            f"{step.cores:.1f}",
            f"{step.peak_mb:,.0f}",
            f"{step.read_mb:,.1f}",
            f"{step.written_mb:,.1f}",
            f"[{_COLOURS[step.bound]}]{step.bound}[/]",
            *ratios,
        )
    out.print(grid)
    machine = f"{answer.machine.cores:g} cores, {answer.machine.memory_mb:,.0f} MiB"
    out.print(
        f"run {said(answer.run)}: {answer.seconds:.1f} s, {answer.cpu_seconds:.1f} CPU-seconds; held to {machine}"
    )
    if held:
        out.print(f"against run {said(answer.against)}; under 1 is less")
    out.print(f"[bold]{said(answer.bottleneck)}[/]", soft_wrap=True)
    for step in answer.steps:
        if step.change:
            out.print(f"[yellow]·[/] {said(step.subject)}: {said(step.change)}", soft_wrap=True, highlight=False)


VIEWS = {"costs profile": show_profile}
