"""The kind `rivals.compared`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class RivalsCompared(Payload, frozen=True, kw_only=True):
    """A version was held against other ways to answer the same question, on the sealed rows that it was judged on.

    `compared`: all scores, and the difference of each two. `opened`: how often these rows were looked at by then.
    """

    KIND: ClassVar[str] = "rivals.compared"

    model: str
    compared: Blob
    metric: str
    rows: int
    opened: int
    rivals: tuple[str, ...]
    best: str
    """The one of the best score."""

    def said(self) -> str:
        times = "1 time" if self.opened == 1 else f"{self.opened} times"
        against = ", ".join(self.rivals)
        return (
            f"{self.model} against {against} by {self.metric} on {self.rows:,} sealed rows: {self.best} has the best "
            f"score; opened {times}"
        )
