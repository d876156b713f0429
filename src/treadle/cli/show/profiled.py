"""costs profile."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted

_COLOURS = {"memory": "red", "waits": "yellow", "one core": "yellow", "cores": "cyan", "GPU": "cyan", "quick": "dim"}


def show_profile(answer: Any, out: Any) -> None:
    held = bool(answer.against)
    gpus = any(step.gpu_seconds for step in answer.steps)
    names = ("step", "s", "", "cores", *(("GPU s",) if gpus else ()), "peak MiB", "read MB", "written MB")
    right = (*range(1, len(names)), len(names) + 1, len(names) + 2)
    grid = table(*names, "bound by", *(("time against before", "peak") if held else ()), right=right)
    for step in answer.steps:
        ratios = [f"{ratio:.2f}" if ratio else "–" for ratio in (step.seconds_ratio, step.peak_ratio)] if held else []
        grid.add_row(
            said(f"{step.kind} {step.subject}"),
            f"{step.seconds:.1f}",
            f"{step.share:.0%}",
            f"{step.cores:.1f}",
            *([f"{step.gpu_seconds:,.1f}"] if gpus else []),
            f"{step.peak_mb:,.0f}",
            f"{step.read_mb:,.1f}",
            f"{step.written_mb:,.1f}",
            f"[{_COLOURS[step.bound]}]{step.bound}[/]",
            *ratios,
        )
    out.print(grid)
    out.print(f"run {said(answer.run)}: {answer.seconds:.1f} s, {answer.cpu_seconds:.1f} CPU-seconds")
    machine = f"{counted(answer.machine.cores, 'core')} and {answer.machine.memory_mb:,.0f} MiB"
    if answer.machine.here:
        text = f"held against this machine, which has {machine}; the record does not say where it ran"
        out.print(f"{text} (--cores, --memory-gb)", soft_wrap=True)
    else:
        out.print(f"held against a machine of {machine}", soft_wrap=True)
    if held:
        out.print(f"against run {said(answer.against)}; under 1 is less")
    out.print(f"[bold]{said(answer.bottleneck)}[/]", soft_wrap=True)
    alike = dict[str, list[str]]()
    for step in answer.steps:
        if step.change:
            alike.setdefault(step.change, []).append(f"{step.kind} {step.subject}")
    for change, steps in alike.items():
        out.print(f"[yellow]·[/] {said(', '.join(steps))}: {said(change)}", soft_wrap=True, highlight=False)


VIEWS = {"costs profile": show_profile}
