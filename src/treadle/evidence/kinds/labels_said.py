"""The kind `labels.said`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from treadle.evidence.payload import Payload
from treadle.store import EntryRef

WHOLE = "row"
"""What is named as implausible where it is the whole row."""


CANNOT = "cannot say"
"""What stands in the place of a label where somebody looked at the row, and cannot tell."""


class RowSaid(Struct, frozen=True, kw_only=True):
    """What one person says of one row. It takes the place of what they said of it before; empty in all: nothing counts
    any more.

    `row`: its short name; `key`: its key in the source. `implausible`: names of features whose value cannot be, or
    `row` for the row as a whole. `unsure`: they cannot say which label it has, which counts for none.
    """

    row: str
    key: str
    label: str = ""
    implausible: tuple[str, ...] = ()
    comment: str = ""
    unsure: bool = False

    @property
    def answer(self) -> str:
        """The label, or that they cannot say; empty where neither was said."""
        return self.label or (CANNOT if self.unsure else "")

    @property
    def nothing(self) -> bool:
        """Whatever was said before is taken back."""
        return not (self.label or self.implausible or self.comment or self.unsure)

    @property
    def out(self) -> bool:
        """The row as a whole cannot be."""
        return WHOLE in self.implausible


class LabelsSaid(Payload, frozen=True, kw_only=True):
    """The actor said what they hold of rows that experts were asked about in `queue`."""

    KIND: ClassVar[str] = "labels.said"
    FACT: ClassVar[bool] = True

    queue: EntryRef
    rows: tuple[RowSaid, ...]
    way: Literal["command", "sheet", "page"]

    def said(self) -> str:
        parts = (
            (sum(bool(each.label) for each in self.rows), "labelled"),
            (sum(bool(each.implausible) for each in self.rows), "marked as implausible"),
            (sum(each.unsure for each in self.rows), "of which they cannot say"),
            (sum(bool(each.comment) for each in self.rows), "with a comment"),
            (sum(each.nothing for each in self.rows), "taken back"),
        )
        told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
        return f"{len(self.rows):,} row{'s' * (len(self.rows) != 1)} by {self.way}: {told}"

    def searched(self, asked: bytes) -> str:
        return "\n".join(each.comment for each in self.rows if each.comment)
