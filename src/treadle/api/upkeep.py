"""Kept tables looked after: old snapshots removed, files laid out anew, or moved to where they are kept for less."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.errors import SpecError
from treadle.tiering.found import Moved
from treadle.upkeep.found import Compacted, Retained


class DataRetainRequest(Request, frozen=True):
    project: ProjectPath = "."
    last: Annotated[
        int | None, option("keep the newest so many snapshots of each table; with --days instead of the settings")
    ] = None
    days: Annotated[float | None, option("keep snapshots of the last so many days")] = None
    apply: Annotated[bool, option("remove them; else only told what would be")] = False


@operation("data", "retain", permission="keep")
def data_retain(request: DataRetainRequest, work: Work) -> Retained:
    """Tell which old snapshots nothing needs, and what they cost a month; with --apply remove them.

    By `keep: {last: 5, days: 30}` in the workspace's settings. What a released version, an open decision, a version
    that waits or was signed, or the newest look at sealed rows rests on stays, whatever the rules say.
    """
    from treadle.upkeep.retaining import retain

    return retain(work.workspace, last=request.last, days=request.days, apply=request.apply)


class DataCompactRequest(Request, frozen=True):
    project: ProjectPath = "."
    source: Annotated[str | None, option("only this source")] = None
    by: Annotated[
        tuple[str, ...], option("lay it out by this column, and not by what was asked; may be given several times")
    ] = ()
    dry_run: Annotated[bool, option("only tell what would be done")] = False


@operation("data", "compact", permission="keep", in_a_run=True)
def data_compact(request: DataCompactRequest, work: Work) -> Compacted:
    """Put the small files of each source together, and lay its rows out by the columns that queries asked by.

    The rows, their order and their fingerprint stay what they are, and so does all that was made of them. The files
    before stay too, for whoever asks for the version before, until retention removes them.
    """
    from treadle.upkeep.compacting import compact

    return compact(work.workspace, request.source, request.by, apply=not request.dry_run)


class DataMoveRequest(Request, frozen=True):
    project: ProjectPath = "."
    days: Annotated[int, option("by how often each file was read in the last so many days")] = 30
    unused: Annotated[float, option("only what nobody made or used for so many days")] = 7.0
    back: Annotated[bool, option("bring back what was moved, all of it or what --snapshot names")] = False
    snapshot: Annotated[
        tuple[str, ...], option("with --back: only this snapshot, TABLE@VERSION; may be given several times")
    ] = ()
    apply: Annotated[bool, option("do it; else only told what would be done")] = False


@operation("data", "move", permission="keep")
def data_move(request: DataMoveRequest, work: Work) -> Moved:
    """Tell which files of tables would be kept for less in a colder place, and what that saves; --apply moves them.

    Places are named by `tiers: {vendor: NAME, region: NAME, cool: URL}` in the workspace's settings. What a released
    version rests on, or one that still answers, waits or was signed, stays at hand, as do the newest of each table and
    what was made or used of late. Whoever reads what was moved gets it: it comes back, and what that costs is told.
    """
    from treadle.tiering.moving import bring_back, move

    if request.snapshot and not request.back:
        raise SpecError("name them to bring them back", where="--snapshot", mend="add --back")
    if request.back:
        return bring_back(work.workspace, request.snapshot, apply=request.apply)
    return move(work.workspace, days=request.days, unused=request.unused, apply=request.apply)
