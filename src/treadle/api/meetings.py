"""Meetings and what comes of them: the agenda from what happened, minutes, actions with an owner and a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.rhythm.found import Action, Minutes, Point, Share
from treadle.signs import still

if TYPE_CHECKING:
    from treadle.store import EntryRef

group("minutes", "Minutes of meetings, whose tasks become actions.")
group("actions", "Actions: what one person does by a day, and whether it was done.")

Number = Annotated[int, argument("its number")]


class AgendaRequest(Request, frozen=True):
    project: ProjectPath = "."
    days: Annotated[int | None, option("go back so many days; to the last meeting, if not given")] = None
    out: Annotated[str | None, option("write it to this file, as Markdown to keep minutes in", local=True)] = None


class KeepMinutesRequest(Request, frozen=True):
    project: ProjectPath
    present: Annotated[tuple[str, ...], option("a person who was there; several times")]
    text: Annotated[str | None, option('the minutes, as Markdown; "- [ ] ask lin @bo 2027-01-31" is an action')] = None
    file: Annotated[str | None, option("a file of Markdown that has them", local=True)] = None
    day: Annotated[str, option("the day of the meeting; today, if not given")] = ""


class ListMinutesRequest(Request, frozen=True):
    project: ProjectPath = "."
    limit: Annotated[int, option("so many meetings, the newest")] = 5


class AddActionRequest(Request, frozen=True):
    project: ProjectPath
    text: Annotated[str, argument("what is to be done, in a sentence")]
    owner: Annotated[str, option("who does it")]
    due: Annotated[str, option("the day by which it is done, such as 2027-01-31")]


class ListActionsRequest(Request, frozen=True):
    project: ProjectPath = "."
    owner: Annotated[str | None, option("only those of this person")] = None
    all: Annotated[bool, option("those that are done or dropped as well")] = False


class CloseActionRequest(Request, frozen=True):
    project: ProjectPath
    number: Number
    because: Annotated[str, option("what was done, or why it was dropped")] = ""
    drop: Annotated[bool, option("it is not done, and will not be")] = False
    evidence: Annotated[
        tuple[str, ...], option("what shows it: a version, a table, a note, an entry's number; several times")
    ] = ()


class MoveActionRequest(Request, frozen=True):
    project: ProjectPath
    number: Number
    because: Annotated[str, option("why")]
    owner: Annotated[str | None, option("who does it from now on")] = None
    due: Annotated[str | None, option("the day by which it is done from now on")] = None


class AgendaAnswer(Struct, frozen=True):
    """`since`: where it begins, in words. `file`: where it was written to."""

    project: str
    since: str
    points: list[Point]
    file: str = ""


class MinutesAnswer(Struct, frozen=True):
    meetings: list[Minutes]


class ActionAnswer(Struct, frozen=True):
    action: Action


class ActionsAnswer(Struct, frozen=True):
    """Late ones first. `share`: of all that were due, how many are done. `closed`: how many are not shown."""

    actions: list[Action]
    share: Share
    closed: int


@operation("agenda", permission="read", remote=True)
def agenda(request: AgendaRequest, work: Work) -> AgendaAnswer:
    """Build an agenda from what happened since the last meeting; each point says why it is there."""
    from treadle.api.written import new_file
    from treadle.errors import TeamError
    from treadle.evidence import write_whole
    from treadle.rhythm.agenda import agenda as build
    from treadle.rhythm.agenda import markdown

    if request.days is not None and not 1 <= request.days <= 3660:
        raise TeamError(f"{request.days} days are no span", where="--days", mend="give 1 to 3660")
    spec, chain = work.workspace.project.spec, work.workspace.chain
    with chain.reading() as reader:
        found = build(work.workspace, reader, chain.clock(), request.days)
    if request.out is not None:
        text = markdown(found, spec.project, _today(work))
        write_whole(new_file(request.out, "--out"), still(text).encode())
    return AgendaAnswer(spec.project, found.since, found.points, request.out or "")


@operation("minutes", "keep", permission="discuss")
def minutes_keep(request: KeepMinutesRequest, work: Work) -> MinutesAnswer:
    """Keep the minutes of a meeting; each task in them becomes an action, and the next agenda begins here."""
    from treadle.rhythm.meeting import keep_minutes, minutes

    spec, chain = work.workspace.project.spec, work.workspace.chain
    text, first = _text_of(request.text, request.file)
    keep_minutes(chain, spec, request.day, text, request.present, where=request.file or "--text", first=first)
    with chain.reading() as reader:
        return MinutesAnswer(minutes(reader, spec.project, _today(work), 1))


@operation("minutes", "list", permission="read", remote=True)
def minutes_list(request: ListMinutesRequest, work: Work) -> MinutesAnswer:
    """Show the minutes of the last meetings, with what became of their actions."""
    from treadle.rhythm.meeting import minutes

    limit, spec = check_limit(request.limit), work.workspace.project.spec
    with work.workspace.chain.reading() as reader:
        return MinutesAnswer(minutes(reader, spec.project, _today(work), limit))


@operation("actions", "add", permission="discuss")
def actions_add(request: AddActionRequest, work: Work) -> ActionAnswer:
    """Open an action: what is to be done, by whom, until when."""
    from treadle.rhythm.acting import Asked, open_actions

    chain, today = work.workspace.chain, _today(work)
    asked = Asked(" ".join(request.text.split()), request.owner, request.due, "actions add")
    with chain.alone() as alone:
        (number,) = open_actions(alone, work.workspace.project.spec, [asked], today)
    return _action(work, number)


@operation("actions", "list", permission="read", remote=True)
def actions_list(request: ListActionsRequest, work: Work) -> ActionsAnswer:
    """List the actions that are open, the latest first, and tell what share of those that were due is done."""
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.rhythm.actions import actions, share_of

    with work.workspace.chain.reading() as reader:
        every = actions(reader, _today(work))
    if request.owner is not None:
        spec = work.workspace.project.spec
        known = dict.fromkeys((*people_of(spec), *(each.owner for each in every)))
        refuse_stranger(spec, request.owner, list(known), "--owner")
        every = [each for each in every if each.owner == request.owner]
    shown = [each for each in every if request.all or each.state in ("late", "open")]
    return ActionsAnswer(shown, share_of(every, _today(work)), len(every) - len(shown))


@operation("actions", "close", permission="discuss")
def actions_close(request: CloseActionRequest, work: Work) -> ActionAnswer:
    """Close an action: it is done, with what shows that; or it is dropped, and why."""
    from treadle.rhythm.acting import change_action

    state: Literal["done", "dropped"] = "dropped" if request.drop else "done"
    evidence = _cited(work, request.evidence)
    spec = work.workspace.project.spec
    change_action(work.workspace.chain, spec, request.number, state=state, because=request.because, evidence=evidence)
    return _action(work, request.number)


@operation("actions", "move", permission="discuss")
def actions_move(request: MoveActionRequest, work: Work) -> ActionAnswer:
    """Give an action to another person or another day, or open it again; what it was before stays to be seen."""
    from treadle.rhythm.acting import change_action

    change_action(
        work.workspace.chain,
        work.workspace.project.spec,
        request.number,
        state="open",
        owner=request.owner,
        due=request.due,
        because=request.because,
    )
    return _action(work, request.number)


def _action(work: Work, number: int) -> ActionAnswer:
    from treadle.rhythm.actions import action

    with work.workspace.chain.reading() as reader:
        return ActionAnswer(action(reader, number, _today(work))[0])


def _cited(work: Work, subjects: tuple[str, ...]) -> tuple[EntryRef, ...]:
    from treadle.history.lineage import called

    with work.workspace.chain.reading() as reader:
        return tuple(
            called(work.workspace, reader, subject.removeprefix("#"), "--evidence").ref
            for subject in dict.fromkeys(subjects)
        )


def _text_of(text: str | None, file: str | None) -> tuple[str, int]:
    """And in which line of its file it begins."""
    from treadle.errors import TeamError
    from treadle.knowledge.files import read_file

    if (text is None) == (file is None):
        raise TeamError("minutes are one text", where="--text", mend="give --text or --file")
    if text is not None:
        return text, 1
    found = read_file(str(file))
    return found.draft.text or "", found.first


def _today(work: Work) -> date:
    return work.workspace.chain.clock().date()
