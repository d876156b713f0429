"""Concerns without a name: raise one, list those that were shown."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, check_limit, group, operation, option

group("concern", "Concerns without a name: no actor, no token, no exact time is kept.")


class RaiseRequest(Request, frozen=True):
    project: ProjectPath = "."


class ListConcernsRequest(Request, frozen=True):
    project: ProjectPath = "."
    limit: Annotated[int, option("so many batches, the newest first")] = 20


class RaiseAnswer(Struct, frozen=True):
    """What happens with it now, and what is kept of it."""

    said: str


class ConcernShown(Struct, frozen=True):
    id: str
    text: str


class Batch(Struct, frozen=True):
    """Concerns that were shown at once. `entry`: where they stand in the record; `day`: when they were shown."""

    entry: int
    day: str
    concerns: list[ConcernShown]


class ConcernsAnswer(Struct, frozen=True):
    batches: list[Batch]
    rule: str


_RULE = (
    "concerns are shown three or more at once, when a new week has begun, in an order that is drawn; "
    "how many wait is not told"
)


@operation("concern", "raise", permission="discuss", quiet=True)
def concern_raise(request: RaiseRequest, work: Work) -> RaiseAnswer:
    """Raise a concern without your name. It is read from the keyboard or a pipe, not from the command line.

    Who raised it, with which token, and when is kept nowhere; it is shown with others, once a new week has begun.
    """
    from treadle.people.concerns import raise_concern

    text = work.asked.hear("Write it; end it with Ctrl-D on a line of its own.")
    workspace = work.workspace
    raise_concern(workspace.chain, workspace.root, text, workspace.chain.clock().date())
    return RaiseAnswer(
        "kept, without your name; it is shown once a new week has begun, with two others at the least. Your shell may "
        "have kept that you ran this command, and your style may tell you: docs/decisions/0027"
    )


@operation("concern", "list", permission="discuss")
def concern_list(request: ListConcernsRequest, work: Work) -> ConcernsAnswer:
    """List the concerns that were shown, batch by batch."""
    from treadle.evidence.kinds.concerns_shown import ConcernsShown
    from treadle.people.concerns import SUBJECT, show_waiting

    workspace = work.workspace
    check_limit(request.limit)
    if not workspace.reading:
        show_waiting(workspace.chain, workspace.root, workspace.chain.clock().date())
    found = workspace.chain.find(ConcernsShown, subject=SUBJECT, status="done", newest_first=True, limit=request.limit)
    return ConcernsAnswer(
        [
            Batch(entry.seq, entry.time[:10], [ConcernShown(each.id, each.text) for each in entry.payload.concerns])
            for entry in found
        ],
        _RULE,
    )
