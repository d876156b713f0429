"""What is told of kept tables, as types: sources, their snapshots, the rows that a query gave."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.profiling.found import Moved

Held = Literal["content", "size", "nothing"]
"""What of a snapshot's files was held to the record before they were read: their hashes, their sizes alone, nothing."""
Cell = bool | int | float | str | None
"""One value of an answer. What JSON has no word for (a date, a decimal, a list, NaN) is text, as SQL writes it."""


class SourceListed(Struct, frozen=True):
    """A source and its newest snapshot; `version` is None where none was kept yet. `bytes`: as they lie on the disk."""

    source: str
    snapshots: int
    version: int | None = None
    time: str = ""
    by: str = ""
    rows: int = 0
    columns: int = 0
    bytes: int = 0
    fingerprint: str = ""
    codec: str = ""
    plain: int = 0
    """Bytes that the same rows would take in Snappy, by a sample; 0 where that was not measured."""


class Listed(Struct, frozen=True):
    project: str
    sources: list[SourceListed]
    next: str = ""
    """What to do where nothing was read yet."""


class SnapshotLine(Struct, frozen=True):
    """One version of a source. `set_aside`: rows that broke the contract. `here`: its files are there to be read.

    `runs` read or used it, `models` came of it, by the record, the newest first.
    """

    version: int
    time: str
    by: str
    run: str
    rows: int
    set_aside: int
    columns: int
    bytes: int
    fingerprint: str
    here: bool
    runs: list[str]
    models: list[str]
    removed: str = ""
    """That retention removed it: when, and who asked for that."""
    codec: str = ""
    plain: int = 0
    fresh: int = 0
    """Of its bytes those of files that no version before it had; `codec` and `plain` as in `SourceListed`."""


class SourceHistory(Struct, frozen=True):
    """The newest first; `more`: snapshots that the limit left out; `next`: what reads it, where there is none."""

    source: str
    snapshots: list[SnapshotLine]
    more: int
    next: str = ""


class Column(Struct, frozen=True):
    """A column of an answer; `type` as DuckDB calls it."""

    name: str
    type: str


class SnapshotRead(Struct, frozen=True):
    """A snapshot that a query named. `name` is how it was named, `rows` and `bytes` all that it holds."""

    name: str
    version: int
    time: str
    rows: int
    bytes: int
    held: Held = "nothing"


class QueryRead(Struct, frozen=True):
    """What was read of the files. `rows`: those that came out of them, after what their statistics ruled out and the
    conditions that the scan itself asks; `groups` of `all_groups`: groups of rows that were opened. None: DuckDB did
    not tell, as where a count is answered by the files' statistics."""

    rows: int | None
    bytes: int | None
    groups: int | None
    all_groups: int | None
    seconds: float
    filters: list[Filtered] = []


class Filtered(Struct, frozen=True):
    """That a query asked for one value (`equal`) or a range of a column, and this while the files were read."""

    source: str
    column: str
    equal: bool


class Queried(Struct, frozen=True):
    """`rows`: one list a row, in the order of `columns`; `more`: there were more than the limit. `cut`: how many texts
    of these rows are longer than 10,000 characters, of which the rest is left out."""

    columns: list[Column]
    rows: list[list[Cell]]
    more: bool
    cut: int
    snapshots: list[SnapshotRead]
    read: QueryRead


class SnapshotSide(Struct, frozen=True):
    version: int
    time: str
    rows: int
    held: Held = "nothing"


class SchemaChange(Struct, frozen=True):
    column: str
    change: Literal["added", "removed", "other type"]
    before: str
    now: str


class ChangedColumn(Struct, frozen=True):
    """In how many of the changed rows a column differs."""

    column: str
    rows: int


class RowsDiffer(Struct, frozen=True):
    """By `keys`, where there are such that name each row: `changed` rows have the key in both, and another content.
    Without: how often each whole row is in either, so that a changed row is one removed and one added.

    `left_out`: columns of lists or structs, which were not held against each other.
    """

    keys: list[str]
    added: int
    removed: int
    changed: int | None
    same: int
    columns: list[ChangedColumn]
    some_added: list[str]
    some_removed: list[str]
    some_changed: list[str]
    left_out: list[str]


class Difference(Struct, frozen=True):
    """`equal`: the two hold equal rows in equal order. `columns`: what moved, the most moved first."""

    source: str
    before: SnapshotSide
    now: SnapshotSide
    equal: bool
    schema: list[SchemaChange]
    rows: RowsDiffer
    columns: list[Moved]


class AsideBound(Struct, frozen=True):
    """What a rule said when `rows` broke it."""

    text: str
    rows: int


class AsideRule(Struct, frozen=True):
    """Rows that are set aside since they broke a rule; a row may break several. `text`: what the rule says now, or said
    last where the contract has it no more; `met`: what it said to the rows, where that is not this alone.
    """

    rule: str
    text: str
    rows: int
    met: list[AsideBound] = []


class Aside(Struct, frozen=True):
    """The rows of a source that are set aside, how many were mended, and what was done last, when and by whom."""

    source: str
    rows: int = 0
    mended: int = 0
    version: int | None = None
    """Its newest snapshot; None of a source that was not read yet."""
    time: str = ""
    by: str = ""
    said: str = ""
    rules: list[AsideRule] = []


class AsideListed(Struct, frozen=True):
    """Every source of a project, with what is set aside of it. `next`: the command that shows such rows."""

    project: str
    sources: list[Aside]
    next: str = ""


class Broke(Struct, frozen=True):
    """A rule that a row broke, and the value that broke it, when it was held to it last."""

    rule: str
    column: str
    value: str | None
    reason: str


class AsideRow(Struct, frozen=True):
    """A row that is set aside: its number in what was delivered, from 0, and its values as text, as they stand now."""

    row: int
    values: dict[str, str | None]
    broke: list[Broke]
    mended: bool


class ShownAside(Struct, frozen=True):
    """Rows of a source that are set aside, of `all`; `more` of those that were asked for are not shown."""

    source: str
    columns: list[str]
    rows: list[AsideRow]
    more: int
    all: int
    version: int


class AsideDone(Struct, frozen=True):
    """What was done about `rows` of a source; `left` are set aside. `version`: its snapshot now."""

    source: str
    done: str
    rows: int
    left: int
    version: int
    entry: int
    by: str
    next: str = ""


class ContractRule(Struct, frozen=True):
    """A rule of a contract. `of`: row or batch. `not_of_a_request`: why one record is not held to it, or empty."""

    id: str
    kind: str
    text: str
    level: str
    of: str
    not_of_a_request: str
    where: str


class ContractShown(Struct, frozen=True):
    """What the contract of a source asks for; a batch with a larger share of bad rows is refused."""

    source: str
    name: str
    version: str
    max_bad_share: float
    rules: list[ContractRule]


class ContractText(Struct, frozen=True):
    """The contract of a source as a document of the Open Data Contract Standard; `file`: where it was written."""

    source: str
    text: str
    file: str = ""


class ContractImported(Struct, frozen=True):
    """The contract that was made of a foreign document; `notes`: a sentence for each part that is not acted on."""

    file: str
    rules: int
    columns: int
    notes: list[str]
    next: str
