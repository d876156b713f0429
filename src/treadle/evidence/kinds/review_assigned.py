"""The kind `review.assigned`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.kinds.of_version import OfVersion
from treadle.store import EntryRef


class ReviewAssigned(OfVersion, frozen=True, kw_only=True):
    """Who is asked to review this very bundle; a later one takes the place of it. It gives nobody a right that they
    had not, and takes none from another reviewer."""

    KIND: ClassVar[str] = "review.assigned"
    FACT: ClassVar[bool] = True

    request: EntryRef
    reviewers: tuple[str, ...]
    because: str = ""

    def said(self) -> str:
        return f"asks {', '.join(self.reviewers)} to review it" + (f": {self.because}" if self.because else "")
