"""Who knows what, areas that one alone knows, and a newcomer's first days."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, group, operation, option
from treadle.evidence.kinds.skill_rated import Level
from treadle.rhythm.found import Area, Onward, Pair

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


def _shown(work: Work) -> SkillsAnswer:
    from treadle.rhythm.skills import skills

    workspace = work.workspace
    with workspace.chain.reading() as reader:
        found = skills(workspace, reader, workspace.chain.clock())
    return SkillsAnswer(found.areas, found.pairs, found.strangers)
