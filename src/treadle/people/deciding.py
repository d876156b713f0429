"""Open a decision, state a position, decide, ask again. Each is an entry in the name of who does it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import AccessError, DecisionError
from treadle.evidence import Alone, Chain, Entry
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.decision_settled import DecisionSettled
from treadle.evidence.kinds.options_offered import OptionsOffered
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.people.checking import (
    check_date,
    check_heard,
    check_option,
    check_text,
    found_in,
    open_in,
    people_of,
    refuse_stranger,
)
from treadle.people.decisions import SUBJECT, names
from treadle.people.found import Decision
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
MOST_OPTIONS = 20


def open_decision(chain: Chain, spec: ProjectSpec, asked: DecisionOpened, today: date) -> Entry[DecisionOpened]:
    """Raises DecisionError: the name is taken, or what is asked makes no decision; each says how to mend it."""
    _check_opening(spec, asked, today, chain.actor)
    with chain.alone() as alone:
        _refuse_taken(alone, asked.decision)
        return alone.append(asked, f"{SUBJECT}{asked.decision}")


def open_with_offer(
    chain: Chain, spec: ProjectSpec, asked: DecisionOpened, offer: OptionsOffered, today: date
) -> Entry[DecisionOpened]:
    """As `open_decision`, of options that are offered with their figures, which the decision then rests on."""
    _check_opening(spec, asked, today, chain.actor)
    with chain.alone() as alone:
        _refuse_taken(alone, asked.decision)
        offered = alone.append(offer, f"options/{asked.decision}")
        whole = msgspec.structs.replace(asked, evidence=(offered.ref, *asked.evidence))
        return alone.append(whole, f"{SUBJECT}{asked.decision}")


def _refuse_taken(alone: Alone, name: str) -> None:
    if name in names(alone):
        raise DecisionError(
            f"there is a decision {name} already",
            where="NAME",
            mend="give another name; what was decided is opened again by decide review --holds no",
        )


def state_position(
    chain: Chain, name: str, option: str, because: str, evidence: tuple[EntryRef, ...], today: date
) -> Entry[PositionStated]:
    """What the actor of the chain is for. A later one takes the place of theirs before; that stays in the record."""
    check_text(because, "--because")
    with chain.alone() as alone:
        found, opened = open_in(alone, name, today)
        check_option(found, option)
        if chain.actor == found.mediator:
            raise DecisionError(
                f"{chain.actor} is the mediator of {name}, and takes no side", where="--as", mend="let others speak"
            )
        said = PositionStated(
            decision=name, opened=opened, option=option, because=" ".join(because.split()), evidence=evidence
        )
        return alone.append(said, f"{SUBJECT}{name}")


def close_decision(
    chain: Chain, name: str, option: str, because: str, without: Sequence[str], today: date
) -> Entry[DecisionClosed]:
    """Decide, as the chain's actor. `without`: persons who were asked, said nothing, and are not waited for.

    Raises:
        AccessError: another decides.
        DecisionError: somebody who was asked was not heard, and is not named in `without`.
    """
    check_text(because, "--because")
    with chain.alone() as alone:
        found, opened = open_in(alone, name, today)
        check_option(found, option)
        _check_decides(found, chain.actor)
        check_heard(found, without)
        return alone.append(outcome_of(alone, found, opened, option, because), f"{SUBJECT}{name}")


def close_by_experiment(
    chain: Chain, settled: Entry[DecisionSettled], option: str, without: Sequence[str], today: date
) -> Entry[DecisionClosed]:
    """Write what came of an experiment as the outcome: all who must had agreed before that it decides."""
    name = settled.payload.decision
    with chain.alone() as alone:
        found, opened = open_in(alone, name, today)
        check_heard(found, without)
        closed = outcome_of(alone, found, opened, option, f"by experiment: {settled.payload.said()}")
        return alone.append(msgspec.structs.replace(closed, settled=settled.ref), f"{SUBJECT}{name}")


def outcome_of(alone: Alone, found: Decision, opened: EntryRef, option: str, because: str) -> DecisionClosed:
    """The outcome, with every position as it stood."""
    said = alone.find(PositionStated, subject=f"{SUBJECT}{found.name}", status="done", newest_first=True)
    heard = tuple(
        entry.ref
        for person in found.positions
        for entry in said
        if entry.actor == person.person and entry.time == person.time
    )
    return DecisionClosed(
        decision=found.name,
        opened=opened,
        option=option,
        because=" ".join(because.split()),
        heard=heard,
        against=tuple(position.person for position in found.positions if position.option != option),
        unheard=tuple(found.unheard),
    )


def review_decision(
    chain: Chain, name: str, *, holds: bool, because: str, review: str, today: date
) -> Entry[DecisionReviewed]:
    """Say whether what was decided still holds. Anybody of the project may find that it does not."""
    check_text(because, "--because")
    check_date(review, "--review", today)
    with chain.alone() as alone:
        found = found_in(alone, name, today)
        if found.outcome is None:
            raise DecisionError(f"{name} is not decided yet", where=name, mend="there is nothing to review")
        closed = alone.find(DecisionClosed, subject=f"{SUBJECT}{name}", status="done", newest_first=True, limit=1)
        said = DecisionReviewed(
            decision=name, closed=closed[0].ref, holds=holds, because=" ".join(because.split()), review=review
        )
        return alone.append(said, f"{SUBJECT}{name}")


def _check_opening(spec: ProjectSpec, asked: DecisionOpened, today: date, opens: str) -> None:
    if not _NAME.fullmatch(asked.decision):
        raise DecisionError(
            f'"{asked.decision}" is no name for a decision',
            where="NAME",
            mend="lower-case letters, digits, - and _, such as drop-weather",
        )
    check_text(asked.question, "--question")
    options = [option.name for option in asked.options]
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) < len(options) or not all(options):
        raise DecisionError(
            "a decision is between two options at least, each with a name of its own",
            where="--option",
            mend='--option "keep: leave it as it is" --option "drop: take it out"',
        )
    known = people_of(spec)
    named = [("--asks", person) for person in asked.asked] + [("--decides", asked.decides)]
    for flag, person in [*named, *([("--mediator", asked.mediator)] if asked.mediator else [])]:
        refuse_stranger(spec, person, known, flag)
    for flag, text in (("--until", asked.until), ("--review", asked.review)):
        check_date(text, flag, today)
    if asked.mediator and not asked.until:
        raise DecisionError("a mediator decides once a day is over", where="--mediator", mend="give --until 2027-01-31")
    if asked.mediator in (opens, asked.decides, *asked.asked):
        raise DecisionError(
            f"{asked.mediator} is a party, and so no mediator", where="--mediator", mend="name somebody else"
        )


def _check_decides(found: Decision, actor: str) -> None:
    if actor != found.decides:
        late = f", since {found.until} is over," if found.status == "overdue" and found.mediator else ""
        raise AccessError(
            f"{found.decides} decides {found.name}{late} and not {actor}",
            where="--as",
            mend=f"state a position: treadle decide say PROJECT {found.name} --for OPTION --because REASON",
        )
