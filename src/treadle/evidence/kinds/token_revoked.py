"""The kind `token.revoked`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload


class TokenRevoked(Payload, frozen=True, kw_only=True):
    """A token opens nothing from `at` on (ISO 8601, UTC)."""

    KIND: ClassVar[str] = "token.revoked"

    token: str
    project: str
    at: str
    reason: str = ""

    def said(self) -> str:
        return f"opens nothing from {self.at[:19]}Z on{f': {self.reason}' if self.reason else ''}"
