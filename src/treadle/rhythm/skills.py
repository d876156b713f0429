"""Who knows what: computed from who did, reviewed and decided what, from Git, and beside it what each says themselves.

A thing done counts by half after each 180 days. It tells who can be asked, and ranks nobody: an area lists whoever
knows it by name. Ownership by what was touched, with decay, follows "degree of authorship" (Fritz and others, "A
Degree-of-Knowledge Model to Capture Source Code Familiarity", 2010) in its idea alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import TeamError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.skill_rated import Level, SkillRated
from treadle.people.checking import people_of
from treadle.repository import Touched, touched
from treadle.rhythm.areas import AREAS, area_of, area_of_file
from treadle.rhythm.found import Area, Knowing, Pair
from treadle.rhythm.owners import person_of

if TYPE_CHECKING:
    from treadle.workspace import Workspace

HALF_DAYS = 180.0
SINCE_DAYS = 730
LEAST = 0.5
"""Who did less than this of late, decayed, is not counted as one who knows: one act half a year ago is just enough."""
_PART = 0.1
"""Nor is who did less than this part of what the busiest there did."""
NO_ACT = ("training.trials", "sealed.opened")
"""Kinds that a step writes beside what it does, some every few seconds: nothing that somebody did by itself."""
_RATED: dict[str, float] = {"new": 0.0, "some": 0.0, "well": 1.0, "teaches": 2.0}


class _Act(Struct, frozen=True):
    """`count` things of one sort that a person did in an area, on the day of `time`."""

    area: str
    person: str
    ground: str
    count: int
    time: str


class Map(Struct, frozen=True):
    """`strangers`: e-mail addresses of Git that are no person of the project."""

    areas: list[Area]
    pairs: list[Pair]
    strangers: list[str]


def skills(workspace: Workspace, reader: Reader, now: datetime) -> Map:
    spec = workspace.project.spec
    people = people_of(spec)
    commits = touched(workspace.project.root, (now - timedelta(days=SINCE_DAYS)).date().isoformat())
    in_git, strangers = _of_git(commits, people)
    acts = [*_of_record(reader), *in_git]
    rated = _rated(reader)
    names = dict.fromkeys((*(name for name, _ in AREAS), *(act.area for act in acts), *(area for _, area in rated)))
    areas = [_area(name, [act for act in acts if act.area == name], rated, people, now) for name in names]
    return Map(areas, list(_pairs(areas, people)), strangers)


def rate(chain: Chain, known: Sequence[str], area: str, level: Level) -> Entry[SkillRated]:
    """How well the chain's actor says that they know an area.

    Raises:
        TeamError: there is no such area.
    """
    if area not in known:
        mend = nearest(area, known) or f"areas: {', '.join(known)}"
        raise TeamError(f"there is no area {area}", where="AREA", mend=mend)
    return chain.append(SkillRated(area=area, level=level), f"skill/{chain.actor}"[:255])


def _of_record(reader: Reader) -> Iterator[_Act]:
    """Sums by person, kind and day, which an index answers: no entry is read."""
    from sqlalchemy import func, select, text

    from treadle.store.schema import FAILED, entries

    day = func.substr(entries.c.time, 1, 10)
    query = select(entries.c.actor, entries.c.kind, day, func.count(), func.max(entries.c.time))
    every = query.group_by(entries.c.actor, entries.c.kind, day)
    # what failed is told apart by the index of those few; asked of all entries, each would have to be looked up
    wrong = reader.connection.execute(every.where(text(FAILED)))
    failed = {(actor, kind, on): count for actor, kind, on, count, _ in wrong}
    for actor, kind, on, count, last in reader.connection.execute(every):
        area, done = area_of(str(kind)), int(count) - failed.get((actor, kind, on), 0)
        if done and area and ":" not in str(actor) and kind not in NO_ACT:
            yield _Act(area, str(actor), str(kind), done, str(last))


def _of_git(commits: Sequence[Touched], people: Sequence[str]) -> tuple[list[_Act], list[str]]:
    """Commits as acts. An address is a person whose name it has before the @; `.mailmap` maps others."""
    acts, strangers = list[_Act](), dict[str, None]()
    for commit in commits:
        areas = dict.fromkeys(area_of_file(file) for file in commit.files)
        for email in commit.authors:
            person = person_of(email, people)
            if not person:
                strangers[email] = None
                continue
            acts += [_Act(area, person, "commit", 1, commit.time) for area in areas]
    return acts, list(strangers)


def _rated(reader: Reader) -> dict[tuple[str, str], Level]:
    """What each says of themselves, by person and area."""
    said: list[Entry[SkillRated]] = reader.find(SkillRated, status="done")
    return {(entry.actor, entry.payload.area): entry.payload.level for entry in said}


def _area(
    name: str, acts: Sequence[_Act], rated: dict[tuple[str, str], Level], people: Sequence[str], now: datetime
) -> Area:
    persons = dict.fromkeys((*(act.person for act in acts), *(person for person, area in rated if area == name)))
    known = []
    for person in sorted(persons):
        mine = [act for act in acts if act.person == person]
        recent = sum(act.count * 0.5 ** (_age(act.time, now) / HALF_DAYS) for act in mine)
        grounds: dict[str, int] = {}
        for act in mine:
            grounds[act.ground] = grounds.get(act.ground, 0) + act.count
        known.append(
            Knowing(
                person,
                round(recent, 2),
                [f"{count:,} {ground}" for ground, count in sorted(grounds.items(), key=lambda each: -each[1])[:3]],
                max((act.time for act in mine), default=""),
                rated.get((person, name), ""),
            )
        )
    can = able(known, people)
    return Area(name, known, can[0] if len(can) == 1 else "", bool(persons) and not can)


def able(known: Sequence[Knowing], people: Sequence[str]) -> list[str]:
    """Who of the project counts as one who knows an area, by name."""
    busiest = max((each.recent for each in known if each.person in people), default=0.0)
    return [each.person for each in known if each.person in people and _knows(each, busiest)]


def _knows(each: Knowing, busiest: float) -> bool:
    return each.recent + _RATED.get(each.rated, 0.0) >= max(LEAST, _PART * busiest)


def _age(time: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(time)).total_seconds() / 86_400)


def _pairs(areas: Sequence[Area], people: Sequence[str]) -> Iterator[Pair]:
    """For each area that one alone knows: who stands nearest to it, or else who knows the fewest areas."""
    knows = {
        person: sum(any(k.person == person and k.recent for k in area.people) for area in areas) for person in people
    }
    for area in areas:
        others = [person for person in people if person != area.alone]
        if not area.alone or not others:
            continue
        near = {each.person: each.recent for each in area.people}
        learns = max(others, key=lambda person: (near.get(person, 0.0), -knows[person]))
        knows[learns] += 1  # so that not all of it falls to one
        why = "did a little there already" if near.get(learns) else "knows the fewest areas"
        yield Pair(area.name, area.alone, learns, f"{area.alone} alone knows {area.name}; {learns} {why}")
