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
