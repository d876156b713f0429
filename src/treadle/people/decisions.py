"""A decision as the record has it: a question, its options, each person's position with its evidence, the outcome.

Read from the entries; nothing of it is kept beside them. The form follows what is known as a decision record (Nygard
2011), with positions, dissent and a date of review.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.mediation_called import MediationCalled
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.people.found import Cited, Decision, ExperimentShown, OptionShown, Outcome, Position, Status
from treadle.people.proposals import mediation, shown_proposal
from treadle.people.terms import shown_terms, standing_terms
from treadle.store import EntryRef

SUBJECT = "decision/"
NO_DAY = "9999"
"""After every day that is one."""


class Standing(Struct, frozen=True):
    """What a decision asked, and its outcome, which nobody has opened again since."""

    opened: DecisionOpened
    outcome: Outcome


class Stands(Struct, frozen=True):
    """How a decision stands, and nothing of what was said. `day`: until when it is to be decided, or looked at."""

    name: str
    status: Status
    day: str


def names(reader: Reader) -> list[str]:
    """Every decision, the newest first."""
    found: list[Entry[DecisionOpened]] = reader.find(DecisionOpened, status="done", newest_first=True)
    return list(dict.fromkeys(entry.payload.decision for entry in found))


def standings(reader: Reader, today: date) -> list[Stands]:
    """Every decision, the newest first, by what was opened, closed, reviewed and given to a mediator alone."""
    said: list[Entry[Payload]] = reader.find(
        DecisionOpened, DecisionClosed, DecisionReviewed, MediationCalled, status="done"
    )
    found: dict[str, list[Entry[Payload]]] = {}
    for entry in said:
        found.setdefault(entry.subject, []).append(entry)
    newest = reversed([entries for entries in found.values() if isinstance(entries[0].payload, DecisionOpened)])
    return [_stands(entries, today) for entries in newest]


def _stands(entries: Sequence[Entry[Payload]], today: date) -> Stands:
    opened = entries[0].payload
    assert isinstance(opened, DecisionOpened)
    _, stands, review = _outcomes(entries, opened.review)
    _, until = mediation(entries, opened)
    status = _status(until, review, today, stands=stands)
    return Stands(opened.decision, status, (review if stands else until) or NO_DAY)


def _status(until: str, review: str, today: date, *, stands: bool) -> Status:
    if stands:
        return "review due" if review and date.fromisoformat(review) <= today else "decided"
    return "overdue" if until and date.fromisoformat(until) < today else "open"


def decision(reader: Reader, name: str, today: date) -> Decision | None:
    """As it stands on `today`; None where nobody opened one of this name."""
    entries: list[Entry[Payload]] = reader.find(subject=f"{SUBJECT}{name}", status="done")
    if not entries or not isinstance(entries[0].payload, DecisionOpened):
        return None
    opening, opened = entries[0], entries[0].payload
    positions = _positions(reader, entries)
    outcomes, stands, review = _outcomes(entries, opened.review)
    heard = {position.person for position in positions}
    unheard = [person for person in opened.asked if person not in heard]
    evidence = cited(reader, opened.evidence)
    mediator, until = mediation(entries, opened)
    status = _status(until, review, today, stands=stands)
    mediates = status == "overdue" and bool(mediator)
    decides = mediator if mediates else opened.decides
    terms = standing_terms(entries)
    experiment = None if terms is None else shown_terms(terms, positions, decides)
    return Decision(
        name=name,
        question=opened.question,
        status=status,
        options=[OptionShown(option.name, option.text) for option in opened.options],
        opened_by=opening.actor,
        opened=opening.time,
        decides=decides,
        mediator=mediator,
        until=until,
        review=review,
        asked=list(opened.asked),
        unheard=unheard,
        positions=positions,
        outcome=outcomes[-1] if stands else None,
        was=outcomes[:-1] if stands else outcomes,
        evidence=evidence,
        notes=[
            *_notes(status, review, until, decides, evidence, positions, mediates=mediates),
            *_passed_over(experiment, decided=stands),
        ],
        proposal=shown_proposal(entries),
        experiment=experiment,
    )


def _passed_over(experiment: ExperimentShown | None, *, decided: bool) -> list[str]:
    """A decision that was made by hand, though all had agreed that an experiment makes it."""
    if not decided or experiment is None or experiment.status != "agreed":
        return []
    return [f"it was decided without the experiment that all had agreed to in #{experiment.entry}"]


def standing_outcome(reader: Reader, name: str) -> Standing | None:
    """None where it is open, or nobody opened one of this name."""
    entries: list[Entry[Payload]] = reader.find(subject=f"{SUBJECT}{name}", status="done")
    if not entries or not isinstance(entries[0].payload, DecisionOpened):
        return None
    outcomes, stands, _ = _outcomes(entries, "")
    return Standing(entries[0].payload, outcomes[-1]) if stands else None


def cited(reader: Reader, refs: Sequence[EntryRef]) -> list[Cited]:
    """The entries that are meant; of each, what has come after it: the newest of its kind about the same subject."""
    out = []
    for ref in refs:
        for entry in reader.by_hash(ref.digest):
            later: list[Entry[Payload]] = reader.find(
                names=[entry.kind], subject=entry.subject, status="done", newest_first=True, limit=1
            )
            newer = later[0] if later and later[0].seq > entry.seq else None
            said = f"#{newer.seq}: {newer.said()}" if newer is not None else ""
            out.append(Cited(entry.seq, entry.kind, entry.subject, entry.said(), said))
    return out


def _positions(reader: Reader, entries: Sequence[Entry[Payload]]) -> list[Position]:
    """The newest of each person, in the order in which they first spoke."""
    found: dict[str, Position] = {}
    for entry in entries:
        told = entry.payload
        if isinstance(told, PositionStated):
            earlier = found.get(entry.actor)
            before = [*earlier.before, earlier.option] if earlier else []
            found[entry.actor] = Position(
                entry.actor, told.option, told.because, entry.time, cited(reader, told.evidence), before
            )
    return list(found.values())


def _outcomes(entries: Sequence[Entry[Payload]], review: str) -> tuple[list[Outcome], bool, str]:
    """All of them, whether the last one stands, and the date on which it is asked about again."""
    out: list[Outcome] = []
    stands = False
    for entry in entries:
        told = entry.payload
        if isinstance(told, DecisionClosed):
            against, unheard, agreed = list(told.against), list(told.unheard), list(told.agreed)
            out.append(Outcome(told.option, told.because, entry.actor, entry.time, against, unheard, [], agreed))
            stands, review = True, told.review or review
        elif isinstance(told, DecisionReviewed):
            stands, review = stands and told.holds, told.review
            out[-1].reviews.append(f"{entry.actor} on {entry.time[:10]}: {told.said()}")
    return out, stands, review


def _notes(
    status: Status,
    review: str,
    until: str,
    decides: str,
    evidence: Sequence[Cited],
    positions: Sequence[Position],
    *,
    mediates: bool,
) -> list[str]:
    out = []
    if status == "review due":
        out.append(f"its review was due on {review}: does it still hold?")
    if status == "overdue":
        to = f": {decides} decides now, as mediator" if mediates else f": {decides} has not decided"
        out.append(f"it was to be decided until {until}{to}")
    every = [*evidence, *(each for position in positions for each in position.evidence)]
    followed = {each.entry: each for each in every if each.newer}.values()
    return [*out, *(f"evidence #{each.entry} ({each.subject}) was followed by {each.newer}" for each in followed)]
