"""The people of a project: roles, who answers for what, who has confirmed the charter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, group, operation, option
from treadle.people.found import Load, OwnCheckin, Pulse, RoleHeld
from treadle.rhythm.found import Turn

if TYPE_CHECKING:
    from treadle.spec import Duty

group("team", "The people of a project: roles, charter, who answers for what.")


class TeamRequest(Request, frozen=True):
    project: ProjectPath = "."


class ConfirmRequest(Request, frozen=True):
    project: ProjectPath = "."
    note: Annotated[str, option("a remark, kept with the confirmation")] = ""


class DutyShown(Struct, frozen=True):
    thing: str
    accountable: str
    responsible: list[str]
    consulted: list[str]
    informed: list[str]


class TeamAnswer(Struct, frozen=True):
    """`notes`: what to mend: roles that nobody holds, or one alone, who holds too many, who has not confirmed."""

    vision: str
    objectives: list[str]
    roles: list[RoleHeld]
    people: list[Load]
    duties: list[DutyShown]
    notes: list[str]


class ConfirmAnswer(Struct, frozen=True):
    by: str
    time: str
    waits_for: list[str]


@operation("team", "show", permission="read", remote=True)
def team_show(request: TeamRequest, work: Work) -> TeamAnswer:
    """Show the roles and who holds them, what is missing or too much for one, who answers for what, who confirmed."""
    from treadle.people.team import confirmations, has_charter, loads, meant, roles_held, unfilled

    project = work.workspace.project.spec
    brief, charter = project.brief, project.brief.charter
    with work.workspace.chain.reading() as reader:
        confirmed = confirmations(reader, project.project, brief)
    roles, people = roles_held(brief), loads(brief, confirmed)
    return TeamAnswer(
        charter.vision,
        list(charter.objectives),
        roles,
        people,
        [_duty(thing, duty) for thing, duty in charter.duties.items()],
        [
            *_notes(roles, people, chartered=has_charter(brief)),
            *(
                f'nobody holds {role}: did you mean "{other}"?'
                for role in unfilled(brief)
                if (other := meant(brief, role))
            ),
        ],
    )


@operation("team", "confirm", permission="discuss")
def team_confirm(request: ConfirmRequest, work: Work) -> ConfirmAnswer:
    """Confirm the charter as it is now, in your own name; a change of it is confirmed anew."""
    from treadle.people.team import confirm, confirmations, loads

    project, chain = work.workspace.project.spec, work.workspace.chain
    entry = confirm(chain, project.project, project.brief, request.note)
    with chain.reading() as reader:
        confirmed = confirmations(reader, project.project, project.brief)
    waits = [load.person for load in loads(project.brief, confirmed) if not load.confirmed]
    return ConfirmAnswer(entry.actor, entry.time, waits)


class WaitsRequest(Request, frozen=True):
    project: ProjectPath = "."
    person: Annotated[str | None, option("only what waits for this person")] = None


class WaitsAnswer(Struct, frozen=True):
    """`person`: of whom it was asked alone; `others`: so many things wait for others; `free`: for whom nothing does;
    `undecided`: so many more decisions are open than those due first, which are looked at here."""

    turns: list[Turn]
    person: str = ""
    others: int = 0
    free: list[str] = []
    undecided: int = 0


@operation("team", "waits", permission="read", remote=True)
def team_waits(request: WaitsRequest, work: Work) -> WaitsAnswer:
    """Show what waits for whom, why, and the command that ends it.

    Charters to confirm, what stands between a version and its release, decisions, actions, rows that experts are asked
    about, comments, and what is looked back at.
    """
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.rhythm.turns import turns
    from treadle.rhythm.waiting import waiting

    workspace, spec = work.workspace, work.workspace.project.spec
    found = turns(workspace, workspace.chain.clock(), request.project)
    people = people_of(spec)
    if request.person is not None:  # something may wait for somebody who is nobody of the project any more
        refuse_stranger(spec, request.person, [*dict.fromkeys([*people, *(each.person for each in found)])], "--person")
    mine = [each for each in found if request.person in (None, each.person)]
    waits = {each.person for each in found}
    with workspace.chain.reading() as reader:
        undecided = waiting(reader, workspace.chain.clock().date())[1]
    free = [name for name in people if name not in waits]
    return WaitsAnswer(mine, request.person or "", len(found) - len(mine), free, undecided)


def _duty(thing: str, duty: Duty) -> DutyShown:
    return DutyShown(thing, str(duty.accountable), list(duty.responsible), list(duty.consulted), list(duty.informed))


def _notes(roles: list[RoleHeld], people: list[Load], *, chartered: bool) -> list[str]:
    missing = [role.role for role in roles if role.state == "missing"]
    blocking = [role.role for role in roles if role.state == "missing" and role.required]
    out = []
    if blocking:
        out.append(f"nothing is released while nobody holds {', '.join(blocking)}")
    if left := [role for role in missing if role not in blocking]:
        out.append(f"nobody holds {', '.join(left)}")
    if alone := [f"{role.role} ({role.people[0]})" for role in roles if role.state == "one person"]:
        out.append(f"one person alone: {', '.join(alone)}")
    out += [f"{each.person} holds {len(each.roles)} roles" for each in people if each.overloaded]
    if chartered and (waiting := [each.person for each in people if not each.confirmed]):
        out.append(f"not confirmed yet by {', '.join(waiting)}: treadle team confirm PROJECT --as NAME")
    return out


class CheckinRequest(Request, frozen=True):
    project: ProjectPath = "."


class CheckinAnswer(Struct, frozen=True):
    """`counted`: its two numbers go to the team's trend, without a name."""

    said: str
    counted: bool


