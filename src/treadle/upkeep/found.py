"""What is told of upkeep, as types."""

from __future__ import annotations

from msgspec import Struct


class KeptSnapshot(Struct, frozen=True):
    """A snapshot that stays. `why`: every reason for it, by name. `bytes`: of all its files, shared or not."""

    table: str
    version: int
    time: str
    rows: int
    bytes: int
    why: list[str]


class GoneSnapshot(Struct, frozen=True):
    """A snapshot that goes. `bytes`: of its files that no snapshot that stays has too."""

    table: str
    version: int
    time: str
    rows: int
    bytes: int


class Retained(Struct, frozen=True):
    """What retention removes, or has removed where it was `applied`, and what it keeps and why.

    `files` and `bytes`: what is freed on the disk, files included that writers left who died; `monthly`: its price a
    month, of `book`. `before`: bytes of all snapshots together, each file once. `entry`: what says so in the record.
    `waiting`: tables of which files are still there, each with the reason.
    """

    project: str
    rules: str
    applied: bool
    removed: list[GoneSnapshot]
    kept: list[KeptSnapshot]
    files: int
    bytes: int
    before: int
    monthly: float
    currency: str
    book: str
    entry: int | None = None
    waiting: list[str] = []
    next: str = ""


class AskedBy(Struct, frozen=True):
    """A column that rows are asked for by, so many `times`; and which share of the snapshot's bytes is read for one
    value of it, or a hundredth of its rows, `before` and `after`; None where that is not known."""

    column: str
    times: int
    before: float | None
    after: float | None = None


class CompactedSource(Struct, frozen=True):
    """What was done, or would be, of a source. `by`: the columns that it is laid out by; none: in its own order.

    `why`: why nothing is done. Versions are as `data history` counts them; `files`, `bytes`: of the newest one."""

    source: str
    version: int
    files: int
    bytes: int
    by: list[str]
    asked: list[AskedBy]
    why: str = ""
    version_after: int | None = None
    files_after: int | None = None
    bytes_after: int | None = None


class Compacted(Struct, frozen=True):
    """`applied`: it was done, and not only planned. What a snapshot had before stays until retention removes it."""

    project: str
    applied: bool
    sources: list[CompactedSource]
    next: str = ""
