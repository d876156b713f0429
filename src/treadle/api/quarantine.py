"""Rows that a contract set aside: listed, shown, mended, replayed, dropped, and what was done undone."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.exploring.found import AsideDone, AsideListed, ShownAside

_SOURCE = "name of a source"
_WHERE = "of the rows of which this expression is true; of all, if not given"
_WHY = "why, for whoever reads the record"


class AsideListRequest(Request, frozen=True):
    project: ProjectPath = "."


class AsideShowRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    project: ProjectPath = "."
    rule: Annotated[str | None, option("only rows that broke this rule")] = None
    limit: Annotated[int, option("so many rows at most")] = 20


class AsideMendRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    project: ProjectPath = "."
    change: Annotated[
        tuple[str, ...],
        option("column=expression, in the project's language; may be given several times", flag="--set"),
    ] = ()
    where: Annotated[str, option(_WHERE)] = ""
    reason: Annotated[str, option(_WHY)] = ""


class AsideReplayRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    project: ProjectPath = "."
    reason: Annotated[str, option(_WHY)] = ""


class AsideDropRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    reason: Annotated[str, option(_WHY)]
    project: ProjectPath = "."
    where: Annotated[str, option(_WHERE)] = ""


class AsideUndoRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    version: Annotated[str, argument("a version of it, as data history lists them: 12 or @12")]
    reason: Annotated[str, option(_WHY)]
    project: ProjectPath = "."


group("data quarantine", "Rows that a contract set aside.")


@operation("data", "quarantine", "list", permission="read", remote=True)
def quarantine_list(request: AsideListRequest, work: Work) -> AsideListed:
    """List the sources with how many rows are set aside, and the rules that they broke."""
    from treadle.exploring.quarantined import list_aside

    return list_aside(work.workspace)


@operation("data", "quarantine", "show", permission="rows", remote=True)
def quarantine_show(request: AsideShowRequest, work: Work) -> ShownAside:
    """Show rows that are set aside, each with the rules that it broke."""
    from treadle.exploring.quarantined import show_aside

    return show_aside(work.workspace, request.source, request.rule, check_limit(request.limit))


@operation("data", "quarantine", "mend", permission="mend")
def quarantine_mend(request: AsideMendRequest, work: Work) -> AsideDone:
    """Change values of rows that are set aside. They stay set aside until they are replayed.

    `--set "amount=replace(amount, '$', '')" --where "amount like '$%'"`
    """
    from treadle.exploring.quarantined import mend_aside

    return mend_aside(work.workspace, request.source, request.change, request.where, request.reason)


@operation("data", "quarantine", "replay", permission="mend")
def quarantine_replay(request: AsideReplayRequest, work: Work) -> AsideDone:
    """Hold rows that are set aside to the contract again. Those that keep it by now go into a new snapshot."""
    from treadle.exploring.quarantined import replay_aside

    return replay_aside(work.workspace, request.source, request.reason)


@operation("data", "quarantine", "drop", permission="mend")
def quarantine_drop(request: AsideDropRequest, work: Work) -> AsideDone:
    """Rows that are set aside are no longer wanted. The record says who dropped how many, and why."""
    from treadle.exploring.quarantined import drop_aside

    return drop_aside(work.workspace, request.source, request.where, request.reason)


@operation("data", "quarantine", "undo", permission="mend")
def quarantine_undo(request: AsideUndoRequest, work: Work) -> AsideDone:
    """Bring back what a source was at a version: its rows, and those set aside, in a new snapshot.

    What was mended, replayed or dropped since is undone. It stands until something else is delivered.
    """
    from treadle.exploring.quarantined import undo_aside

    return undo_aside(work.workspace, request.source, request.version, request.reason)
