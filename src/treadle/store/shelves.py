"""Cheaper places for files of tables that are seldom read: what such a place does, and what tables with some do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from treadle.errors import StoreError
from treadle.store.refs import Part

HOT = "hot"
"""The tier of what lies where its table is."""


class Shelf(Protocol):
    """A place for whole files, by keys of parts that slashes divide. `treadle.testing.ShelfSuite` has its suite."""

    @property
    def place(self) -> str:
        """Where it is: two that say the same keep one file under one key. Two that say otherwise may do so too."""
        ...

    def put(self, key: str, file: Path) -> None:
        """Keep a copy of a local file, whole or not at all; what is there under the key is replaced.

        Raises:
            StoreError: it cannot be written.
        """
        ...

    def get(self, key: str, file: Path) -> None:
        """Copy what is kept to a local file.

        Raises:
            EvidenceError: there is nothing under the key.
            StoreError: the place is away, or refuses.
        """
        ...

    def size(self, key: str) -> int | None:
        """Bytes of what is kept; None where there is nothing. StoreError as for `get`."""
        ...

    def remove(self, key: str) -> None:
        """Keep it no longer; nothing happens where it is not there. StoreError as for `get`."""
        ...


class Retrieved(Struct, frozen=True):
    """Files of a table that were read out of a tier, by a name of its own: what a reader may have to pay for."""

    name: str
    table: str
    tier: str
    files: int
    bytes: int
    time: str


class Carried(Struct, frozen=True):
    """Files that were moved, or came back, with their bytes."""

    files: int
    bytes: int


class Tiers(Protocol):
    """What tables do besides that have colder places. A file lies in one of them or where its table is; where it is in
    both, as where a process was killed, the one of the table counts.

    Whoever reads a snapshot through `Tables` need not know: what lies elsewhere is brought back first, held to its
    hash. Nothing is lost whenever a process dies, and two may move at once.
    """

    @property
    def places(self) -> Mapping[str, str]:
        """The colder tiers, the nearest first, each with its place as it may be shown."""
        ...

    def lies(self, table: str) -> Mapping[str, str]:
        """The files of a table that do not lie with it, each with its tier."""
        ...

    def refuse_away(self, ways: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], StoreError | None]:
        """Ask before files go these ways, each from a tier or `HOT` to a colder one; none other is asked.

        Each way with why the tier that files come from does not answer; None where nothing is in its way.

        Raises:
            StoreError: a place that files would go to is away, or is the one that they come from.
        """
        ...

    def move(self, table: str, parts: Sequence[Part], tier: str, since: int, apart: Collection[str] = ()) -> Carried:
        """Copy files to a tier, hold each copy to its hash, and only then remove what lies where it was.

        Files of the newest version, and of those after `since`, stay: a writer goes on from them. `apart`: tiers that
        `refuse_away` has just told to be another place than this one, so that they need not be asked again.

        Raises:
            EvidenceError: a file is not what was written; it stays where it is.
            StoreError: somebody reads the table, or the place is away. What was moved is moved.
        """
        ...

    def bring_back(self, table: str, parts: Sequence[Part]) -> Carried:
        """Where files lie elsewhere, copy them back, held to their hashes, and only then remove the copies."""
        ...

    def retrieved(self) -> list[Retrieved]:
        """What was read out of tiers and is not yet told, the oldest first."""
        ...

    def told(self, names: Iterable[str]) -> None:
        """That what was read is in the record: it is listed no more."""
        ...
