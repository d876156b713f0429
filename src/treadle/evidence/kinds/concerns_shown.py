"""The kind `concerns.shown`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload

NOBODY = "nobody"
"""Who signs such an entry: the one kind without an actor (docs/decisions/0027-concerns-without-a-name.md)."""


class Concern(Struct, frozen=True):
    """What somebody raised without their name. `id`: drawn by chance; it tells neither who nor when."""

    id: str
    text: str


class ConcernsShown(Payload, frozen=True, kw_only=True):
    """Concerns that were raised without a name, three or more at once, in the order of their drawn ids.

    Its time is when they were shown, at the first look in a week, whenever before that week they came; its actor is
    nobody.
    """

    KIND: ClassVar[str] = "concerns.shown"
    FACT: ClassVar[bool] = True

    concerns: tuple[Concern, ...]

    def said(self) -> str:
        return f"{len(self.concerns)} concerns, raised by nobody that is known"
