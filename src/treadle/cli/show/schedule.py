"""schedule, schedule trigger."""

from __future__ import annotations

from typing import Any

from treadle.figures import counted


def show_scheduled(answer: Any, out: Any) -> None:
    if answer.unit:  # for a file: as it stands
        out.print(answer.unit, end="", markup=False, highlight=False, soft_wrap=True)
        return
    failed = f", {answer.failed} given up" if answer.failed else ""
    out.print(
        f"stopped: {answer.project} was run {counted(answer.runs, 'time')}{failed}", markup=False, highlight=False
    )


def show_triggered(answer: Any, out: Any) -> None:
    told = f"{answer.event} is told to {answer.project} (entry {answer.entry:,}, by {answer.by})"
    out.print(f"{told}: its scheduler runs it within seconds, or once it is started", markup=False, highlight=False)


VIEWS = {"schedule": show_scheduled, "schedule trigger": show_triggered}
