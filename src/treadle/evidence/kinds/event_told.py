"""The kind `event.told`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class EventTold(Payload, frozen=True, kw_only=True):
    """Something happened that the project is to be run for, such as a closing of the books. `text`: what, in words."""

    KIND: ClassVar[str] = "event.told"
    FACT: ClassVar[bool] = True

    event: str
    text: str = ""

    def said(self) -> str:
        return f"{self.event}{f': {self.text}' if self.text else ''}"
