"""Looking back at what went wrong, or was reached, without blame: timeline, causes, actions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.rhythm.found import Retro

group("retro", "Looking back without blame: a timeline from the record, causes, actions.")

Name = Annotated[str, argument("its name, such as late-labels")]


class OpenRetroRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    about: Annotated[str, option("what is looked back at: an entry's number, a version, an endpoint, a milestone")]
    days: Annotated[int, option("how many days before it the timeline begins")] = 3


class KeepRetroRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    text: Annotated[str, option("what was learned")]
    cause: Annotated[tuple[str, ...], option("a cause, in a word or two that may come again; several times")]
    action: Annotated[
        tuple[str, ...], option('what is done about it: "watch the labels @lin 2027-01-31"; several times')
    ] = ()


class ShowRetroRequest(Request, frozen=True):
    project: ProjectPath
    name: Name


class ListRetrosRequest(Request, frozen=True):
    project: ProjectPath = "."
    limit: Annotated[int, option("so many, the newest")] = 50


class RetroLine(Struct, frozen=True):
    name: str
    what: str
    status: str
    opened: str
    causes: list[str]
    due: int
    done: int


class Cause(Struct, frozen=True):
    """A cause that several retrospectives found."""

    cause: str
    retros: list[str]


class RetrosAnswer(Struct, frozen=True):
    """`due`, `done`: of all their actions, how many were due by now, and are done. `more`: beyond the limit; the causes
    and the sums are of all."""

    retros: list[RetroLine]
    repeated: list[Cause]
    due: int
    done: int
    more: int = 0


@operation("retro", "open", permission="discuss")
def retro_open(request: OpenRetroRequest, work: Work) -> Retro:
    """Look back at an incident, a release that failed or a milestone; its timeline is filled in from the record."""
    from treadle.rhythm.retros import open_retro

    open_retro(work.workspace, request.name, request.about, request.days)
    return _shown(work, request.name)


@operation("retro", "keep", permission="discuss")
def retro_keep(request: KeepRetroRequest, work: Work) -> Retro:
    """Keep what was learned: causes, which are looked for in other retrospectives, and actions with owner and day."""
    from treadle.rhythm.retros import keep_retro

    keep_retro(work.workspace, request.name, request.text, request.cause, request.action)
    return _shown(work, request.name)


@operation("retro", "show", permission="read", remote=True)
def retro_show(request: ShowRetroRequest, work: Work) -> Retro:
    """Show a retrospective: timeline, what was learned, causes that came again, what became of its actions."""
    return _shown(work, request.name)


@operation("retro", "list", permission="read", remote=True)
def retro_list(request: ListRetrosRequest, work: Work) -> RetrosAnswer:
    """List the retrospectives, causes that came again, and what share of their actions is done."""
    from treadle.rhythm.retros import left_out, retros

    chain, limit = work.workspace.chain, check_limit(request.limit)
    with chain.reading() as reader:
        found = retros(reader, chain.clock().date(), left_out(reader, work.workspace.project.spec))
    lines = [RetroLine(r.name, r.what, r.status, r.opened, r.causes, r.share.due, r.share.done) for r in found]
    repeated = {each.cause: sorted({r.name, *each.retros}) for r in found for each in r.repeats}
    causes = [Cause(cause, retros) for cause, retros in sorted(repeated.items())]
    due, done = sum(line.due for line in lines), sum(line.done for line in lines)
    return RetrosAnswer(lines[:limit], causes, due, done, len(lines[limit:]))


def _shown(work: Work, name: str) -> Retro:
    from treadle.rhythm.retros import left_out, retro

    chain = work.workspace.chain
    with chain.reading() as reader:
        return retro(reader, name, chain.clock().date(), left_out(reader, work.workspace.project.spec))
