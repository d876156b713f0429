"""The kind `growth.planned`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload


class GrowthTask(Struct, frozen=True, kw_only=True):
    """Something that was open when the plan was made. `key`: what it is known by, for as long as it is open; `subject`:
    of the entries that speak of it."""

    key: str
    subject: str
    what: str
    why: str


class GrowthPlanned(Payload, frozen=True, kw_only=True):
    """The actor learns an area, with the mentor, by things that are to be done anyway. No level and no judgement is
    kept, and no progress: that is read from what the actor does after it. `shown`: all may be shown that.
    """

    KIND: ClassVar[str] = "growth.planned"
    FACT: ClassVar[bool] = True

    number: int
    area: str
    mentor: str
    tasks: tuple[GrowthTask, ...]
    shown: bool = False

    def said(self) -> str:
        return f"learns {self.area} with {self.mentor}, by {len(self.tasks)} open thing{'s' * (len(self.tasks) != 1)}"
