"""The kind `decision.agreed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class TermsAgreed(Payload, frozen=True, kw_only=True):
    """The actor agrees to these very terms of an experiment. `complete`: with this all who must have, and they
    stand."""

    KIND: ClassVar[str] = "decision.agreed"
    FACT: ClassVar[bool] = True

    decision: str
    terms: EntryRef
    complete: bool

    def said(self) -> str:
        return "agrees to the terms, as now all do" if self.complete else "agrees to the terms"
