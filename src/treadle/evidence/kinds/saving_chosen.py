"""The kind `saving.chosen`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.money import Money


class SavingChosen(Payload, frozen=True, kw_only=True):
    """Somebody set about a saving, or a gain. The newest of a name counts.

    was: what the same measure came to a month then; expected: by how much less it is to be; None: it could not be told.
    review: the day from which on it is to be seen. dropped: it is no longer followed.
    """

    KIND: ClassVar[str] = "saving.chosen"
    FACT: ClassVar[bool] = True

    saving: str
    text: str
    was: Money | None = None
    expected: Money | None = None
    review: str
    because: str
    dropped: bool = False

    def said(self) -> str:
        if self.dropped:
            return f"{self.saving} is no longer followed, because {self.because}"
        less = f", {self.expected} a month expected" if self.expected is not None else ""
        return f"{self.saving}: {self.text}{less}, because {self.because}; to be seen by {self.review}"

    def searched(self, asked: bytes) -> str:
        return f"{self.saving} {self.text} {self.because}"
