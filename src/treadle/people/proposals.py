"""What a mediator proposes, as the record has it, and who has accepted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.mediation_accepted import OutcomeAccepted
from treadle.evidence.kinds.mediation_called import MediationCalled
from treadle.evidence.kinds.mediation_proposed import OutcomeProposed
from treadle.people.found import ProposalShown


@dataclass(frozen=True)
class Proposal:
    """The mediator's newest proposal, and who has accepted it."""

    entry: Entry[OutcomeProposed]
    accepted: tuple[str, ...] = ()


def standing_proposal(entries: Sequence[Entry[Payload]]) -> Proposal | None:
    """Of the entries of a decision, oldest first; None where none was made since it was last open."""
    found: Proposal | None = None
    for entry in entries:
        told = entry.payload
        if isinstance(told, OutcomeProposed):
            found = Proposal(entry)  # type: ignore[arg-type]
        elif isinstance(told, DecisionClosed) or (isinstance(told, DecisionReviewed) and not told.holds):
            found = None
        elif isinstance(told, OutcomeAccepted) and found is not None and told.proposal.digest == found.entry.hash:
            found = Proposal(found.entry, (*found.accepted, entry.actor))
    return found


def shown_proposal(entries: Sequence[Entry[Payload]]) -> ProposalShown | None:
    found = standing_proposal(entries)
    if found is None:
        return None
    said, accepted = found.entry.payload, list(found.accepted)
    return ProposalShown(found.entry.seq, found.entry.actor, said.option, said.because, said.review, accepted)


def mediation(entries: Sequence[Entry[Payload]], opened: DecisionOpened) -> tuple[str, str]:
    """Who mediates, and after which day they decide: as was called last. What is opened again goes to who decides,
    until a mediator is called anew: the day that was named before is over by then, and would take it from them."""
    found = (opened.mediator, opened.until)
    for entry in entries:
        if isinstance(entry.payload, MediationCalled):
            found = (entry.payload.mediator, entry.payload.until)
        elif isinstance(entry.payload, DecisionReviewed) and not entry.payload.holds:
            found = ("", "")
    return found
