"""The kind `options.offered`."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.figures import counted
from treadle.money import Money
from treadle.store import Blob, EntryRef


class Offered(Struct, frozen=True, kw_only=True):
    """One way to go on, and what it sets once it is chosen.

    reaches: what `metric` of a version that is released after it must come to (at most, where lower is better); None:
    nothing is asked. a_month: what may be spent a month; None: it sets no budget. `model` is "" where things stay as
    they are.
    """

    name: str
    text: str
    model: str = ""
    metric: str = ""
    reaches: float | None = None
    a_month: Money | None = None


class OptionsOffered(Payload, frozen=True, kw_only=True):
    """Ways to go on were put before those who decide, as the decision of that name, on a page. `target`: of which
    versions they are; `rests`: what packed these."""

    KIND: ClassVar[str] = "options.offered"
    FACT: ClassVar[bool] = True

    decision: str
    target: str
    page: Blob
    options: tuple[Offered, ...]
    rests: tuple[EntryRef, ...] = ()

    def said(self) -> str:
        return f"{counted(len(self.options), 'way')} to go on, for decision/{self.decision}: " + ", ".join(
            each.name for each in self.options
        )

    def searched(self, asked: bytes) -> str:
        return " ".join((self.decision, *(f"{each.name} {each.text}" for each in self.options)))
