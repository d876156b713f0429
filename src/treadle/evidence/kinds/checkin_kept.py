"""The kind `checkin.kept`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class CheckinKept(Payload, frozen=True, kw_only=True):
    """Somebody checked in; its actor is nobody, as of concerns. `digest`: SHA-256 of what they wrote for themselves,
    salted, so that it can be shown to be unchanged and not be guessed. What they wrote is in their account, encrypted,
    and in no workspace."""

    KIND: ClassVar[str] = "checkin.kept"
    FACT: ClassVar[bool] = True

    week: str
    digest: str

    def said(self) -> str:
        return f"somebody checked in, {self.week}"
