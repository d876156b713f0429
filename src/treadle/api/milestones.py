"""Milestones tied to measurable gates, and the status of a project in plain words."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, group, operation, option
from treadle.rhythm.found import Milestone, Sentence
from treadle.signs import still

group("milestones", "Milestones: what is to be reached by a day, told by measurable gates.")

Name = Annotated[str, argument("its name, such as first-release")]


class SetMilestoneRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    by: Annotated[str, option("the day by which it is to be reached, such as 2027-01-31")]
    gate: Annotated[
        tuple[str, ...], option('what is measured: "flights.average_precision >= 0.55", or released; several times')
    ]
    text: Annotated[str, option("what it is, in a few words for people who read no gates")] = ""
    because: Annotated[str, option("why it is changed, where it is there already")] = ""


class DropMilestoneRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    because: Annotated[str, option("why")]


class ListMilestonesRequest(Request, frozen=True):
    project: ProjectPath = "."


class StatusRequest(Request, frozen=True):
    project: ProjectPath = "."
    out: Annotated[str | None, option("write it to this file, as Markdown", local=True)] = None
    page: Annotated[
        str | None, option("write the project's home to this file: the status, and what waits for whom", local=True)
    ] = None


class MilestonesAnswer(Struct, frozen=True):
    """The next one first, each gate measured now."""

    milestones: list[Milestone]


class StatusAnswer(Struct, frozen=True):
    """`file`, `page`: where it was written to; empty, where it was not."""

    project: str
    day: str
    sentences: list[Sentence]
    file: str = ""
    page: str = ""


@operation("milestones", "set", permission="discuss")
def milestones_set(request: SetMilestoneRequest, work: Work) -> MilestonesAnswer:
    """Set a milestone: a day, and gates that the record measures; or change one, and say why."""
    from treadle.rhythm.milestones import set_milestone

    set_milestone(work.workspace, request.name, request.text, request.by, request.gate, request.because)
    return _listed(work)


@operation("milestones", "drop", permission="discuss")
def milestones_drop(request: DropMilestoneRequest, work: Work) -> MilestonesAnswer:
    """Drop a milestone, and say why; what it was stays in the record."""
    from treadle.rhythm.milestones import drop_milestone

    drop_milestone(work.workspace, request.name, request.because)
    return _listed(work)


@operation("milestones", "list", permission="read", remote=True)
def milestones_list(request: ListMilestonesRequest, work: Work) -> MilestonesAnswer:
    """List the milestones, the next one first, with every gate measured now."""
    return _listed(work)


@operation("status", permission="read", remote=True)
def status(request: StatusRequest, work: Work) -> StatusAnswer:
    """Write the status in plain words: what is served, what waits, what went wrong, what it cost, what comes next.

    Each sentence names the entries that it rests on, by their number: `treadle why 42` goes on from there. With --page
    it is the project's home, as a server shows it at /home: what waits for whom stands first.
    """
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.rhythm.home import home_of
    from treadle.rhythm.showing import home_page
    from treadle.rhythm.status import markdown
    from treadle.rhythm.status import status as told

    chain, project, today = work.workspace.chain, work.workspace.project.spec.project, _today(work)
    with chain.reading() as reader:
        said = told(work.workspace, reader, chain.clock())
    files = [new_file(name, flag) for name, flag in ((request.out, "--out"), (request.page, "--page")) if name]
    if request.page is not None:
        html = home_page(home_of(work.workspace), served=False)
        write_whole(files[-1], html.encode())
    if request.out is not None:
        write_whole(files[0], still(markdown(said, project, today)).encode())
    return StatusAnswer(project, today.isoformat(), said, request.out or "", request.page or "")


def _listed(work: Work) -> MilestonesAnswer:
    from treadle.rhythm.milestones import milestone, names

    with work.workspace.chain.reading() as reader:
        return MilestonesAnswer([milestone(work.workspace, reader, name, _today(work)) for name in names(reader)])


def _today(work: Work) -> date:
    return work.workspace.chain.clock().date()
