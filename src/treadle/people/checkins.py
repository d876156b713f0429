"""Short check-ins: what one writes is for oneself; two numbers of it go, without a name, to a trend of the team.

The trend is for teams of five and more: of fewer, numbers without names would still be somebody's.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from treadle.errors import AccessError, DecisionError
from treadle.evidence import Chain, Reader
from treadle.evidence.kinds.checkin_kept import CheckinKept
from treadle.evidence.kinds.checkins_shown import Answered, Blocked, CheckinsShown
from treadle.evidence.kinds.concerns_shown import NOBODY, Concern
from treadle.people import unnamed
from treadle.people.found import OwnCheckin, Pulse
from treadle.people.private import lock, unlock
from treadle.spec.trust import account_folder

if TYPE_CHECKING:
    from treadle.spec import Project

SUBJECT = "checkins"
LEAST = unnamed.CHECKINS.least
HIGH_LOAD = 4.0
Trend = Literal["counted", "waits already", "no room", "too few"]
"""What becomes of the numbers of a check-in: they wait with the team's; some of theirs do already; so many wait that
there is no room; or the team is too small for a trend."""
_Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
BLOCKED = 0.4
"""The share of answers with blocked work from which on it is told."""
_WEEK = timedelta(days=7)
_SALT = 32
_ANSWER = re.compile(r"([1-5])[\s,;]+(none|some|most)\b[\s,;:.]*", re.IGNORECASE)
ASKS = (
    "First your load from 1 (too little) to 5 (too much), and how much of your work is blocked: none, some or most; "
    "then whatever you like, for yourself alone, such as: 4 some, waiting for labels. "
    "End it with Ctrl-D on a line of its own."
)


def keep_checkin(chain: Chain, project: Project, root: Path, text: str) -> Trend:
    """Keep it in this account, encrypted, and its salted digest in the record. What becomes of its two numbers.

    What is written again in a week takes the place of what was written before. Of one person the numbers of one wait at
    a time: what is shown as five answers is of five persons, whatever somebody removes from their own account.

    Raises:
        DecisionError: it does not begin with the two answers. AccessError: this account has no place for it.
    """
    load, blocked = answers_in(text)
    today, spec = chain.clock().date(), project.spec
    week, team = _week(today), len(spec.brief.people.everybody) >= LEAST
    show_waiting(chain, root, today)
    content = secrets.token_hex(_SALT // 2) + "\n" + text.strip()
    file = _file(project, chain.actor, week)
    locked = lock(content, f"checkin/{spec.project}/{chain.actor}/{week}")
    with chain.alone() as alone:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = file.with_name(f".{file.name}.{os.getpid()}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(locked)
            part.replace(file)
        except OSError as bad:
            raise AccessError(
                f"this account has no place for what is private: {bad.strerror}", where=str(file.parent)
            ) from bad
        alone.append(CheckinKept(week=week, digest=_digest(content)), SUBJECT, actor=NOBODY)
    answer = msgspec.json.encode([load, blocked]).decode()
    if not team:
        return "too few"
    try:
        return "counted" if unnamed.put(root, answer, unnamed.CHECKINS, chain.actor) else "waits already"
    except DecisionError:  # what was written is kept by now, and to do it once more would not help
        return "no room"


def answers_in(text: str) -> tuple[int, Blocked]:
    """
    >>> answers_in("4, some: waiting for labels")
    (4, 'some')
    """
    found = _ANSWER.match(text.strip())
    if found is None:
        raise DecisionError(
            "the two answers are missing", where="standard input", mend="begin with them: 4 some, waiting for labels"
        )
    return int(found[1]), found[2].lower()  # type: ignore[return-value]


def show_waiting(chain: Chain, root: Path, today: date) -> None:
    """Write what waits into the record, where a new week has begun and there are enough."""
    newest = chain.last(CheckinsShown, subject=SUBJECT)
    known = frozenset(each.id for each in newest.payload.answers) if newest is not None else frozenset()
    week = _week(today)

    def keep(waiting: Sequence[Concern]) -> None:
        found = []
        for each in waiting:
            with suppress(msgspec.MsgspecError):  # a place that somebody wrote into by hand
                load, blocked = msgspec.json.decode(each.text, type=tuple[_Level, Blocked])
                found.append(Answered(each.id, load, blocked))
        if len(found) < LEAST:
            return
        chain.acting(NOBODY).append(CheckinsShown(week=week, answers=tuple(found)), SUBJECT)

    unnamed.show(root, week, keep, known, unnamed.CHECKINS)


def own(chain: Chain, project: Project) -> list[OwnCheckin]:
    """What this person wrote in this account, the newest first, each held to the digest that the record has."""
    kept = {entry.payload.digest for entry in chain.find(CheckinKept, subject=SUBJECT, status="done")}
    out = []
    for file in sorted(_file(project, chain.actor, "*").parent.glob("*.checkin"), reverse=True):
        content = unlock(file.read_bytes(), f"checkin/{project.spec.project}/{chain.actor}/{file.stem}")
        text = content.partition("\n")[2]
        load, blocked = answers_in(text)
        out.append(OwnCheckin(file.stem, load, blocked, text, _digest(content) in kept))
    return out


def pulse(reader: Reader, limit: int = 26) -> list[Pulse]:
    """How the team is, a line for each time that answers were shown, the newest first."""
    shown = reader.find(CheckinsShown, subject=SUBJECT, status="done", newest_first=True, limit=limit)
    out = list[Pulse]()
    for entry in shown:
        answers = entry.payload.answers
        load = sum(each.load for each in answers) / len(answers)
        high = sum(each.load == 5 for each in answers)
        blocked = sum(each.blocked != "none" for each in answers) / len(answers)
        out.append(Pulse(entry.payload.week, len(answers), load, high, blocked, entry.seq))
    return out


def warnings(found: Sequence[Pulse], today: date) -> list[str]:
    """What should be looked at, of two weeks after one another: one bad week is a week, two are a way of working.

    today: a warning holds until two weeks have gone by without answers that were shown.
    """
    if len(found) < 2:
        return []
    newest, before = found[0], found[1]
    if _monday(newest.week) - _monday(before.week) > _WEEK or today - _monday(newest.week) > 3 * _WEEK:
        return []
    said = []
    if min(newest.load, before.load) >= HIGH_LOAD:
        said.append(f"the load is {newest.load:.1f} of 5, and was {before.load:.1f} before: it is too much for long")
    if min(newest.blocked, before.blocked) >= BLOCKED:
        said.append(f"{newest.blocked:.0%} have blocked work, and {before.blocked:.0%} had before")
    return said


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def _file(project: Project, actor: str, week: str) -> Path:
    """Of one person: several may work in one account, where the project says so."""
    name = hashlib.sha256(f"{actor}\n{os.path.realpath(project.root)}".encode()).hexdigest()[:32]
    return account_folder() / "checkins" / name / f"{week}.checkin"


def _monday(week: str) -> date:
    """
    >>> _monday("2026-W01")
    datetime.date(2025, 12, 29)
    """
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
