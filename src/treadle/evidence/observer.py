"""Who watches steps: told what goes on, to show it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct

from treadle.evidence.entry import Entry
from treadle.evidence.payload import Payload


class TrialSeen(Struct, frozen=True):
    """A setting that was tried, and how the search stands after it: what a person who waits may see.

    `value` is the mean over `folds` folds in the metric's own unit; `state`: complete, pruned (given up after a fold)
    or failed. `best`: the number of the best whole trial so far, with its family and value; None while there is none.
    `seconds_left`: infinite without a limit; `trials_left`: None where seconds alone, or want of gain, end it.
    """

    number: int
    family: str
    value: float
    folds: int
    seconds: float
    state: str
    metric: str
    best: int | None
    best_family: str
    best_value: float
    seconds_left: float
    trials_left: int | None


class Watched(Protocol):
    """What an observer may know of a step."""

    kind: str
    subject: str
    cached: bool
    why: str


class Observer(Protocol):
    """Told what goes on. Must not raise."""

    def started(self, step: Watched) -> None: ...

    def progressed(self, step: Watched, done: float, total: float, text: str) -> None: ...

    def tried(self, step: Watched, trial: TrialSeen) -> None: ...

    def ended(self, step: Watched, entry: Entry[Payload] | None) -> None: ...

    def waits(self, text: str) -> None:
        """That a run waits for something which is not its own work, or goes on after it: a sentence, once for each."""
        ...


class Silent:
    """The observer that shows nothing."""

    def started(self, step: Watched) -> None: ...

    def progressed(self, step: Watched, done: float, total: float, text: str) -> None: ...

    def tried(self, step: Watched, trial: TrialSeen) -> None: ...

    def ended(self, step: Watched, entry: Entry[Payload] | None) -> None: ...

    def waits(self, text: str) -> None: ...

    def say(self, text: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
