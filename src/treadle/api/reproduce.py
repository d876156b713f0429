"""A version made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.api.models import OfVersion
from treadle.api.operation import Work, operation
from treadle.models.reproduced import Reproduced

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload


class ReproduceRequest(OfVersion, frozen=True):
    """Which version."""


@operation("reproduce", permission="run")
def reproduce(request: ReproduceRequest, work: Work) -> Reproduced:
    """Make a version again from the record (rows, settings, seed), hold it to what was made then, and keep nothing.

    Says which code, libraries and files are not what they were. Ends with 1 where it does not come out equal.
    """
    from treadle.history.lineage import walk
    from treadle.models.registry import find
    from treadle.stages.reproducing import reproduce as again

    workspace = work.workspace
    packing = find(workspace.chain, workspace.project.address, request.model)
    start: list[Entry[Payload]] = [packing]
    with workspace.chain.reading() as reader:
        led = [entry for entry, _ in walk(reader, start)]
    return again(workspace, packing, led, work.say)
