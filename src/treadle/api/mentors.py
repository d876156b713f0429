"""Mentors and plans to grow: who could learn what from whom, by what work that is really open, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, operation, option
from treadle.rhythm.growth_found import Drawn, Gap, Plan

if TYPE_CHECKING:
    from treadle.evidence.kinds.growth_answered import Answer

AreaName = Annotated[str, argument("the area, as skills show has it")]
Number = Annotated[int, argument("the number of the plan")]


class MentorsRequest(Request, frozen=True):
    project: ProjectPath = "."
    person: Annotated[str | None, option("who would learn; you, if not given")] = None
    area: Annotated[str | None, option("an area that they want to learn; those worth it, if not given")] = None


class PlanRequest(Request, frozen=True):
    project: ProjectPath
    area: AreaName
    person: Annotated[str | None, option("who would learn; you, if not given")] = None
    mentor: Annotated[str | None, option("who would teach; who has time, if not given")] = None


class GrowRequest(Request, frozen=True):
    project: ProjectPath
    area: AreaName
    mentor: Annotated[str | None, option("whom you ask to teach you; who has time, if not given")] = None
    shown: Annotated[bool, option("all of the project may be shown how far you are, not your mentor alone")] = False


class AgreeRequest(Request, frozen=True):
    project: ProjectPath
    number: Number
    decline: Annotated[bool, option("you do not take it on")] = False
    because: Annotated[str, option("why, if you would say it; it stays in the record")] = ""


class EndRequest(Request, frozen=True):
    project: ProjectPath
    number: Number
    because: Annotated[str, option("why, if you would say it; it stays in the record")] = ""


class PlansRequest(Request, frozen=True):
    project: ProjectPath = "."
    all: Annotated[bool, option("those that were declined or ended too")] = False


class MentorsAnswer(Struct, frozen=True):
    person: str
    gaps: list[Gap]


class PlansAnswer(Struct, frozen=True):
    """Yours first. `over`: how many that were declined or ended are not shown."""

    plans: list[Plan]
    over: int = 0


@operation("skills", "mentors", permission="read", remote=True)
def skills_mentors(request: MentorsRequest, work: Work) -> MentorsAnswer:
    """Say what somebody could learn, why, and who could teach it: by the record, and by who has time.

    An area is worth learning where you ask for it, where open things there wait for you, where one alone knows it, or
    where you say of yourself that you know little. Nobody is ranked: who knows it is listed, who has time first.
    """
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.rhythm.growing import gaps, team_now

    workspace, spec = work.workspace, work.workspace.project.spec
    person = request.person or work.principal.name
    refuse_stranger(spec, person, people_of(spec), "--person")
    return MentorsAnswer(person, gaps(team_now(workspace, workspace.chain.clock()), person, request.area))


@operation("skills", "plan", permission="read", remote=True)
def skills_plan(request: PlanRequest, work: Work) -> Drawn:
    """Draw a plan to learn an area from what is really open there, and keep nothing: skills grow takes it."""
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.rhythm.growing import draw, team_now

    workspace, spec = work.workspace, work.workspace.project.spec
    person = request.person or work.principal.name
    refuse_stranger(spec, person, people_of(spec), "--person")
    return draw(team_now(workspace, workspace.chain.clock()), person, request.area, request.mentor)


@operation("skills", "grow", permission="discuss")
def skills_grow(request: GrowRequest, work: Work) -> PlansAnswer:
    """Take a plan to learn an area, with your own name: from what is open there, with a mentor, who is asked to agree.

    Kept are the two names, the area and the tasks. How far you are is read from what you do, and shown to the two of
    you alone, unless you take it with --shown.
    """
    from treadle.rhythm.growing import take

    made = take(work.workspace, request.area, request.mentor, shown=request.shown)
    return _plans(work, made.payload.number)


@operation("skills", "agree", permission="discuss")
def skills_agree(request: AgreeRequest, work: Work) -> PlansAnswer:
    """Agree to be somebody's mentor by a plan that they took, or decline; nobody else can for you."""
    return _answered(work, request.number, "declined" if request.decline else "agreed", request.because)


@operation("skills", "end", permission="discuss")
def skills_end(request: EndRequest, work: Work) -> PlansAnswer:
    """End a plan, as its learner or its mentor; what came of it stays to be read."""
    return _answered(work, request.number, "ended", request.because)


@operation("skills", "plans", permission="read", remote=True)
def skills_plans(request: PlansRequest, work: Work) -> PlansAnswer:
    """List plans to grow, and how far yours are by evidence: what was done of their tasks, and in the area at all.

    Of others it says only who learns what with whom, unless they show more.
    """
    return _plans(work, None, over=request.all)


def _answered(work: Work, number: int, said: Answer, because: str) -> PlansAnswer:
    from treadle.rhythm.growing import answer

    answer(work.workspace.chain, number, said, because)
    return _plans(work, number)


def _plans(work: Work, number: int | None, *, over: bool = False) -> PlansAnswer:
    from treadle.rhythm.growing import team_now
    from treadle.rhythm.progress import shown

    workspace, who = work.workspace, work.principal.name
    team = team_now(workspace, workspace.chain.clock())
    wanted = [plan for plan in team.plans if number in (None, plan.entry.payload.number)]
    told = wanted if over or number is not None else [plan for plan in wanted if plan.runs]
    told = sorted(told, key=lambda plan: (who not in (plan.learner, plan.mentor), -plan.entry.seq))
    with workspace.chain.reading() as reader:
        found = [shown(workspace, reader, team, plan, who) for plan in told]
    return PlansAnswer(found, len(wanted) - len(told))
