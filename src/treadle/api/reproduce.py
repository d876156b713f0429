"""A version made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.api.models import OfVersion
from treadle.api.operation import Work, operation
from treadle.models.reproduced import Reproduced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from treadle.evidence import Entry, Payload, Reader


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
        _refuse_removed(reader, packing.payload.model, led)
    return again(workspace, packing, led, work.say)


def _refuse_removed(reader: Reader, model: str, led: Sequence[Entry[Payload]]) -> None:
    """Raises ModelError: rows that it was made of are no longer kept. The training table itself is made again."""
    from treadle.errors import ModelError
    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.evidence.removals import removals
    from treadle.history.lineage import removed_of

    gone = removals(reader)
    told = [each for entry in led if isinstance(entry.payload, SourceRead) for each in removed_of(entry, gone)]
    if told:
        raise ModelError(
            f"{model} cannot be made again: {told[0]}" + (f", and {len(told) - 1} more" if len(told) > 1 else ""),
            where=model,
            mend="what a released or signed version rests on is kept; of older ones the record alone is",
        )
