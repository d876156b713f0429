"""Who watches steps: told what goes on, to show it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from treadle.evidence.entry import Entry
from treadle.evidence.payload import Payload


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

    def ended(self, step: Watched, entry: Entry[Payload] | None) -> None: ...


class Silent:
    """The observer that shows nothing."""

    def started(self, step: Watched) -> None: ...

    def progressed(self, step: Watched, done: float, total: float, text: str) -> None: ...

    def ended(self, step: Watched, entry: Entry[Payload] | None) -> None: ...

    def say(self, text: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
