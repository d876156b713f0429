"""The terms of an experiment that settles a decision, as the record has them: who agreed to them, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.decision_agreed import TermsAgreed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.decision_settled import DecisionSettled
from treadle.evidence.kinds.decision_terms import TermsStated
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.people.found import ExperimentShown, Position, SideShown
from treadle.people.proposals import mediation


@dataclass(frozen=True)
class Terms:
    """The newest terms since the question was last opened. `agreed`: who has, in their order; `complete`: all who must
    have, so that they stand; `settled`: what the experiment came to, once it was run."""

    stated: Entry[TermsStated]
    agreed: tuple[str, ...] = ()
    complete: bool = False
    settled: Entry[DecisionSettled] | None = None


def standing_terms(entries: Sequence[Entry[Payload]]) -> Terms | None:
    """Of the entries of a decision, oldest first; None where none were stated since it was last opened."""
    found: Terms | None = None
    options: dict[str, str] = {}
    opened = entries[0].payload if entries else None
    for count, entry in enumerate(entries, 1):
        told = entry.payload
        if isinstance(told, PositionStated):
            options[entry.actor] = told.option
        if isinstance(told, TermsStated):
            found = Terms(entry, (entry.actor,))  # type: ignore[arg-type]
        elif isinstance(told, DecisionReviewed) and not told.holds:
            found = None
        elif found is None:
            continue
        elif isinstance(told, TermsAgreed) and told.terms.digest == found.stated.hash:
            found = Terms(found.stated, (*found.agreed, entry.actor), told.complete)
        elif isinstance(told, DecisionSettled) and told.terms == found.stated.hash:
            found = Terms(found.stated, found.agreed, found.complete, entry)  # type: ignore[arg-type]
        if found is not None and not found.complete and isinstance(opened, DecisionOpened):
            # also where it is another's position by which all have
            found = replace(found, complete=_agreed_by_all(found, options, _decided(entries[:count], opened)))
    return found


def _decided(entries: Sequence[Entry[Payload]], opened: DecisionOpened) -> str:
    """Who was to decide on the day of the last of these entries: a mediator, once theirs was over."""
    mediator, until = mediation(entries, opened)
    return mediator if mediator and until and until < entries[-1].time[:10] else opened.decides


def _agreed_by_all(terms: Terms, options: Mapping[str, str], decides: str) -> bool:
    """`options`: whom each is for, by person."""
    sides = [side.option for side in terms.stated.payload.sides]
    parties = {person for person, option in options.items() if option in sides}
    return {*sides} <= {*options.values()} and parties | {decides} <= {*terms.agreed}


def must_agree(sides: Sequence[str], positions: Sequence[Position], decides: str) -> list[str]:
    """Whose word an experiment takes the place of: all who are for one of its sides, and who decides."""
    parties = [position.person for position in positions if position.option in sides]
    return list(dict.fromkeys((*parties, decides)))


def stand(terms: Terms, positions: Sequence[Position], decides: str) -> bool:
    """Whether all who must have agreed. That they once had counts for good, whatever anybody is for later."""
    options = {position.person: position.option for position in positions}
    return terms.complete or _agreed_by_all(terms, options, decides)


def shown_terms(terms: Terms, positions: Sequence[Position], decides: str) -> ExperimentShown:
    said, settled = terms.stated.payload, terms.settled.payload if terms.settled else None
    found = {side.option: side for side in settled.sides} if settled else {}
    stands = stand(terms, positions, decides)
    must = [] if stands else must_agree([side.option for side in said.sides], positions, decides)
    return ExperimentShown(
        entry=terms.stated.seq,
        status="ran" if settled else "agreed" if stands else "stated",
        sides=[
            SideShown(
                option=side.option,
                changes=list(side.changes),
                people=[position.person for position in positions if position.option == side.option],
                family=found[side.option].family if found else "",
                value=found[side.option].value if found else None,
                interval=[found[side.option].low, found[side.option].high] if found else [None, None],
                seconds=found[side.option].seconds if found else None,
            )
            for side in said.sides
        ],
        metric=said.metric,
        margin=said.margin,
        minutes=said.minutes,
        otherwise=said.otherwise,
        rows=[ref.name for ref in said.sources.values()],
        agreed=list(terms.agreed),
        waits_for=[person for person in must if person not in terms.agreed],
        gain=settled.gain if settled else None,
        interval=[settled.low, settled.high] if settled else [None, None],
        verdict=settled.verdict if settled else "",
        better=settled.better if settled else "",
        said=settled.said() if settled else "",
    )
