"""Who could learn what from whom, a plan out of the real backlog, and how far it is by what the learner did since.

A plan binds nobody to a level: it names an area, two people and things that are to be done anyway. The learner takes
it and the mentor agrees, each with their own name; progress is read from the record and from Git, and typed in by
nobody. That one learns beside who knows, by real work of growing weight, follows "legitimate peripheral participation"
(Lave and Wenger, "Situated Learning", 1991) in its idea alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import TeamError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.growth_answered import Answer, GrowthAnswered
from treadle.evidence.kinds.growth_planned import GrowthPlanned, GrowthTask
from treadle.people.checking import MOST_TEXT, people_of, refuse_stranger
from treadle.rhythm.backlog import backlog
from treadle.rhythm.found import Area, Turn
from treadle.rhythm.growth import SUBJECT, Standing, plans
from treadle.rhythm.growth_found import Drawn, Gap, Mentor, Opening
from treadle.rhythm.skills import able, skills
from treadle.rhythm.turns import turns

if TYPE_CHECKING:
    from treadle.workspace import Workspace

MOST_TASKS = 7
BUSY = 10
"""Who has so many things waiting for them, or is in `MOST_PLANS` plans already, has little time for one more."""
MOST_PLANS = 2
_OWN_WORDS = ("new", "some")


class Team(Struct, frozen=True):
    """What is known of a project at one moment: who there is, what each knows, what waits, is open, is planned."""

    people: list[str]
    areas: list[Area]
    waits: list[Turn]
    open: list[Opening]
    plans: list[Standing]

    def area(self, name: str) -> Area:
        found = next((area for area in self.areas if area.name == name), None)
        if found is None:
            known = [area.name for area in self.areas]
            mend = nearest(name, known) or f"areas: {', '.join(known)}"
            raise TeamError(f"there is no area {name}", where="AREA", mend=mend)
        return found

    def able(self, area: Area) -> list[str]:
        return able(area.people, self.people)


def team_now(workspace: Workspace, now: datetime) -> Team:
    waits = turns(workspace, now)
    with workspace.chain.reading() as reader:
        known, taken = skills(workspace, reader, now), plans(reader)
    return Team(people_of(workspace.project.spec), known.areas, waits, backlog(workspace, now, waits), taken)


def gaps(team: Team, person: str, wanted: str | None) -> list[Gap]:
    """Areas that a person does not know and that are worth knowing; `wanted`: that one alone.

    Raises:
        TeamError: there is no such area, or they know it already.
    """
    if wanted is not None and person in team.able(team.area(wanted)):
        raise TeamError(
            f"{person} knows {wanted} by the record", where="--area", mend="treadle skills show . says by what"
        )
    found = []
    for area in team.areas:
        if (wanted is not None and area.name != wanted) or person in team.able(area):
            continue
        why = _why(team, area, person, wanted)
        if why:
            count = sum(each.area == area.name for each in team.open)
            found.append(Gap(area.name, why, _mentors(team, area, person), count))
    return found


def _why(team: Team, area: Area, person: str, wanted: str | None) -> list[str]:
    rated = next((each.rated for each in area.people if each.person == person), "")
    mine = sum(each.area == area.name and person in each.people for each in team.open)
    why = [f"{person} asked for it"] if wanted is not None else []
    why += [f"{mine} open thing{' there waits' if mine == 1 else 's there wait'} for {person}"] if mine else []
    why += [f"{area.alone} alone knows it"] if area.alone else []
    why += ["nobody of the project knows it any more"] if area.nobody else []
    why += [f"{person} says of themselves: {rated}"] if rated in _OWN_WORDS else []
    return why


def _mentors(team: Team, area: Area, learner: str) -> list[Mentor]:
    """Who knows it, those with time first; by name where that is the same."""
    found = []
    for each in area.people:
        if each.person == learner or each.person not in team.able(area):
            continue
        waits = sum(turn.person == each.person for turn in team.waits)
        taught = sum(plan.runs and plan.mentor == each.person for plan in team.plans)
        why = [*each.grounds, *([f"says: {each.rated}"] if each.rated else [])]
        found.append(Mentor(each.person, why, waits, taught, waits >= BUSY or taught >= MOST_PLANS))
    return sorted(found, key=lambda one: (one.busy, one.waits + one.mentors, one.person))


def draw(team: Team, learner: str, area: str, mentor: str | None) -> Drawn:
    """A plan from what is open there now: what waits for the learner first, then for the mentor, then for others.

    Raises:
        TeamError: no such area, it is known already, nobody who knows it (or not the one named), or nothing is open.
        DecisionError: a name is nobody of the project.
    """
    (gap,) = gaps(team, learner, area)
    teaches = _chosen(team, gap, learner, mentor)
    mine = [each for each in team.open if each.area == area]
    mine.sort(key=lambda each: (learner not in each.people, teaches.person not in each.people))
    if not mine:
        raise TeamError(
            f"nothing that the record has open is about {area}",
            where="AREA",
            mend=f'a plan is of real work: treadle actions add . "WHAT" --owner {learner} --due DAY, with {area} in it',
        )
    return Drawn(learner, area, teaches, mine[:MOST_TASKS], max(0, len(mine) - MOST_TASKS))


def _chosen(team: Team, gap: Gap, learner: str, mentor: str | None) -> Mentor:
    names = [each.person for each in gap.mentors]
    if mentor == learner:
        raise TeamError("nobody is their own mentor", where="--mentor", mend=f"who knows {gap.area}: {names}")
    if not names:
        raise TeamError(
            f"nobody else of the project knows {gap.area} by the record",
            where="AREA",
            mend="treadle skills show . says who did what; a mentor may say it: treadle skills rate . AREA "
            "--level teaches",
        )
    if mentor is None:
        return gap.mentors[0]
    if mentor not in names:
        if mentor not in team.people:
            mend = f"{nearest(mentor, names)}; who does: {', '.join(names)}".lstrip("; ")
        else:
            mend = f"who does: {', '.join(names)}"
        raise TeamError(f"{mentor} does not know {gap.area} by the record", where="--mentor", mend=mend)
    return next(each for each in gap.mentors if each.person == mentor)


def take(workspace: Workspace, area: str, mentor: str | None, *, shown: bool) -> Entry[GrowthPlanned]:
    """The chain's actor takes a plan, as it is drawn now.

    Raises:
        TeamError: see `draw`; or they learn this area by a plan already. DecisionError: the actor is nobody of it.
    """
    chain, spec = workspace.chain, workspace.project.spec
    learner = chain.actor
    refuse_stranger(spec, learner, people_of(spec), "--as")
    drawn = draw(team_now(workspace, chain.clock()), learner, area, mentor)
    tasks = tuple(GrowthTask(key=e.key, subject=e.subject, what=e.what[:500], why=e.why[:500]) for e in drawn.tasks)
    with chain.alone() as alone:
        for each in plans(alone):
            if each.runs and (each.learner, each.entry.payload.area) == (learner, area):
                number = each.entry.payload.number
                raise TeamError(
                    f"you learn {area} with {each.mentor} by plan {number} already",
                    where="AREA",
                    mend=f"treadle skills plans . shows it; another one after: treadle skills end . {number}",
                )
        number = alone.number(f"growth/{spec.project}")
        said = GrowthPlanned(number=number, area=area, mentor=drawn.mentor.person, tasks=tasks, shown=shown)
        return alone.append(said, f"{SUBJECT}{number}")


def answer(chain: Chain, number: int, said: Answer, because: str) -> Entry[GrowthAnswered]:
    """The mentor agrees or declines, or one of the two ends it.

    Raises:
        TeamError: no such plan, it is not the actor's to say, or it was said already.
    """
    because = " ".join(because.split())
    if len(because) > MOST_TEXT:
        raise TeamError(f"{len(because):,} characters are no reason", where="--because", mend="say it in a sentence")
    with chain.alone() as alone:
        plan = standing(alone, number)
        refuse_not_theirs(plan, chain.actor, said)
        made = GrowthAnswered(number=number, plan=plan.entry.ref, answer=said, because=because)
        return alone.append(made, f"{SUBJECT}{number}")


def standing(reader: Reader, number: int) -> Standing:
    """Raises TeamError: there is no such plan."""
    every = plans(reader)
    found = next((each for each in every if each.entry.payload.number == number), None)
    if found is None:
        known = ", ".join(str(each.entry.payload.number) for each in every[-10:]) or "none"
        raise TeamError(f"there is no plan {number}", where="NUMBER", mend=f"plans: {known}")
    return found


def refuse_not_theirs(plan: Standing, actor: str, said: Answer) -> None:
    two: Sequence[str] = (plan.learner, plan.mentor)
    number = plan.entry.payload.number
    if said == "ended" and actor not in two:
        raise TeamError(f"plan {number} is of {' and '.join(two)}", where="--as", mend="one of the two ends it")
    if said != "ended" and actor != plan.mentor:
        raise TeamError(f"{plan.mentor} was asked, and nobody else", where="--as", mend=f"--as {plan.mentor}")
    over = plan.answer if said != "ended" or plan.answer != "agreed" else None
    if over is not None:
        mend = "treadle skills end . ends one" if over == "agreed" else "treadle skills grow . AREA takes another"
        raise TeamError(f"plan {number} is {over} already", where="NUMBER", mend=mend)
