"""The trials of a search as it goes on: a table that is drawn anew in place, or now and then a line for a pipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from treadle.evidence import TrialSeen
from treadle.figures import figure

SHOWN = 5
"""The newest trials, and the best."""
QUIET_S = 30.0
"""A pipe is told of the best whenever it changes, and after so long without a change that the search goes on."""


class TrialBoard:
    """What was tried in the search that goes on. `clock`: in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.trials: list[TrialSeen] = []
        self._told = -math.inf

    def add(self, trial: TrialSeen) -> None:
        self.trials.append(trial)

    def clear(self) -> None:
        self.trials.clear()

    def line(self) -> str:
        """For a pipe: the newest trial, where it is to be told; else empty."""
        trial, now = self.trials[-1], self._clock()
        gained = trial.best == trial.number
        if not gained and now - self._told < QUIET_S:
            return ""
        self._told = now
        best = "none completed yet" if trial.best is None else f"best {_best(trial)}"
        return f"  trial {trial.number + 1}: {best}{', new' if gained else ''}{_left(trial)}"

    def table(self) -> Group:
        """The best trial and the newest ones, and how the search stands."""
        newest = self.trials[-1]
        made = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("  trial", "family", newest.metric, "folds", "s", ""):
            made.add_column(name, justify="left" if name in ("family", "") else "right")
        for trial in self._rows(newest):
            value = figure(trial.value).value if trial.state != "failed" else "–"
            style = "green" if trial.number == newest.best else "dim" if trial.state != "complete" else ""
            cells = (str(trial.number + 1), trial.family, value, str(trial.folds), f"{trial.seconds:.1f}")
            made.add_row(*map(escape, cells), _state(trial, newest), style=style)
        return Group(made, Text(self.standing(), style="dim"))

    def standing(self) -> str:
        """How many were tried, how many of them given up early, what is left."""
        newest = self.trials[-1]
        given_up = sum(trial.state == "pruned" for trial in self.trials)
        failed = sum(trial.state == "failed" for trial in self.trials)
        parts = [f"{len(self.trials)} tried"]
        parts += [f"{given_up} given up early"] if given_up else []
        parts += [f"{failed} failed"] if failed else []
        return "  " + ", ".join(parts) + _left(newest)

    def _rows(self, newest: TrialSeen) -> list[TrialSeen]:
        shown = self.trials[-SHOWN:]
        return [t for t in self.trials[:-SHOWN] if t.number == newest.best] + shown


def _best(trial: TrialSeen) -> str:
    return f"{trial.metric} {figure(trial.best_value).value} ({trial.best_family}, trial {(trial.best or 0) + 1})"


def _state(trial: TrialSeen, newest: TrialSeen) -> str:
    if trial.number == newest.best:
        return "best"
    return {"complete": "", "pruned": "given up", "failed": "failed"}[trial.state]


def _left(trial: TrialSeen) -> str:
    """What is left of the trials, or of the time; nothing where neither has an end."""
    if trial.trials_left is not None:
        return f" · {trial.trials_left} trial{'' if trial.trials_left == 1 else 's'} left"
    if trial.seconds_left == math.inf:
        return ""
    minutes, seconds = divmod(max(0, round(trial.seconds_left)), 60)
    return f" · at most {f'{minutes} min ' if minutes else ''}{seconds} s left for search and fits"


class BarsWithBoard(Progress):
    """Bars of the steps that go on, and below them the board while there are trials on it."""

    board: TrialBoard | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.board is not None and self.board.trials:
            yield self.board.table()
