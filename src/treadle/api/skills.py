"""Who knows what, areas that one alone knows, and a newcomer's first days."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, group, operation, option
from treadle.evidence.kinds.skill_rated import Level
from treadle.rhythm.found import Area, Held, Onward, Pair, Session

group("skills", "Who knows what, from the record and from Git, and whom to ask.")


class SkillsRequest(Request, frozen=True):
    project: ProjectPath = "."


class RateRequest(Request, frozen=True):
    project: ProjectPath
    area: Annotated[str, argument("the area, as skills show has it")]
    level: Annotated[Level, option("how well you know it: new, some, well or teaches")]


class StartRequest(Request, frozen=True):
    project: ProjectPath = "."
    person: Annotated[str | None, option("who is new; you, if not given")] = None


class RotaRequest(Request, frozen=True):
    project: ProjectPath = "."
    first: Annotated[str | None, option("the day of the first, such as 2027-01-31; a week from now, if not given")] = (
        None
    )
    every: Annotated[int, option("so many days between two")] = 7
    sessions: Annotated[int, option("so many at most")] = 6


class HeldRequest(Request, frozen=True):
    topic: Annotated[str, option("what it was about, as skills rota has it")]
    project: ProjectPath = "."
    speaker: Annotated[str | None, option("who told of it; you, if not given")] = None
    day: Annotated[str | None, option("when; today, if not given")] = None
    about: Annotated[str | None, option("what of the record it was about, as `why` knows it")] = None


class RotaAnswer(Struct, frozen=True):
    """`held`: the newest sessions that were, the last one last."""

    sessions: list[Session]
    held: list[Held]


class SkillsAnswer(Struct, frozen=True):
    """`strangers`: addresses of Git's authors that are nobody of the project; a `.mailmap` maps them."""

    areas: list[Area]
    pairs: list[Pair]
    strangers: list[str]


class StartAnswer(Struct, frozen=True):
    person: str
    steps: list[Onward]


@operation("skills", "show", permission="read", remote=True)
def skills_show(request: SkillsRequest, work: Work) -> SkillsAnswer:
    """Show who knows which area, by what they did of late and say of themselves; areas of one alone, and pairs."""
    return _shown(work)


@operation("skills", "rate", permission="discuss")
def skills_rate(request: RateRequest, work: Work) -> SkillsAnswer:
    """Say how well you know an area; it stands beside what the record has, and takes the place of none of it."""
    from treadle.rhythm.skills import rate

    rate(work.workspace.chain, [area.name for area in _shown(work).areas], request.area, request.level)
    return _shown(work)


@operation("skills", "start", permission="read", remote=True)
def skills_start(request: StartRequest, work: Work) -> StartAnswer:
    """A newcomer's first days: what to read, what was decided and learned, whom to ask, where to help."""
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.rhythm.skills import skills
    from treadle.rhythm.starting import first_days

    workspace, spec = work.workspace, work.workspace.project.spec
    person = request.person or work.principal.name
    refuse_stranger(spec, person, people_of(spec), "--person")
    now = workspace.chain.clock()
    with workspace.chain.reading() as reader:
        return StartAnswer(person, first_days(workspace, reader, person, skills(workspace, reader, now), now))


@operation("skills", "rota", permission="read", remote=True)
def skills_rota(request: RotaRequest, work: Work) -> RotaAnswer:
    """Propose who tells the others of what, and when: topics from recent work, who spoke longest ago first.

    Topics are papers and notes, what was looked back at, decided or settled, what was released, and areas that one
    alone knows; one that was told of is not proposed again.
    """
    from datetime import timedelta

    from treadle.rhythm.rota import day_of, held, rota

    workspace = work.workspace
    soon = (workspace.chain.clock().date() + timedelta(days=7)).isoformat()
    sessions = rota(workspace, day_of(request.first or soon, "--first"), request.every, request.sessions)
    with workspace.chain.reading() as reader:
        told = held(reader, workspace.project.spec.project)[-10:]
    done = [Held(each.payload.day, each.payload.speaker, each.payload.topic, each.seq) for each in told]
    return RotaAnswer(sessions, done)


@operation("skills", "held", permission="discuss")
def skills_held(request: HeldRequest, work: Work) -> Held:
    """Keep that a session was held, so that its topic is not proposed again and its speaker waits for their turn."""
    from treadle.history.lineage import called
    from treadle.rhythm.rota import hold

    workspace, about = work.workspace, None
    if request.about is not None:
        with workspace.chain.reading() as reader:
            about = called(workspace, reader, request.about, "--about")
    day = request.day or workspace.chain.clock().date().isoformat()
    return hold(workspace, request.topic, request.speaker or workspace.chain.actor, day, about)


def _shown(work: Work) -> SkillsAnswer:
    from treadle.rhythm.skills import skills

    workspace = work.workspace
    with workspace.chain.reading() as reader:
        found = skills(workspace, reader, workspace.chain.clock())
    return SkillsAnswer(found.areas, found.pairs, found.strangers)
