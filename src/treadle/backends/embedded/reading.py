"""The files of a snapshot, each held to its hash as it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.backends.embedded.joining import decoded
from treadle.errors import FRESH, EvidenceError
from treadle.store import Snapshot

if TYPE_CHECKING:
    import polars as pl


_HASHED = 1 << 28
"""Bytes of a table that are hashed before more rows follow: some fifth of a second."""


def frames(root: Path, snapshot: Snapshot, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    """The rows of each file, with those of the columns that it has.

    Raises:
        EvidenceError: a file is missing, or is not what was written.
    """
    import polars as pl

    for part in snapshot.parts:
        file = root / snapshot.table / part.path
        try:
            held = file.read_bytes()
        except OSError as bad:
            raise differs(snapshot, f"its file {part.path} cannot be read: {bad.strerror}") from bad
        if sha256(held) != part.sha256:
            raise differs(snapshot, f"its file {part.path} was changed on disk")
        try:
            rows = decoded(held, columns)
        except pl.exceptions.PolarsError as bad:
            raise differs(snapshot, f"its file {part.path} cannot be decoded: {bad}") from bad
        del held  # of a table that memory does not hold no two files, and rows no longer than they are asked for
        yield rows
        del rows


def refuse_changed(root: Path, snapshot: Snapshot) -> None:
    """Hold the files that more rows are to follow to what was written: else these would be taken after a damaged table.

    Of a large table to their sizes alone, as an increment is not to cost what the whole does; of files that lie
    elsewhere to nothing. `treadle verify --all` looks at all.

    Raises:
        EvidenceError: a file is not what was written.
    """
    hashed = snapshot.bytes <= _HASHED
    for part in snapshot.parts:
        file = root / snapshot.table / part.path
        if not file.is_file():
            continue
        if file.stat().st_size != part.size or (hashed and sha256(file.read_bytes()) != part.sha256):
            raise differs(snapshot, f"its file {part.path} was changed on disk")


def faults(root: Path, snapshot: Snapshot) -> list[str]:
    """A sentence for each file that is missing, or is not what was written."""
    found, name = list[str](), f"table {snapshot.table} version {snapshot.version}"
    for part in snapshot.parts:
        try:
            if sha256((root / snapshot.table / part.path).read_bytes()) != part.sha256:
                found.append(f"{name}: {part.path} was changed on disk")
        except OSError as bad:
            found.append(f"{name}: {part.path}: {bad.strerror}")
    return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def differs(snapshot: Snapshot, what: str) -> EvidenceError:
    return EvidenceError(
        f"table {snapshot.table} version {snapshot.version} is not what the record says: {what}",
        where=snapshot.table,
        mend=f"nothing was made from it; make it again with: {FRESH}",
    )
