"""Kept tables looked after: old snapshots removed."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.upkeep.found import Retained


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
