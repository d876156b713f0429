"""The journal of an endpoint: what it answered and was told, before it is in tables. The protocol, and how it is read.

It is segments of lines, one writer each. A server writes them; `treadle.monitoring` moves what is closed into tables.
The engine is `treadle.backends.embedded.FolderJournal`; `treadle.testing.JournalSuite` proves what stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

FLUSH_SECONDS = 0.25
"""How often a server flushes: what was answered longer ago is on disk."""


class Segment(Struct, frozen=True):
    """Lines of one kind by one writer. No other segment of the endpoint has, had or will have its name."""

    kind: str
    name: str


class Writer(Protocol):
    """Appends lines of one kind. Not thread-safe: one event loop owns it."""

    def add(self, *records: Any) -> None:
        """Take records (what msgspec can encode as a JSON object) into memory, all or none. Called once for each
        prediction that is asked for by itself.

        Raises:
            StoreError: so much waits to be written that no more is taken.
        """
        ...

    def forget(self) -> None:
        """Drop what was added and is not flushed: whoever told it was told that it is not kept."""
        ...

    def flush(self) -> None:
        """Hand all that was added to the kernel, whole lines only: what is flushed survives the end of this process.

        Raises:
            StoreError: it cannot be written (a full disk). No part of a line is left; the records wait in memory.
        """
        ...

    def close(self) -> None:
        """Flush, and end the segment, so that it can be moved. StoreError as `flush`."""
        ...


class Journal(Protocol):
    """What one endpoint answered (`predictions`) and was told (`outcomes`).

    Any process may read, move and open writers at any time; there may be several writers of a kind, each with a segment
    of its own. A segment is *open* while its writer lives and has not ended it, and *closed* from then on, also where
    the writer was killed; a closed one never changes. To read changes nothing.

    Each line gets a number, `seq`, when it is flushed: of two lines of the endpoint the later has the greater,
    whichever process wrote it and however its clock was set. It is this order, and not time, that tells which of two
    corrections is the last.
    """

    def writer(self, kind: str) -> Writer:
        """A writer of its own. One to which nothing is added leaves no segment."""
        ...

    def segments(self, kind: str) -> tuple[list[Segment], list[Segment]]:
        """(closed segments, segments still being written), each oldest first; none that was moved or is damaged."""
        ...

    def lines(self, segment: Segment) -> Iterator[dict[str, Any] | bytes]:
        """The records of a segment; as bytes, a line that is none, as a machine without power may leave behind.

        A last line that a killed process cut short is left out. Of an open segment it gives what was flushed so far.
        One that was closed meanwhile is read all the same; one that was moved meanwhile has no lines.
        """
        ...

    def moved(self, segment: Segment) -> None:
        """A closed segment's lines all stand elsewhere: forget it. Another process may have done so already."""
        ...

    def damaged(self, segment: Segment) -> None:
        """As `moved`, but keep it aside for a person: it has lines that are no records."""
        ...


def records(journal: Journal, kind: str) -> Iterator[dict[str, Any]]:
    """All records of a kind, of closed and then of open segments, without what is damaged."""
    closed, live = journal.segments(kind)
    for segment in (*closed, *live):
        yield from (line for line in journal.lines(segment) if not isinstance(line, bytes))
