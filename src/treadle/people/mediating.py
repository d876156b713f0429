"""Mediation: an open decision is brought before somebody who is no party, who proposes, and whom the parties accept.

Its steps are the usual ones of a facilitative mediation (Moore 2014, "The Mediation Process"): a neutral person, talks
apart that stay private, an outcome in words that all agree to, and a day on which to see whether it held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import AccessError, DecisionError
from treadle.evidence import Alone, Chain, Entry, Reader
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.mediation_accepted import OutcomeAccepted
from treadle.evidence.kinds.mediation_called import MediationCalled
from treadle.evidence.kinds.mediation_noted import MediationNoted
from treadle.evidence.kinds.mediation_proposed import OutcomeProposed
from treadle.people.checking import check_date, check_option, check_text, open_in, people_of, refuse_stranger
from treadle.people.deciding import outcome_of
from treadle.people.decisions import SUBJECT
from treadle.people.found import Decision
from treadle.people.proposals import Proposal, standing_proposal
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


LEAST_DAYS = 3
"""Of a mediation that a party calls."""


def call_mediator(
    chain: Chain, spec: ProjectSpec, name: str, mediator: str, until: str, because: str, today: date
) -> Entry[MediationCalled]:
    """Bring an open decision before a mediator. Whoever has a part in it may: a party, or who decides.

    Where one mediates already, who was named to decide alone may name another: a party could else take the decision
    from them. That person may also once the day is over, and anybody with a part where the mediator has left the
    project: whoever is away would else keep it from all.

    Raises:
        DecisionError: they are a party, nobody of the project, another mediates, or the day is none or too near;
        AccessError: the actor has no part.
    """
    check_text(because, "--because")
    if not until:
        raise DecisionError("a mediation ends on a day", where="--until", mend="write 2027-01-31")
    check_date(until, "--until", today)
    refuse_stranger(spec, mediator, people_of(spec), "--mediator")
    with chain.alone() as alone:
        found, opened = open_in(alone, name, today)
        parties, decides = parties_of(alone, found), _named_to_decide(alone, name)
        if chain.actor not in parties:
            raise AccessError(
                f"{chain.actor} has no part in {name}", where="--as", mend=f"one of these may: {', '.join(parties)}"
            )
        if found.mediator in people_of(spec) and chain.actor != decides:
            raise DecisionError(
                f"{found.mediator} mediates in {name} until {found.until}",
                where="--mediator",
                mend=f"{decides} may name another, so that no party takes it from who decides",
            )
        if chain.actor != decides and date.fromisoformat(until) < today + timedelta(days=LEAST_DAYS):
            raise DecisionError(
                f"{until} leaves no time to mediate, and after it the mediator decides",
                where="--until",
                mend=f"name a day from {today + timedelta(days=LEAST_DAYS)} on; who decides may name an earlier one",
            )
        if mediator in parties:
            raise DecisionError(
                f"{mediator} is a party, and so no mediator", where="--mediator", mend="name somebody else"
            )
        said = MediationCalled(
            decision=name, opened=opened, mediator=mediator, until=until, because=" ".join(because.split())
        )
        return alone.append(said, f"{SUBJECT}{name}")


def _named_to_decide(reader: Reader, name: str) -> str:
    """At the opening: whoever decides now, it may be the mediator of a day that is over."""
    opened: list[Entry[DecisionOpened]] = reader.find(
        DecisionOpened, subject=f"{SUBJECT}{name}", status="done", limit=1
    )
    return opened[0].payload.decides


def parties_of(reader: Reader, found: Decision) -> list[str]:
    """All who opened it, were asked, took a position or are named to decide, but the mediator."""
    decides = _named_to_decide(reader, found.name)
    every = (found.opened_by, *found.asked, *(position.person for position in found.positions), decides)
    return [person for person in dict.fromkeys(every) if person != found.mediator]


def write_note(chain: Chain, name: str, note: Blob, today: date) -> Entry[MediationNoted]:
    """Keep a note that is encrypted already, of the mediator alone."""
    with chain.alone() as alone:
        found, _ = open_in(alone, name, today)
        check_mediates(found, chain.actor)
        return alone.append(MediationNoted(decision=name, note=note), f"{SUBJECT}{name}")


def propose(chain: Chain, name: str, option: str, because: str, review: str, today: date) -> Entry[OutcomeProposed]:
    """What the mediator proposes. It takes the place of an earlier proposal, and of who had accepted that.

    Raises:
        AccessError: the actor does not mediate; DecisionError: no such option, or no day to look at it again.
    """
    check_text(because, "--because")
    if not review:
        raise DecisionError("what is agreed is looked at again", where="--review", mend="name a day: 2027-03-01")
    check_date(review, "--review", today)
    with chain.alone() as alone:
        found, opened = open_in(alone, name, today)
        check_mediates(found, chain.actor)
        check_option(found, option)
        said = OutcomeProposed(
            decision=name, opened=opened, option=option, because=" ".join(because.split()), review=review
        )
        return alone.append(said, f"{SUBJECT}{name}")


def accept_outcome(chain: Chain, name: str, proposal: int, today: date) -> Entry[OutcomeAccepted]:
    """Accept the proposal that stands in an entry. With the last party's word the decision is made, at once.

    Raises:
        DecisionError: no proposal, another by now, accepted already, or somebody who was asked never spoke;
        AccessError: the actor is no party.
    """
    with chain.alone() as alone:
        found, _ = open_in(alone, name, today)
        stands = standing_proposal(alone.find(subject=f"{SUBJECT}{name}", status="done"))
        if stands is None or stands.entry.seq != proposal:
            now = f"it is #{stands.entry.seq} by now" if stands else f"{found.mediator or 'a mediator'} proposes first"
            raise DecisionError(
                f"#{proposal} is not what is proposed for {name}",
                where="--proposal",
                mend=f"{now}: treadle decide show PROJECT {name}",
            )
        parties = parties_of(alone, found)
        if chain.actor not in parties:
            raise AccessError(
                f"{chain.actor} is no party of {name}", where="--as", mend=f"these are: {', '.join(parties)}"
            )
        if chain.actor in stands.accepted:
            raise DecisionError(f"{chain.actor} has accepted #{proposal}", where="--as", mend="others are waited for")
        accepted = alone.append(OutcomeAccepted(decision=name, proposal=stands.entry.ref), f"{SUBJECT}{name}")
        everybody = (*stands.accepted, chain.actor)
        if set(parties) <= set(everybody):
            _close(alone, found, stands, everybody)
        return accepted


def _close(alone: Alone, found: Decision, stands: Proposal, everybody: Sequence[str]) -> None:
    """All have accepted: nobody is against it, whatever their position was before."""
    said = stands.entry.payload
    closed = outcome_of(alone, found, said.opened, said.option, said.because)
    agreed = msgspec.structs.replace(closed, against=(), unheard=(), agreed=tuple(everybody), review=said.review)
    alone.append(agreed, f"{SUBJECT}{found.name}")


def check_mediates(found: Decision, actor: str) -> None:
    """Raises AccessError: another mediates, or nobody does."""
    if not found.mediator or actor != found.mediator:
        raise AccessError(
            f"{found.mediator or 'nobody'} mediates in {found.name}, and not {actor}",
            where="--as",
            mend=f"name one who is no party: treadle decide mediate PROJECT {found.name} --mediator NAME --until DAY",
        )
