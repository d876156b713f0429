"""Kept tables looked after: old snapshots removed, files laid out anew."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
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
