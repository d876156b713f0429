"""That an approval was given by whom, and after what, the brief in the record wants: asked again of the entries."""

from __future__ import annotations

from treadle.errors import GateError
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.people.reviews import refusal, unmet
from treadle.people.signatures import unsigned_as_stated
from treadle.people.stated import reviewers_of


def prove_by_brief(
    reader: Reader,
    packing: Entry[ModelPacked],
    request: Entry[ReviewRequested],
    approval: Entry[ReviewApproved],
) -> None:
    """Hold an approval to the brief as it was stated: who gave it, whose signature it waited for, which gates hold.

    An approval that says nothing of signatures is older than this rule, and is held to who gave it alone.

    Raises:
        GateError: it was given by no reviewer, without a signature that was wanted, or while a gate failed.
    """
    packed = packing.payload
    what = f"{packed.model} ({packed.bundle.digest[:12]}…)"
    if approval.actor not in reviewers_of(reader, packing, approval):
        raise GateError(
            f"{approval.actor} approved {what}, and was no reviewer of it by the brief as it was stated",
            where=packed.model,
            mend="state who reviews in brief.people, run the project, and let one of them approve",
        )
    old = _is_old(reader, approval)
    missing = [] if old else unsigned_as_stated(reader, packing, approval)
    if missing:
        raise GateError(
            f"{what} was approved, and nobody had signed it as {', '.join(missing)}, which the stated brief wants",
            where=packed.model,
            mend="let who holds the role sign a version before it is approved: treadle models sign PROJECT VERSION",
        )
    failing = unmet(reader, request, as_stated=not old)
    if failing:
        raise refusal(packed.model, failing)


def _is_old(reader: Reader, approval: Entry[ReviewApproved]) -> bool:
    """Whether it was given before approvals named signatures: then no approval before it names any."""
    if approval.payload.signatures is not None:
        return False
    given: list[Entry[ReviewApproved]] = reader.find(ReviewApproved, status="done")
    return all(each.payload.signatures is None for each in given if each.seq < approval.seq)
