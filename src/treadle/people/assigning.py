"""Who is asked to review a version. Any reviewer who did not ask for the release may approve it, asked or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.errors import TeamError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.review_assigned import ReviewAssigned
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.people.reviews import requesters, review_of

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


def assign(
    chain: Chain, spec: ProjectSpec, request: Entry[ReviewRequested], reviewers: Sequence[str], because: str
) -> Entry[ReviewAssigned]:
    """In the name of the chain's actor; the same once more is the first one.

    Raises:
        TeamError: one of them is no reviewer, or asked for the release, or the version is approved already.
    """
    asked, wanted = request.payload, tuple(dict.fromkeys(reviewers))
    stands = review_of(chain, asked.model, asked.bundle.digest)
    if stands.status == "approved":
        raise TeamError(
            f"{asked.model} was approved by {stands.approved_by}", where="MODEL", mend="assign the version that waits"
        )
    with chain.alone() as alone:
        own, may = requesters(alone, request.actor), may_review(alone, spec, request)
        for name in wanted:
            if name not in may:
                why = "asked for this release" if name in own else f"is no reviewer of {spec.project}"
                mend = (
                    nearest(name, may) or f"who may: {', '.join(may) or 'nobody; name them in brief.people.reviewers'}"
                )
                raise TeamError(f"{name} {why}", where="--to", mend=mend)
        earlier = _newest(alone, asked.model, asked.bundle.digest)
        if earlier is not None and earlier.payload.reviewers == wanted:
            return earlier
        made = ReviewAssigned(
            model=asked.model, bundle=asked.bundle, request=request.ref, reviewers=wanted,
            because=" ".join(because.split()),
        )  # fmt: skip
        return alone.append(made, f"model/{asked.model}")


def may_review(reader: Reader, spec: ProjectSpec, request: Entry[ReviewRequested]) -> list[str]:
    """The reviewers who did not ask for the release."""
    own = requesters(reader, request.actor)
    return [name for name in spec.brief.people.reviewers if name not in own]


def to_review(reader: Reader, spec: ProjectSpec, request: Entry[ReviewRequested]) -> list[str]:
    """Who is asked to review what this request is about, and may: one who is no reviewer any more keeps nobody from it,
    and neither does one who asked for the release since."""
    may = may_review(reader, spec, request)
    return [name for name in assigned(reader, request.payload.model, request.payload.bundle.digest) if name in may]


def assigned(reader: Reader, model: str, bundle: str) -> list[str]:
    """Who is asked to review this bundle; nobody, where nobody said."""
    found = _newest(reader, model, bundle)
    return [] if found is None else list(found.payload.reviewers)


def _newest(reader: Reader, model: str, bundle: str) -> Entry[ReviewAssigned] | None:
    said: list[Entry[ReviewAssigned]] = reader.find(
        ReviewAssigned, subject=f"model/{model}", status="done", newest_first=True
    )
    return next((entry for entry in said if entry.payload.bundle.digest == bundle), None)
