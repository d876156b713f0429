"""The files of a source's newest snapshot laid out anew: the same rows, in a snapshot with the same fingerprint."""

from __future__ import annotations

from msgspec.structs import replace

from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import Followed, SourceRead
from treadle.stages.quarantine import GoesOn, Head, root_of, standing
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot


class LayOut(GoesOn, frozen=True, kw_only=True):
    """Lay out the files of `table` by some columns; by none in their own order."""

    table: Snapshot
    by: tuple[str, ...]


def lay_out(work: Work, name: str, by: tuple[str, ...]) -> Entry[SourceRead]:
    """What rests on the rows is as it was, since it is named by their content; a next increment goes on from the new
    files.

    Raises:
        DataError: there is no such source or column, or it was not read yet.
        Overtaken: something else was done about the source meanwhile.
        EvidenceError: a file is missing, or is not what was written.
    """
    head = standing(work.workspace, name)
    asked = LayOut(
        name=name,
        read=head.read.ref,
        change=head.change.ref if head.change else None,
        reason=", ".join(by),
        table=head.read.payload.table,
        by=by,
    )
    return work.do(asked, _LayOut(head), head.read.subject, cache=False)


class _LayOut:
    def __init__(self, head: Head) -> None:
        self.head = head

    def __call__(self, asked: LayOut, bench: Bench) -> SourceRead:
        read = self.head.read
        done = Followed(done="laid out", root=root_of(read), rows=0, reason=asked.reason)
        table = bench.tables.lay_out(asked.table, asked.by)
        return replace(read.payload, table=table, aside=self.head.aside, followed=done)
