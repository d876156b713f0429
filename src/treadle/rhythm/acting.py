"""Open an action, close it, give it to another or another day. Each is an entry in the name of who does it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.days import day_in, how_to_write
from treadle.errors import Fault, TeamError, TreadleError
from treadle.evidence import Alone, Chain, Entry
from treadle.evidence.kinds.action_changed import ActionChanged, State
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.people.checking import people_of, refuse_stranger
from treadle.rhythm.actions import SUBJECT, action, newest_of
from treadle.rhythm.found import Action
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

_TASK = re.compile(r"^\s*[-*] \[ \] (?P<text>.*)$")
_OWNER = re.compile(r"(?:^|\s)@(?P<owner>[\w.+-]+)")
_DAY = re.compile(r"(?:^|\s)(?P<due>\d{4}-\d\d-\d\d)(?=[\s.,;)]|$)")
_OTHER_DAY = re.compile(r"(?:^|\s)(?P<day>\d{1,4}[./-]\d{1,2}[./-]\d{1,4})(?=[\s.,;)]|$)")
MOST_ACTIONS = 50
MOST_TEXT = 500


class Asked(Struct, frozen=True):
    """An action that is to be opened. `where`: what asks for it, for a refusal."""

    text: str
    owner: str
    due: str
    where: str


def tasks_in(text: str, where: str, first: int = 1, check: Callable[[Asked], None] = lambda asked: None) -> list[Asked]:
    """The actions in Markdown: `- [ ] Ask the airline for gates @lin 2027-01-15`. `first`: the number of the first
    line, where the text stands in a file. `check`: what else one is held to.

    Raises:
        TeamError: one has no owner, or no day; of several, all are told.
    """
    out, bad = list[Asked](), list[TreadleError]()
    for number, line in enumerate(text.splitlines(), first):
        found = _TASK.match(line)
        if not found:
            continue
        try:
            asked = asked_in(found["text"], f"{where}, line {number}")
            check(asked)
            out.append(asked)
        except TreadleError as wrong:
            bad.append(wrong)
    refuse_all(bad, "tasks that cannot be actions")
    if len(out) > MOST_ACTIONS:
        raise TeamError(
            f"{len(out)} actions are too many for one meeting", where=where, mend="keep to what will be done"
        )
    return out


def refuse_all(bad: Sequence[TreadleError], what: str) -> None:
    """Raises TreadleError: the one that there is. TeamError: all of several, in their order."""
    if len(bad) == 1:
        raise bad[0]
    if bad:
        raise TeamError(f"{len(bad)} {what}", faults=[Fault(each.what, each.where, each.mend) for each in bad])


def asked_in(line: str, where: str) -> Asked:
    """An action as it is written in one line, with @owner and a day, of several the last: those before are its text.

    >>> asked_in("Ask the airline @lin 2027-01-15", "--action")
    Asked(text='Ask the airline', owner='lin', due='2027-01-15', where='--action')
    >>> asked_in("Ask @ada for 2027-02-01 @lin 2027-01-15", "").text
    'Ask @ada for 2027-02-01'
    """
    line = unicodedata.normalize("NFC", line)  # an accent that was typed by itself is no other name
    owner, due = _last(_OWNER, line), _last(_DAY, line)
    lacks = [
        name for name, found in (("an owner, such as @lin", owner), ("a day, such as 2027-01-15", due)) if not found
    ]
    if lacks or owner is None or due is None:
        other = None if due is not None else _OTHER_DAY.search(line)
        mend = f"of {other['day']}, {how_to_write(other['day'])}" if other else "an action has both"
        raise TeamError(f'"{line.strip()[:60]}" lacks {" and ".join(lacks)}', where=where, mend=mend)
    first, last = sorted((owner.span(), due.span()))
    text = f"{line[: first[0]]} {line[first[1] : last[0]]} {line[last[1] :]}"
    return Asked(" ".join(text.split()), owner["owner"], due["due"], where)


def _last(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    found = list(pattern.finditer(line))
    return found[-1] if found else None


def open_actions(
    alone: Alone,
    spec: ProjectSpec,
    asked: Sequence[Asked],
    today: date,
    origin: str = "",
    rests: EntryRef | None = None,
) -> list[int]:
    """Open them under the lock that is held; their numbers.

    Raises:
        TeamError: a text is none, a day is over. DecisionError: an owner is nobody of the project.
    """
    for each in asked:
        check_action(spec, each, today)
    numbers = []
    for each in asked:
        number = alone.number(f"actions/{spec.project}")
        said = ActionOpened(number=number, text=each.text, owner=each.owner, due=each.due, origin=origin, rests=rests)
        alone.append(said, f"{SUBJECT}{number}")
        numbers.append(number)
    return numbers


def change_action(
    chain: Chain,
    spec: ProjectSpec,
    number: int,
    *,
    state: State,
    owner: str | None = None,
    due: str | None = None,
    because: str = "",
    evidence: tuple[EntryRef, ...] = (),
    seen: str | None = None,
) -> Entry[ActionChanged]:
    """Close an action, open it again, or give it to another person or day. `seen`: the hash of the newest entry about
    it that who changes it knows of, where that matters.

    Raises:
        TeamError: there is no such action, it is so already, or it was changed meanwhile.
    """
    today = chain.clock().date()
    with chain.alone() as alone:
        found, opened = action(alone, number, today)
        if seen is not None and newest_of(alone, number).hash != seen:
            raise TeamError(f"action {number} was changed meanwhile", where="NUMBER", mend="look at it again")
        now = "open" if found.state == "late" else found.state
        owner, moved = found.owner if owner is None else owner, found.due if due is None else due
        if (now, found.owner, found.due) == (state, owner, moved):
            raise TeamError(f"action {number} is {now} already", where="NUMBER", mend="nothing is to be changed")
        if state == "open" and due is not None:
            check_day(due, "--due", today)
        if owner != found.owner:
            refuse_stranger(spec, owner, people_of(spec), "--owner")
        if state != "done" and not because.strip():
            raise TeamError(
                "a reason is needed", where="--because", mend="say it in a sentence; it stays in the record"
            )
        said = ActionChanged(
            number=number,
            opened=opened.ref,
            state=state,
            owner=owner,
            due=moved,
            because=" ".join(because.split()),
            evidence=evidence,
        )
        return alone.append(said, f"{SUBJECT}{number}")


def close_action(alone: Alone, number: int, state: State, because: str, evidence: tuple[EntryRef, ...]) -> Action:
    """Close an action under the lock that is held, if it is open; as it stood before.

    Raises:
        TeamError: there is no such action.
    """
    found, opened = action(alone, number, alone.chain.clock().date())
    if found.state in ("open", "late"):
        said = ActionChanged(
            number=number,
            opened=opened.ref,
            state=state,
            owner=found.owner,
            due=found.due,
            because=because,
            evidence=evidence,
        )
        alone.append(said, f"{SUBJECT}{number}")
    return found


def check_day(text: str, where: str, today: date) -> date:
    """
    Raises:
        TeamError: it is no day, or one that is over.
    """
    try:
        day = day_in(text)
    except ValueError as bad:
        raise TeamError(f'"{text}" is no day', where=where, mend=how_to_write(text)) from bad
    if day < today:
        raise TeamError(f"{text} is over: today is {today}", where=where, mend="name a day that is to come")
    return day


def check_action(spec: ProjectSpec, asked: Asked, today: date) -> None:
    """
    Raises:
        TeamError: the text is none, the day is over. DecisionError: the owner is nobody of the project.
    """
    if not 0 < len(asked.text) <= MOST_TEXT:
        raise TeamError(
            f"an action is a sentence of 1 to {MOST_TEXT} characters", where=asked.where, mend="say what is to be done"
        )
    check_day(asked.due, asked.where, today)
    refuse_stranger(spec, asked.owner, people_of(spec), asked.where)
