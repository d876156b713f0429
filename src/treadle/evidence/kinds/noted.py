"""The kind `note`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class Noted(Payload, frozen=True, kw_only=True):
    """A remark."""

    KIND: ClassVar[str] = "note"
    FACT: ClassVar[bool] = True

    text: str

    def said(self) -> str:
        return self.text
