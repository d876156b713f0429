"""Who acts. There is no default: whoever begins an operation says whom it is begun for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["person", "service", "policy", "anonymous"]


class Principal(Struct, frozen=True):
    """Who acts: a person of the project, a service with a token, a policy of the project, or nobody that is known.

    `scopes`: what the token that they came with is for; None where they came without one and their roles alone count.
    `via`: how they are known, for the record: a login, a token's id, a browser's session.
    """

    kind: Kind
    name: str = ""
    scopes: frozenset[str] | None = None
    via: str = ""

    @property
    def actor(self) -> str:
        """As entries are signed: a person by the bare name, anybody else with what they are before it."""
        if self.kind == "person":
            return self.name
        return f"{self.kind}:{self.name}" if self.name else self.kind


ANONYMOUS = Principal("anonymous")


def person(name: str, *, via: str = "") -> Principal:
    return Principal("person", name, via=via)
