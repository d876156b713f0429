"""Snapshots held to the record before anything of them is told: by content where that is quick, else by size.

What is read are the files that the record names, so that an edited log of a table changes no answer. Their hashes are
asked of up to `MOST_BYTES`; of more the sizes alone, and where such files cannot be read after all, their hashes tell
whether they were damaged. `treadle verify --all` holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from treadle.errors import EvidenceError
from treadle.exploring.snapshots import Kept, meant

if TYPE_CHECKING:
    from treadle.exploring.named import Named
    from treadle.workspace import Workspace

MOST_BYTES = 1 << 28
"""Bytes of files that are hashed before an answer: a fraction of a second."""


def held(workspace: Workspace, name: Named) -> Kept:
    """The snapshot that a name means, held to the record; `Kept.held` says how.

    Raises:
        DataError: there is no such snapshot, or its files are gone.
        EvidenceError: a file of it is not what was written.
    """
    found = meant(workspace, name)
    if found.bytes > MOST_BYTES:
        return replace(found, held="size")
    refuse_changed(workspace, [found])
    return replace(found, held="content")


def refuse_changed(workspace: Workspace, several: Sequence[Kept]) -> None:
    """Hold every file to its hash.

    Raises:
        EvidenceError: some differ; they are named.
    """
    for each in several:
        workspace.tables.files(
            each.snapshot
        )  # what lies in a colder place comes back once, and is not read there first
        faults = [fault.rpartition(": ")[2] for fault in workspace.tables.check(each.snapshot)]
        if faults:
            more = f" and {len(faults) - 3:,} more" if len(faults) > 3 else ""
            source = each.read.subject.partition("/")[2]
            raise EvidenceError(
                f"version {each.snapshot.version} of {source} is not what the record says: "
                f"{'; '.join(faults[:3])}{more}",
                where=f"{source}@{each.snapshot.version}",
                mend=f"{workspace.project.command_that_reads()} --fresh reads it again; "
                f"{workspace.project.command('verify')} --all names all that differs",
            )


@contextmanager
def read_plainly(workspace: Workspace, several: Sequence[Kept]) -> Iterator[None]:
    """Rows that cannot be read are told as what they are: damaged files, where some are."""
    import polars as pl

    try:
        with workspace.tables.held(*(each.snapshot.table for each in several)):
            yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as bad:
        refuse_changed(workspace, several)
        names = ", ".join(dict.fromkeys(f"{e.read.subject.partition('/')[2]}@{e.snapshot.version}" for e in several))
        said = (str(bad).strip().splitlines() or [type(bad).__name__])[0]
        raise EvidenceError(
            f"the rows of {names} cannot be read: {said}",
            where=names,
            mend="its files are as they were written; run it again, or on a machine with more memory",
        ) from bad
