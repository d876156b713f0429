"""What a person sees while work goes on. On stderr, so that stdout holds the answer alone."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from treadle.evidence import Entry, Payload, Silent, TrialSeen, Usage, Watched

_NAMES = {
    "brief.stated": "the brief",
    "sources.read": "read and check",
    "entities.reconciled": "reconcile",
    "features.build": "build features",
    "experts.asked": "choose rows for experts",
    "labels.applied": "what experts said",
    "labels.measured": "what their word gained",
    "training.search": "tune models",
    "training.fit": "fit the best",
    "training.refit": "fit again on all rows",
    "decision.settled": "compare both sides",
    "training.evaluate": "evaluate on the sealed test rows",
    "model.packed": "pack",
    "report.written": "write the report",
    "state.built": "build the online state",
    "features.proved": "prove features",
    "replay.played": "replay",
}
_OF_ONE = ("sources.read", "entities.reconciled")
"""Steps of which there is one for each source or entity, by its name."""
_FIRST = ("", "always run", "never run before")  # reasons that need no words


class Waits(Silent):
    """Beside JSON on stdout: nothing but what is waited for, so that whoever started it, as a scheduler does, knows."""

    def waits(self, text: str) -> None:
        from treadle.scheduling import ASIDE

        print(f"{ASIDE}{text}", file=sys.stderr, flush=True)


class Progress(Silent):
    """One line a step: a bar while it runs, then what it took and whether it was needed."""

    def __init__(self) -> None:
        self._live: Any = None
        self._board: Any = None
        self._tasks: dict[int, Any] = {}
        self._shown: set[str] = set()

    def _bars(self) -> Any:
        if self._live is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

            from treadle.cli.trialboard import BarsWithBoard, TrialBoard

            self._live = BarsWithBoard(
                TextColumn("  {task.description:<34}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                TextColumn("[dim]{task.fields[text]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._live.board = self._board = TrialBoard(time.monotonic)
            self._live.start()
        return self._live

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        self._bars().console.print(text, highlight=False, soft_wrap=True)

    def waits(self, text: str) -> None:
        self._bars().console.print(text, highlight=False, markup=False, soft_wrap=True)

    def started(self, step: Watched) -> None:
        if not step.cached:
            self._tasks[id(step)] = self._bars().add_task(_title(step), total=None, text="")

    def progressed(self, step: Watched, done: float, total: float, text: str) -> None:
        task = self._tasks.get(id(step))
        if task is not None:
            self._bars().update(task, completed=done, total=total or None, text=text)

    def tried(self, step: Watched, trial: TrialSeen) -> None:
        """A terminal shows the board, which is drawn anew by itself; elsewhere a line tells what has changed."""
        console = self._bars().console
        self._board.add(trial)
        line = "" if console.is_terminal else self._board.line()
        if line:
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    def ended(self, step: Watched, entry: Entry[Payload] | None) -> None:
        if entry is not None:
            known = entry.hash in self._shown
            self._shown.add(entry.hash)
            if step.cached and known:
                return  # a look at what is waited for, that found what was shown already
        bars = self._bars()
        self._board.clear()
        task = self._tasks.pop(id(step), None)
        if task is not None:
            bars.remove_task(task)
        if step.cached:
            mark, note = "[cyan]=[/]", f"not run again: {step.why}"
        elif entry is None or entry.status == "failed":
            mark, note = "[red]✗[/]", "failed"
        else:
            usage = entry.usage or Usage()
            said = f" · {entry.said()}"
            again = "" if step.why in _FIRST else f" · again, because {step.why}"
            gpus = f" {usage.gpu_seconds:.1f} GPU-s" if usage.gpu_seconds else ""
            mark, note = "[green]✓[/]", f"{usage.seconds:6.1f} s {usage.peak_mb:6.0f} MB{gpus}{said}{again}"
        bars.console.print(f"{mark} {_title(step):<34} [dim]{note}[/]", highlight=False, soft_wrap=True)


def _title(step: Watched) -> str:
    name = _NAMES.get(step.kind, step.kind)
    return f"{name} {step.subject.rpartition('/')[2]}" if step.kind in _OF_ONE else name
