"""What experts are asked and have said, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from msgspec import Struct

from treadle.labelling import Conflict


class QueueItem(Struct, frozen=True):
    """A row on the queue: why it is there, what the source and the model say, and what the asking person said."""

    row: str
    key: str
    why: list[str]
    source: str
    model: str
    values: list[str]
    mine: str
    at: str = ""


class QueueShown(Struct, frozen=True):
    """`rows`: all on the queue; `left`: those of which the asking person said nothing yet. `cannot`: what is said in
    the place of a label where somebody cannot tell."""

    target: str
    labels: list[str]
    columns: list[str]
    rows: int
    left: int
    said: str
    time: str
    items: list[QueueItem]
    next: str
    cannot: str = ""


class RowTaken(Struct, frozen=True):
    """What was taken of a sheet, or of one row; and each row of which nothing was."""

    by: str
    rows: int
    same: int
    conflicts: list[Conflict]
    next: str


class SheetWritten(Struct, frozen=True):
    file: str
    rows: int
    by: str
    next: str


class RowStands(Struct, frozen=True):
    """One row that persons spoke of: who said what, the label that stands, and how it came to."""

    key: str
    row: str
    said: list[str]
    label: str
    how: str
    comments: list[str]


class LabelsStand(Struct, frozen=True):
    """`labellers`: with how many rows each. `flagged`: features, with how often a value was held for implausible.
    `gain`: what the newest model that learned from it gained, in a sentence; empty where none did. `not_taken`: who
    spoke and holds none of the `roles` whose word is taken, with how many rows; none of it is among the rest."""

    target: str
    rule: str
    rows: int
    settled: int
    open: int
    implausible: int
    labellers: dict[str, int]
    flagged: dict[str, int]
    stands: list[RowStands]
    others: int
    gain: str
    next: str
    not_taken: dict[str, int] = {}
    roles: list[str] = []
