"""What serving cost, shared out by use."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.api.prices import day_of
from treadle.plans.shares_found import Shared


class ServingCostRequest(Request, frozen=True, kw_only=True):
    project: ProjectPath = "."
    days: Annotated[int, option("of the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, where nothing is booked; today, if not given")] = None


@operation("costs", "serving", permission="read", remote=True)
def costs_serving(request: ServingCostRequest, work: Work) -> Shared:
    """Share out what serving cost, by use: to each endpoint, version, client and day.

    What was booked as infrastructure, else a server that is always on. Each day costs the same; a day is shared by the
    CPU time of its answers. Every grouping sums up to the whole exactly.
    """
    from treadle.plans.shares import shared_out

    day = day_of(request.at, "--at") or work.workspace.chain.clock().date().isoformat()
    return shared_out(work.workspace, request.days, day)
