"""What a reading in increments goes on from: the last entry of its source, or nothing, where all is read anew, and why.

What is asked of a source is part of its mark: where that is another by now, what was kept is no beginning of what it
asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

from treadle.errors import DataError
from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import Mark, SourceRead
from treadle.spec import Source
from treadle.stages.quarantine import Head, head_of
from treadle.stages.work import Work
from treadle.store import Blob, EntryRef


@dataclass(frozen=True)
class Base:
    """The entry that is gone on from, if one can be; else why all is read. `told`: what is to be said of either."""

    head: Head | None
    anew: str = ""
    recheck: bool = False
    """The contract is another than the rows that are kept were held to."""
    told: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry[SourceRead] | None:
        return self.head.read if self.head else None

    @property
    def change(self) -> EntryRef | None:
        return self.head.change.ref if self.head and self.head.change else None

    @property
    def aside(self) -> tuple[Blob, ...]:
        """The rows that are set aside by now, as a person left them."""
        return self.head.aside if self.head else ()

    @property
    def mark(self) -> Mark | None:
        return self.entry.payload.mark if self.entry else None


def base_of(work: Work, name: str, source: Source, rules: str, *, full: bool) -> Base:
    """The last entry, where its products are there and it was asked the same. rules: a digest of the contract.

    Raises:
        DataError: all is to be read again, and files that were read are gone.
    """
    from treadle.sources import definition_of

    chain = work.workspace.chain
    with chain.reading() as record:
        head = head_of(record, name)
    if head is None:
        return Base(None)
    last = head.read
    if full:
        return Base(None, "it was asked for")
    mark = last.payload.mark
    if mark is None:
        return Base(None, "it was read whole before")
    if any(not chain.present(ref) for ref in last.made):
        return Base(None, "what was kept of it is gone")
    asked = definition_of(source, work.workspace.project.root)
    other = sorted(part for part in {*asked, *mark.definition} if asked.get(part) != mark.definition.get(part))
    on = Base(head, recheck=mark.contract != rules)
    return _otherwise(work, name, source, mark, other, on) if other else on


def _otherwise(work: Work, name: str, source: Source, mark: Mark, other: list[str], on: Base) -> Base:
    """What is done where something else is asked than was, in these parts of the definition: all is read again.

    But files that were read before anything was kept of how their zones are read, and are gone: there is no place to
    begin anew from, and nothing that is new is wrong.
    """
    from treadle.sources import HOW_ZONES, lost_files

    workspace, anew = work.workspace, f"{', '.join(other)} changed"
    where = workspace.project.place(f"sources.{name}")
    lost = [] if mark.by else lost_files(source, workspace.project.root, workspace.blobs.get(mark.seen.digest), where)
    if not lost:
        return Base(None, anew)
    if other == [HOW_ZONES] and HOW_ZONES not in mark.definition:
        said = f"{and_more(lost)} was read when zones were read otherwise, and is gone"
        do = f"treadle data ingest {workspace.project.typed} --full begins without it"
        told = f"{said}: its times that came with a zone may lie hours from those of new files; {do}"
        return Base(on.head, recheck=on.recheck, told=(told,))
    raise DataError(
        f"{and_more(lost)} was read and is gone, and all is to be read again, since {anew}",
        where=where,
        mend="put back what is gone; or begin without it: treadle data ingest PROJECT --full",
    )


def and_more(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
