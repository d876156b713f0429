"""What is asked of whoever decides with others: reasons, days, names, options, and that a decision is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from treadle.days import day_in, how_to_write
from treadle.errors import DecisionError, closest, nearest
from treadle.evidence import Alone
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.people.decisions import SUBJECT, decision, names
from treadle.people.found import Decision
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

MOST_TEXT = 10_000
"""Characters of a reason; what is longer is a document, and belongs into one that is linked."""


def people_of(spec: ProjectSpec) -> list[str]:
    """Everybody whom the brief names."""
    return list(spec.brief.people.everybody)


def check_text(text: str, where: str) -> None:
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
            mend=nearest(person, known)
            if closest(person, known)
            else f"its people stand under brief.people: {', '.join(known)}",
        )


def check_date(text: str, where: str, today: date) -> None:
    if not text:
        return
    try:
        day = day_in(text)
    except ValueError as bad:
        raise DecisionError(f'"{text}" is no day', where=where, mend=how_to_write(text)) from bad
    if day < today:
        raise DecisionError(f"{text} is over: today is {today}", where=where, mend="name a day that is to come")


def found_in(alone: Alone, name: str, today: date) -> Decision:
    found = decision(alone, name, today)
    if found is None:
        raise unknown(name, names(alone))
    return found


def unknown(name: str, known: Sequence[str]) -> DecisionError:
    return DecisionError(
        f"there is no decision {name}", where="NAME", mend=nearest(name, known) or "open one: treadle decide open NAME"
    )


def open_in(alone: Alone, name: str, today: date) -> tuple[Decision, EntryRef]:
    found = found_in(alone, name, today)
    if found.outcome is not None:
        raise DecisionError(
            f"{name} was decided on {found.outcome.time[:10]} by {found.outcome.by}: {found.outcome.option}",
            where=name,
            mend=f"open it again first: treadle decide review PROJECT {name} --holds no --because REASON",
        )
    (opened,) = alone.find(DecisionOpened, subject=f"{SUBJECT}{name}", status="done", limit=1)
    return found, opened.ref


def check_option(found: Decision, option: str, where: str = "--for") -> None:
    known = [each.name for each in found.options]
    if option not in known:
        raise DecisionError(
            f"{found.name} has no option {option}", where=where, mend=nearest(option, known) or f"one of: {known}"
        )


def check_heard(found: Decision, without: Sequence[str]) -> None:
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
