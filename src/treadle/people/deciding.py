"""Open a decision, state a position, decide, ask again. Each is an entry in the name of who does it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from treadle.errors import AccessError, DecisionError, nearest
from treadle.evidence import Alone, Chain, Entry
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.people.decisions import SUBJECT, decision, names
from treadle.people.found import Decision
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
MOST_OPTIONS = 20
MOST_TEXT = 10_000
"""Characters of a reason; what is longer is a document, and belongs into one that is linked."""


def open_decision(chain: Chain, spec: ProjectSpec, asked: DecisionOpened, today: date) -> Entry[DecisionOpened]:
    """Raises DecisionError: the name is taken, or what is asked makes no decision; each says how to mend it."""
    _check_opening(spec, asked, today)
    with chain.alone() as alone:
        if asked.decision in names(alone):
            raise DecisionError(
                f"there is a decision {asked.decision} already",
                where="NAME",
                mend="give another name; what was decided is opened again by decide review --holds no",
            )
        return alone.append(asked, f"{SUBJECT}{asked.decision}")


def state_position(
    chain: Chain, name: str, option: str, because: str, evidence: tuple[EntryRef, ...], today: date
) -> Entry[PositionStated]:
    """What the actor of the chain is for. A later one takes the place of theirs before; that stays in the record."""
    _check_text(because, "--because")
    with chain.alone() as alone:
        found, opened = _open(alone, name, today)
        _check_option(found, option)
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
    _check_text(because, "--because")
    with chain.alone() as alone:
        found, opened = _open(alone, name, today)
        _check_option(found, option)
        _check_decides(found, chain.actor)
        _check_heard(found, without)
        heard = tuple(
            entry.ref
            for person in found.positions
            for entry in alone.find(PositionStated, subject=f"{SUBJECT}{name}", status="done", newest_first=True)
            if entry.actor == person.person and entry.time == person.time
        )
        against = tuple(position.person for position in found.positions if position.option != option)
        closed = DecisionClosed(
            decision=name,
            opened=opened,
            option=option,
            because=" ".join(because.split()),
            heard=heard,
            against=against,
            unheard=tuple(found.unheard),
        )
        return alone.append(closed, f"{SUBJECT}{name}")


def review_decision(
    chain: Chain, name: str, *, holds: bool, because: str, review: str, today: date
) -> Entry[DecisionReviewed]:
    """Say whether what was decided still holds. Anybody of the project may find that it does not."""
    _check_text(because, "--because")
    _check_date(review, "--review", today)
    with chain.alone() as alone:
        found = _found(alone, name, today)
        if found.outcome is None:
            raise DecisionError(f"{name} is not decided yet", where=name, mend="there is nothing to review")
        closed = alone.find(DecisionClosed, subject=f"{SUBJECT}{name}", status="done", newest_first=True, limit=1)
        said = DecisionReviewed(
            decision=name, closed=closed[0].ref, holds=holds, because=" ".join(because.split()), review=review
        )
        return alone.append(said, f"{SUBJECT}{name}")


def people_of(spec: ProjectSpec) -> list[str]:
    """Everybody whom the brief names."""
    people = spec.brief.people
    return list(dict.fromkeys((people.owner, *people.reviewers, *(n for each in people.roles.values() for n in each))))


def _check_opening(spec: ProjectSpec, asked: DecisionOpened, today: date) -> None:
    if not _NAME.fullmatch(asked.decision):
        raise DecisionError(
            f'"{asked.decision}" is no name for a decision',
            where="NAME",
            mend="lower-case letters, digits, - and _, such as drop-weather",
        )
    _check_text(asked.question, "--question")
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
        _check_date(text, flag, today)
    if asked.mediator and not asked.until:
        raise DecisionError("a mediator decides once a day is over", where="--mediator", mend="give --until 2027-01-31")
    if asked.mediator in (asked.decides, *asked.asked):
        raise DecisionError(
            f"{asked.mediator} is a party, and so no mediator", where="--mediator", mend="name somebody else"
        )


def _check_text(text: str, where: str) -> None:
    if not text.strip():
        raise DecisionError("a reason is needed", where=where, mend="say it in a sentence; it stays in the record")
    if len(text) > MOST_TEXT:
        raise DecisionError(
            f"{len(text):,} characters are no sentence", where=where, mend="keep it in a document, and name that"
        )


def refuse_stranger(spec: ProjectSpec, person: str, known: Sequence[str], where: str) -> None:
    """Raises DecisionError: a name that is none of `known`, with the one that is like it."""
    if person not in known:
        raise DecisionError(
            f"{person} is nobody of {spec.project}",
            where=where,
            mend=f"{nearest(person, known)}; its people stand under brief.people: {', '.join(known)}",
        )


def _check_date(text: str, where: str, today: date) -> None:
    if not text:
        return
    try:
        day = date.fromisoformat(text)
    except ValueError as bad:
        raise DecisionError(f'"{text}" is no day', where=where, mend="write 2027-01-31") from bad
    if day < today:
        raise DecisionError(f"{text} is over: today is {today}", where=where, mend="name a day that is to come")


def _found(alone: Alone, name: str, today: date) -> Decision:
    found = decision(alone, name, today)
    if found is None:
        raise unknown(name, names(alone))
    return found


def unknown(name: str, known: Sequence[str]) -> DecisionError:
    return DecisionError(
        f"there is no decision {name}", where="NAME", mend=nearest(name, known) or "open one: treadle decide open NAME"
    )


def _open(alone: Alone, name: str, today: date) -> tuple[Decision, EntryRef]:
    found = _found(alone, name, today)
    if found.outcome is not None:
        raise DecisionError(
            f"{name} was decided on {found.outcome.time[:10]} by {found.outcome.by}: {found.outcome.option}",
            where=name,
            mend=f"open it again first: treadle decide review PROJECT {name} --holds no --because REASON",
        )
    (opened,) = alone.find(DecisionOpened, subject=f"{SUBJECT}{name}", status="done", limit=1)
    return found, opened.ref


def _check_option(found: Decision, option: str) -> None:
    known = [each.name for each in found.options]
    if option not in known:
        raise DecisionError(
            f"{found.name} has no option {option}", where="--for", mend=nearest(option, known) or f"one of: {known}"
        )


def _check_decides(found: Decision, actor: str) -> None:
    if actor != found.decides:
        late = f", since {found.until} is over," if found.status == "overdue" and found.mediator else ""
        raise AccessError(
            f"{found.decides} decides {found.name}{late} and not {actor}",
            where="--as",
            mend=f"state a position: treadle decide say PROJECT {found.name} --for OPTION --because REASON",
        )


def _check_heard(found: Decision, without: Sequence[str]) -> None:
    strangers = [person for person in without if person not in found.unheard]
    if strangers:
        raise DecisionError(
            f"{', '.join(strangers)} need not be left out",
            where="--without",
            mend=f"not heard yet: {', '.join(found.unheard) or 'nobody'}",
        )
    waiting = [person for person in found.unheard if person not in without]
    if waiting:
        raise DecisionError(
            f"{', '.join(waiting)} {'was' if len(waiting) == 1 else 'were'} asked, and not heard",
            where=found.name,
            mend="wait for them, or decide --without each by name, which the record then shows",
        )
