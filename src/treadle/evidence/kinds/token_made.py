"""The kind `token.made`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload


class TokenMade(Payload, frozen=True, kw_only=True):
    """A token of a person or a service. `digest` is the SHA-256 of its text, which is kept nowhere.

    `expires`: ISO 8601, UTC. `replaces`: the token that it was made in place of. `via`: how its maker was known, by a
    login or a token.
    """

    KIND: ClassVar[str] = "token.made"

    token: str
    project: str
    holder: Literal["person", "service"]
    name: str
    scopes: tuple[str, ...]
    digest: str
    expires: str
    replaces: str = ""
    via: str = ""

    def said(self) -> str:
        return f"{self.holder} {self.name}: {', '.join(self.scopes)}, until {self.expires[:10]}"
