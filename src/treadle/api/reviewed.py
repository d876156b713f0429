"""A regular look at what to save or gain next, and at whether what was chosen before pays."""

from __future__ import annotations

from typing import Annotated

from msgspec import structs

from treadle.api.operation import OfTarget, Work, operation, option
from treadle.api.prices import day_of
from treadle.errors import SpecError
from treadle.plans.savings_found import Savings


class ReviewMoneyRequest(OfTarget, frozen=True, kw_only=True):
    take: Annotated[str | None, option("set about this proposal; what it measures now is kept")] = None
    drop: Annotated[str | None, option("end that this choice is followed")] = None
    because: Annotated[str, option("why, in a sentence; it stays in the record")] = ""
    until: Annotated[
        str | None, option("the day by which it is to be seen, such as 2027-01-31; in 30 days, if not given")
    ] = None
    keep: Annotated[bool, option("keep what the review found; the next is due after --every days")] = False
    every: Annotated[int, option("days until the next review is due")] = 30
    days: Annotated[int, option("by the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None


@operation("costs", "review", permission="read")
def costs_review(request: ReviewMoneyRequest, work: Work) -> Savings:
    """Propose the next best saving or gain, and show what came of those that were chosen before.

    Each proposal names what is paid now and how much less it would be; with --take it is chosen, and its measure is
    taken again at each review. What was chosen before and does not pay, or no longer does, is warned of.
    """
    from treadle.plans.measures import window_of
    from treadle.plans.savings import drop, keep, review, take

    workspace = work.workspace
    if sum((request.take is not None, request.drop is not None, request.keep)) > 1:
        raise SpecError("one thing at a time", where="--take", mend="give one of --take, --drop and --keep")
    writes = request.take is not None or request.drop is not None or request.keep
    if writes:
        work.require("costs review", "discuss")
    day = day_of(request.at, "--at") or workspace.chain.clock().date().isoformat()
    root, window = workspace.project.root, window_of(request.days, day)
    if request.drop is not None:
        dropped = drop(workspace, request.drop, request.because)
        return structs.replace(review(workspace, window), entry=dropped.seq, next=f"treadle costs review {root}")
    found = review(workspace, window)
    if request.take is not None:
        until = day_of(request.until, "--until")
        how = next((each.how for each in found.proposals if each.name == request.take), "")
        taken = take(workspace, found, request.take, request.because, until)
        return structs.replace(review(workspace, window), entry=taken.seq, next=how)
    if request.keep:
        kept = keep(workspace, found, request.every)
        return structs.replace(found, entry=kept.seq, due=kept.payload.due, last=kept.time[:10])
    name = found.proposals[0].name if found.proposals else ""
    act = f"--take {name} --because REASON" if name else "--keep"
    return structs.replace(found, next=f"treadle costs review {root} {act}")