class OwnCheckinsAnswer(Struct, frozen=True):
    checkins: list[OwnCheckin]


class PulseAnswer(Struct, frozen=True):
    """`warnings`: what should be looked at. `rule`: when there is something to see."""

    weeks: list[Pulse]
    warnings: list[str]
    rule: str


@operation("team", "checkin", permission="discuss", quiet=True)
def team_checkin(request: CheckinRequest, work: Work) -> CheckinAnswer:
    """Check in: your load and what is blocked, in a line, and what you like for yourself. Read from the keyboard.

    It is kept in your account alone, encrypted; the record has a salted digest without a name. Of a team of five or
    more the two numbers go to a trend, without your name.
    """
    from treadle.people.checkins import ASKS, LEAST, keep_checkin

    workspace = work.workspace
    text = work.asked.hear(ASKS)
    trend = keep_checkin(workspace.chain, workspace.project, workspace.root, text)
    said = {
        "counted": "its two numbers wait, without your name, for four others and a new week",
        "waits already": "numbers of yours wait there already, and are counted once",
        "no room": "its two numbers are not counted, as so many wait that there is no room until a new week has begun",
        "too few": f"its numbers go nowhere, as the team has under {LEAST} people",
    }
    return CheckinAnswer(f"kept in this account, encrypted, for you alone; {said[trend]}", trend == "counted")


@operation("team", "checkins", permission="discuss")
def team_checkins(request: CheckinRequest, work: Work) -> OwnCheckinsAnswer:
    """Show your own check-ins, the newest first. They are read in the account in which they were written."""
    from treadle.people.checkins import own

    return OwnCheckinsAnswer(own(work.workspace.chain, work.workspace.project))


@operation("team", "pulse", permission="discuss")
def team_pulse(request: CheckinRequest, work: Work) -> PulseAnswer:
    """Show how the team is, from check-ins without names, week by week, and what should be looked at."""
    from treadle.people.checkins import LEAST, pulse, show_waiting, warnings

    workspace = work.workspace
    if not workspace.reading:
        show_waiting(workspace.chain, workspace.root, workspace.chain.clock().date())
    with workspace.chain.reading() as reader:
        found = pulse(reader)
    rule = f"answers are shown {LEAST} or more at once, when a new week has begun; how many wait is not told"
    return PulseAnswer(found, warnings(found, workspace.chain.clock().date()), rule)
