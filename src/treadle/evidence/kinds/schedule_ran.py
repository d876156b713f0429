"""The kind `schedule.ran`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from treadle.evidence.payload import Payload


class ScheduleRan(Payload, frozen=True, kw_only=True):
    """A scheduler ran the project: why, how often until it went well or was given up, and what came of it.

    The next run by clock is counted from `began`, also by a scheduler that was started anew.
    """

    KIND: ClassVar[str] = "schedule.ran"
    FACT: ClassVar[bool] = True

    why: str
    began: datetime
    seconds: float
    attempts: int
    ok: bool
    text: str
    heard: int = 0
    """The number of the newest entry when it began: events that were told up to it are no reason to run again."""

    def said(self) -> str:
        tried = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        return f"{'run' if self.ok else 'failed'}{tried}, because {self.why}: {self.text}"
