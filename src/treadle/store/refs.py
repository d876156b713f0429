"""References: how an entry of the record names what was read and what was made. Each knows its content's identity."""

from __future__ import annotations

from msgspec import Struct


class Part(Struct, frozen=True):
    """One file of a table's version: its path below the table, its size in bytes, its SHA-256."""

    path: str
    size: int
    sha256: str


ROW = "__treadle_row"


class Stored(Struct, frozen=True):
    """How the files of a snapshot are kept: with which `codec`; what the same rows would take as whole files in Snappy,
    which is what writers of Parquet do unasked (`plain` bytes, by a sample); and of what it takes the bytes of files
    that no version before it had (`fresh`).

    `order`: the columns by which its files are sorted, where that is not the order of its rows. Each row then has its
    number in the column `ROW` of the files, which is no column of the table.
    """

    codec: str
    plain: int
    fresh: int
    order: tuple[str, ...] = ()


class Snapshot(Struct, frozen=True, tag_field="kind", tag="table"):
    """One version of one table, named by its content: equal fingerprints mean equal rows in equal order.

    `parts` are the files that hold it, in the order of its rows: what is read from them is held to their hashes.
    `stored`: None of what an older Treadle wrote.
    """

    table: str
    version: int
    fingerprint: str
    rows: int
    parts: tuple[Part, ...] = ()
    stored: Stored | None = None

    @property
    def content(self) -> str:
        return self.fingerprint

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that its files are sorted by; none: their rows are in the table's own order."""
        return self.stored.order if self.stored is not None else ()

    @property
    def bytes(self) -> int:
        return sum(part.size for part in self.parts)


class Blob(Struct, frozen=True, tag_field="kind", tag="blob"):
    """A file by the SHA-256 of its content. `name` says what it is, for people."""

    digest: str
    name: str = ""

    @property
    def content(self) -> str:
        return self.digest


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """Files outside the workspace, as they were read: one digest over all of them."""

    name: str
    digest: str

    @property
    def content(self) -> str:
        return self.digest


class EntryRef(Struct, frozen=True, tag_field="kind", tag="entry"):
    """Another entry of the record, by its hash."""

    digest: str
    name: str = ""

    @property
    def content(self) -> str:
        return self.digest


class StateRef(Struct, frozen=True, tag_field="kind", tag="state"):
    """An online state, by the name that follows from what it was built from."""

    endpoint: str
    name: str

    @property
    def content(self) -> str:
        return self.name


class Value(Struct, frozen=True, tag_field="kind", tag="value"):
    """A value that an entry of version 0.1 kept in itself, by the digest of its JSON."""

    digest: str
    name: str = ""

    @property
    def content(self) -> str:
        return self.digest


Ref = Snapshot | Blob | File | EntryRef | StateRef | Value
