"""The kind `labels.applied`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Snapshot


class LabelsApplied(Payload, frozen=True, kw_only=True):
    """What experts said, settled by the project's rule, stands in the training table beside the source's own labels.

    `changed`: rows that it gives another label; `confirmed`: the same one; `doubted`: rows that cannot be;
    `absent`: rows that the table has no longer, or that have no label in the source. Which of them teach is for the
    split to say: a test row keeps the source's label.
    """

    KIND: ClassVar[str] = "labels.applied"

    table: Snapshot
    changed: int
    confirmed: int
    doubted: int
    absent: int = 0

    def said(self) -> str:
        parts = (
            (self.changed, "labels other than the source's"),
            (self.confirmed, "the same"),
            (self.doubted, "rows that cannot be"),
            (self.absent, "of rows that have none here"),
        )
        return f"what experts said: {', '.join(f'{n:,} {what}' for n, what in parts if n) or 'nothing'}"
