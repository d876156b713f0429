"""The kind `retro.kept`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class RetroKept(Payload, frozen=True, kw_only=True):
    """What was learned by looking back: in words, by causes of a word or two, by actions. The newest counts."""

    KIND: ClassVar[str] = "retro.kept"
    FACT: ClassVar[bool] = True

    retro: str
    opened: EntryRef
    text: str
    causes: tuple[str, ...]
    actions: tuple[int, ...] = ()

    def said(self) -> str:
        return f"learned from {self.retro}: {', '.join(self.causes)}"

    def searched(self, asked: bytes) -> str:
        return f"{self.retro} {' '.join(self.causes)}\n{self.text}"
