"""A reading that is taken from the record, and what a person made of it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import SourceRead
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.stages.work import Work
    from treadle.workspace import Workspace


def newest_after(work: Work, read: Entry[SourceRead]) -> Entry[SourceRead]:
    """What a person made of this very reading since, if they did: rows mended and replayed, or a snapshot brought back.

    It stands until something else is delivered, or is to be read anew.
    """
    newest = work.workspace.chain.last(SourceRead, subject=read.subject)
    done = newest.payload.followed if newest is not None else None
    if newest is None or done is None or read.hash not in _behind(work.workspace, newest):
        return read
    if any(not work.workspace.chain.present(ref) for ref in newest.made):
        return read
    work.instead(newest)
    return newest


def _behind(workspace: Workspace, newest: Entry[SourceRead]) -> set[str]:
    """The entries that a snapshot goes on from, one after the other."""
    found, known = set[str](), dict[str, Entry[SourceRead]]()
    known = {each.hash: each for each in workspace.chain.find(SourceRead, subject=newest.subject, status="done")}
    waiting = [newest.hash]
    while waiting:
        entry = known.get(waiting.pop())
        if entry is None or entry.hash in found:
            continue
        found.add(entry.hash)
        if entry.payload.followed is not None:
            waiting += [ref.digest for ref in entry.uses if isinstance(ref, EntryRef)]
    return found
