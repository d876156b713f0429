"""Which snapshots of a source there are, by the record, and which of them a name means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from treadle.errors import DataError, EvidenceError, StoreError, nearest
from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.removals import Removal, name_of, removals
from treadle.exploring.found import Held, Listed, SnapshotLine, SourceHistory, SourceListed
from treadle.exploring.named import Named
from treadle.exploring.uses import uses_of
from treadle.spec import all_tables
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.evidence.removals import Removals
    from treadle.workspace import Workspace


@dataclass(frozen=True)
class Kept:
    """A version of a source: the entry that read it first, and what else read the same rows as the newest version."""

    snapshot: Snapshot
    read: Entry[SourceRead]
    held: Held = "nothing"
    removed: Removal | None = None
    """Where retention removed it."""

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.read.time)

    @property
    def bytes(self) -> int:
        return self.snapshot.bytes


def kept(workspace: Workspace, source: str) -> list[Kept]:
    """The snapshots of a source, oldest first; each once, by the entry that made it.

    A table whose folder was removed is begun anew: what stood there before is told, too, and of two with one version
    the later is meant by it.

    Raises:
        DataError: the project has no such source.
    """
    sources = all_tables(workspace.project.spec)
    if source not in sources:
        raise DataError(
            f'there is no source "{source}"', where=workspace.project.spec.project, mend=nearest(source, sources)
        )
    table, found = workspace.names.source(source), list[Kept]()
    for entry in workspace.chain.find(SourceRead, subject=f"source/{source}", status="done"):
        made = entry.payload.table
        if made.table == table and not (found and name_of(found[-1].snapshot) == name_of(made)):
            found.append(Kept(made, entry))
    with workspace.chain.reading() as reader:
        gone = removals(reader)
    return [_with_removal(each, gone) for each in found]


def _by_version(found: Sequence[Kept]) -> dict[int, Kept]:
    """What each version means."""
    return {each.snapshot.version: each for each in found}


def _with_removal(of: Kept, gone: Removals) -> Kept:
    removal = gone.get(name_of(of.snapshot))
    return of if removal is None or removal.seq < of.read.seq else replace(of, removed=removal)


def meant(workspace: Workspace, name: Named) -> Kept:
    """The snapshot that a name means, with all its files there.

    Raises:
        DataError: there is no such source, no such version, none at that time, or its files are gone.
    """
    found = kept(workspace, name.source)
    if not found:
        raise DataError(
            f"of {name.source} no snapshot was kept yet",
            where=name.text,
            mend=f"{workspace.project.command_that_reads()} reads it",
        )
    chosen = _chosen(found, name)
    if chosen.removed is not None or not is_here(workspace, chosen.snapshot):
        known = _by_version(found).values()
        there = [each for each in known if each.removed is None and is_here(workspace, each.snapshot)]
        here = [str(each.snapshot.version) for each in there]
        equal = [each for each in there if each.snapshot.fingerprint == chosen.snapshot.fingerprint]
        if chosen.removed is not None:
            raise DataError(
                f"version {chosen.snapshot.version} of {name.source} {chosen.removed.said()}",
                where=name.text,
                mend=f"version {equal[-1].snapshot.version} has equal rows"
                if equal
                else f"still there: {', '.join(here[-20:]) or 'none'}",
            )
        raise DataError(
            f"version {chosen.snapshot.version} of {name.source} is gone: its files are no longer what the record says",
            where=name.text,
            mend=f"still there: {', '.join(here[-20:]) or 'none'}",
        )
    return chosen


def is_here(workspace: Workspace, snapshot: Snapshot) -> bool:
    """Whether its files are there, in their size."""
    try:
        return workspace.tables.present(snapshot)
    except StoreError:
        return False


def _chosen(found: list[Kept], name: Named) -> Kept:
    if name.version is not None:
        named = _by_version(found)
        if name.version in named:
            return named[name.version]
        versions = [str(version) for version in sorted(named)]
        known = ", ".join(versions) if len(versions) <= 20 else f"{versions[0]} to {versions[-1]}"
        raise DataError(f"{name.source} has no version {name.version}", where=name.text, mend=f"it has {known}")
    if name.before is not None:
        earlier = [each for each in found if each.time < name.before]
        if not earlier:
            raise DataError(
                f"of {name.source} nothing was kept by then",
                where=name.text,
                mend=f"its first snapshot, version {found[0].snapshot.version}, is of {found[0].read.time[:16]} UTC",
            )
        return earlier[-1]
    return found[-1]


def list_sources(workspace: Workspace) -> Listed:
    """Every source of the project with its newest snapshot."""
    lines = [_listed(workspace, name) for name in all_tables(workspace.project.spec)]
    waits = any(line.version is None for line in lines)
    return Listed(
        project=workspace.project.spec.project,
        sources=lines,
        next=workspace.project.command_that_reads() if waits else "",
    )


def _listed(workspace: Workspace, source: str) -> SourceListed:
    found = kept(workspace, source)
    if not found:
        return SourceListed(source, 0)
    newest = found[-1]
    return SourceListed(
        source=source,
        snapshots=len(found),
        version=newest.snapshot.version,
        time=newest.read.time,
        by=newest.read.actor,
        rows=newest.snapshot.rows,
        columns=_columns(workspace, newest.snapshot),
        bytes=newest.bytes,
        fingerprint=newest.snapshot.fingerprint,
        codec=newest.snapshot.stored.codec if newest.snapshot.stored else "",
        plain=newest.snapshot.stored.plain if newest.snapshot.stored else 0,
    )


def _columns(workspace: Workspace, snapshot: Snapshot) -> int:
    """How many; 0 where its files are gone or damaged."""
    try:
        if not is_here(workspace, snapshot):
            return 0
        elsewhere = workspace.tiers.lies(snapshot.table) if workspace.tiers is not None else {}
        if any(part.path in elsewhere for part in snapshot.parts):  # a list is no reason to bring it back
            return len(workspace.tables.columns(snapshot))
        return len(workspace.tables.schema(snapshot))
    except (EvidenceError, StoreError):
        return 0


def history_of(workspace: Workspace, source: str, limit: int) -> SourceHistory:
    """The snapshots of a source, the newest first, with the runs and models that used each."""
    found = kept(workspace, source)
    return SourceHistory(
        source=source,
        snapshots=[_line(workspace, each) for each in reversed(found[-limit:])],
        more=max(0, len(found) - limit),
        next="" if found else workspace.project.command_that_reads(),
    )


def _line(workspace: Workspace, of: Kept) -> SnapshotLine:
    with workspace.chain.reading() as reader:
        uses = uses_of(reader, of.snapshot)
    stored = of.snapshot.stored
    return SnapshotLine(
        version=of.snapshot.version,
        time=of.read.time,
        by=of.read.actor,
        run=of.read.run,
        rows=of.snapshot.rows,
        set_aside=of.read.payload.quarantined,
        columns=_columns(workspace, of.snapshot),
        bytes=of.bytes,
        fingerprint=of.snapshot.fingerprint,
        here=of.removed is None and is_here(workspace, of.snapshot),
        codec=stored.codec if stored else "",
        plain=stored.plain if stored else 0,
        fresh=stored.fresh if stored else of.bytes,
        removed="" if of.removed is None else of.removed.said(),
        runs=list(dict.fromkeys((*uses.runs, *([of.read.run] if of.read.run else [])))),
        models=uses.models,
    )
