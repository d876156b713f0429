"""queue add, list, cancel, work."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import counted

_COLOURS = {"running": "cyan", "waiting": "yellow", "done": "green", "failed": "red", "cancelled": "dim"}


def show_job(answer: Any, out: Any) -> None:
    job = answer.job
    needs = f"{counted(job.cpus, 'core')}, {job.memory_gb:g} GB"
    out.print(
        f"[green]✓[/] run {job.id} of {said(job.person)} is {job.state} ({job.priority}; {needs})", highlight=False
    )
    if job.state == "waiting":
        out.print("a worker of this machine begins it: treadle queue work", highlight=False)


def show_jobs(answer: Any, out: Any) -> None:
    if not answer.jobs:
        out.print(f"nothing is in the queue ({said(answer.folder)}); treadle queue add PROJECT asks for a run")
        return
    grid = table("run", "", "who", "project", "priority", "cores", "GB", "waited", "ran", "", right=(0, 5, 6, 7, 8))
    for job in answer.jobs:
        waited = job.waited_s + (answer.now - job.queued if job.state == "waiting" else 0)
        ran = job.ran_s + (answer.now - job.began if job.state == "running" else 0)
        stopped = f"stopped {counted(job.stopped, 'time')}; " if job.stopped else ""
        grid.add_row(
            str(job.id),
            f"[{_COLOURS[job.state]}]{job.state}[/]",
            said(job.person),
            said(_short(job.project)),
            job.priority,
            f"{job.cpus:g}",
            f"{job.memory_gb:g}",
            _time(waited),
            _time(ran),
            said(f"{stopped}{job.said}"),
        )
    out.print(grid)
    grid = table("who", "runs", "CPU", "share of late", "waited, mean", "most", "stopped", right=(1, 2, 3, 4, 5, 6))
    for each in answer.use:
        grid.add_row(
            said(each.person),
            str(each.runs),
            _time(each.cpu_s),
            f"{each.share:.0%}",
            _time(each.waited_mean_s),
            _time(each.waited_most_s),
            str(each.stopped),
        )
    out.print(grid)


def show_worked(answer: Any, out: Any) -> None:
    out.print(f"{counted(answer.ended, 'run')} ended", highlight=False)


def _short(project: str) -> str:
    return "/".join(project.removesuffix("/treadle.yaml").split("/")[-2:])


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


VIEWS = {"queue add": show_job, "queue list": show_jobs, "queue cancel": show_job, "queue work": show_worked}
