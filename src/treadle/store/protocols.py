"""What every engine of tables and blobs keeps to. `treadle.testing` has the suite that proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from treadle.store.keeping import Keeping
from treadle.store.refs import Snapshot

if TYPE_CHECKING:
    import polars as pl


class Swept(Struct, frozen=True):
    """Files of a table that were removed, or would be; `bytes`: of all of them together."""

    files: int
    bytes: int


class Tables(Protocol):
    """Versioned tables. A write is atomic: readers see the version before it or the version after it.

    Two writers never lose each other's rows: an `append` is retried on conflict, a `replace` takes the next
    version. A version stays readable until it is swept.
    """

    def kept_by(self, keeping: Keeping) -> Tables:
        """The same tables, which are written from here on as `keeping` weighs sizes and speeds."""
        ...

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        """Make `frame` the newest version. An equal newest version is kept, and returned, as it is."""
        ...

    def replace_parts(self, name: str, parts: Iterable[pl.DataFrame]) -> Snapshot:
        """As `replace`, of rows that come in parts with the same columns and types, at least one; no more than a part
        and a block of the fingerprint is held at a time.

        Nothing is seen of it before the last part has come: an error that the parts raise leaves the version before.
        """
        ...

    def extend(self, base: Snapshot, frame: pl.DataFrame) -> Snapshot:
        """The rows of `base` and, after them, those of `frame`, as the newest version. `base` is not rewritten.

        `frame` has the columns of `base`, and may have more; rows before have no value there. What a process that was
        killed, or was overtaken, wrote after `base` is left behind: the new version goes on from `base` alone. The
        snapshot is named by `base` and `frame`: equal names mean equal rows in equal order.
        """
        ...

    def lay_out(self, snapshot: Snapshot, by: Sequence[str]) -> Snapshot:
        """The same rows as the newest version, in few files: sorted by one column, or near one another by several, so
        that who asks for some values reads few of them; by none in their own order.

        It has the fingerprint of `snapshot`, and is read as it is: in the order of its rows.

        Raises:
            DataError: a column that there is not, or that has no order.
            EvidenceError: a file is missing, or is not what was written.
        """
        ...

    def append(self, name: str, frame: pl.DataFrame, *, once: str | None = None) -> int:
        """Add rows; returns the version. A second append with the same `once` adds nothing."""
        ...

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """The rows of a version (None: the newest), lazily. DataError if the table or version is missing."""
        ...

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a snapshot (of some columns), decoded from the very bytes that were held to its hashes.

        Raises:
            EvidenceError: a file is missing, or is not what was written; it is named.
        """
        ...

    def parts(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """As `read`, a file at a time: one part without rows where there are none."""
        ...

    def check(self, snapshot: Snapshot) -> list[str]:
        """What is wrong with the files of a snapshot, a sentence each; empty when all are as they were written."""
        ...

    def present(self, snapshot: Snapshot) -> bool:
        """Whether every file of the snapshot is there, in its size; of one without rows, which may have no files,
        whether its version is. Says nothing of their content.
        """
        ...

    def files(self, snapshot: Snapshot) -> tuple[Path, ...]:
        """Local Parquet files with its rows, in their order unless the snapshot says another (`Snapshot.order`), for
        readers that need files. They are not held to its hashes: who must rely on them asks `check`. A table without
        rows may have none.

        Raises:
            EvidenceError: a file is missing, or is not of the size that was written.
        """
        ...

    def rows(self, snapshot: Snapshot) -> pl.LazyFrame:
        """The rows of a snapshot, lazily and in the order of its files, out of those that the record names: what else
        the engine says of the table, as in a log, is not asked. Like `files`, they are not held to its hashes.

        Raises:
            EvidenceError: a file is missing, is not of the size that was written, or is none of rows.
        """
        ...

    def columns(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The names of its columns, in order; EvidenceError as for `schema`."""
        ...

    def schema(self, snapshot: Snapshot) -> pl.Schema:
        """Names and types of the columns, without reading rows; EvidenceError where a file is missing or damaged."""
        ...

    def held(self, *names: str) -> AbstractContextManager[None]:
        """While it is open no file of these tables is removed, whoever asks for it: for who reads file by file."""
        ...

    def sweep(self, name: str, kept: Sequence[Snapshot], since: int, *, dry: bool = False) -> Swept:
        """Remove the files of rows that nobody needs: named by none of the `kept` snapshots, nor by the newest
        version, nor by one after `since`, which a writer may have made that has not told the record yet.

        dry: only say which. Files that writers left who died go too. To do it again goes on with what is left.

        Raises:
            StoreError: somebody reads the table, and does not end within seconds; or a file cannot be removed.
        """
        ...

    def exists(self, name: str, version: int | None = None) -> bool: ...

    def version(self, name: str) -> int | None:
        """The newest version; None if there is no such table."""
        ...


class Blobs(Protocol):
    """Files addressed by the SHA-256 of their content; immutable; a put of the same content is free."""

    def put(self, content: bytes) -> str: ...

    def put_file(self, path: Path) -> str: ...

    def get(self, digest: str) -> bytes:
        """The content; EvidenceError if it no longer has this digest, Gone, which is one, if it is missing."""
        ...

    def path(self, digest: str) -> Path:
        """A local file with the content, for readers that need one."""
        ...

    def exists(self, digest: str) -> bool: ...
