"""The kind `charter.confirmed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class CharterConfirmed(Payload, frozen=True, kw_only=True):
    """The actor has read the charter and stands by it, as it was then: `charter` is its SHA-256."""

    KIND: ClassVar[str] = "charter.confirmed"
    FACT: ClassVar[bool] = True

    charter: str
    note: str = ""

    def said(self) -> str:
        return f"confirmed the charter {self.charter[:12]}" + (f": {self.note}" if self.note else "")
