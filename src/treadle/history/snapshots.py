"""The newest rows of a source that passed its contract, as the record names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.store import Snapshot
    from treadle.workspace import Workspace


def newest_snapshot(workspace: Workspace, source: str) -> Snapshot | None:
    """None, where the source was never read."""
    from treadle.evidence.kinds.source_read import SourceRead

    for read in workspace.chain.find(SourceRead, subject=f"source/{source}", status="done", newest_first=True):
        if read.payload.table.table == workspace.names.source(source):
            return read.payload.table
    return None
