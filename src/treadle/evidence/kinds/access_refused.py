"""The kind `access.refused`."""

from __future__ import annotations

from typing import ClassVar, Literal

from treadle.evidence.payload import Payload


class AccessRefused(Payload, frozen=True, kw_only=True):
    """Somebody asked for what they may not do. `times`: how often since the entry before it that says the same.

    `peer`: the address that the newest of them came from; empty on the command line.
    """

    KIND: ClassVar[str] = "access.refused"

    who: str
    operation: str
    why: str
    channel: Literal["cli", "http"]
    times: int = 1
    peer: str = ""

    def said(self) -> str:
        often = f" ({self.times:,} times)" if self.times > 1 else ""
        return f"{self.operation} by {self.who}{f' from {self.peer}' if self.peer else ''}: {self.why}{often}"
