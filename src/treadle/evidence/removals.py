"""Which snapshots were removed by retention, by the record: when, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.evidence.entry import Entry
from treadle.evidence.kinds.snapshots_removed import SnapshotsRemoved

if TYPE_CHECKING:
    from treadle.evidence.reader import Reader
    from treadle.store import Snapshot

Named = tuple[str, int, str]
"""Table, version and fingerprint: together they name a snapshot, even where a table was begun anew."""


class Removal(Struct, frozen=True):
    """That a snapshot is no longer kept, and the entry that says so."""

    seq: int
    time: str
    actor: str

    def said(self) -> str:
        """For a sentence that names the snapshot.

        >>> Removal(7, "2026-11-28T10:00:00+00:00", "ada").said()
        'was removed by retention on 2026-11-28 by ada (entry 7)'
        """
        return f"was removed by retention on {self.time[:10]} by {self.actor} (entry {self.seq})"


Removals = Mapping[Named, Removal]


def name_of(snapshot: Snapshot) -> Named:
    return (snapshot.table, snapshot.version, snapshot.fingerprint)


def removals(reader: Reader) -> Removals:
    """Every snapshot that the record says is removed."""
    found: list[Entry[SnapshotsRemoved]] = reader.find(SnapshotsRemoved, status="done")
    return removals_in(found)


def removals_in(entries: Iterable[Entry[SnapshotsRemoved]]) -> Removals:
    return {
        (each.table, each.version, each.fingerprint): Removal(entry.seq, entry.time, entry.actor)
        for entry in entries
        for each in entry.payload.snapshots
    }
