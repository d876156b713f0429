"""People's minutes by stage, and what was done without them."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.plans.hours_found import Hours


class TimeRequest(Request, frozen=True, kw_only=True):
    project: ProjectPath = "."
    days: Annotated[int, option("of the last so many days")] = 90
    gap: Annotated[float, option("minutes between two acts of a person that may still be one session")] = 20.0


@operation("costs", "time", permission="discuss")
def costs_time(request: TimeRequest, work: Work) -> Hours:
    """Show the minutes that people worked, by stage, person and month, and what was done without them.

    Read from the times between a person's acts in the record; waiting for a run is no work, and hours that are booked
    win. For the people of the project alone.
    """
    from treadle.plans.hours import hours_of

    return hours_of(work.workspace, request.days, request.gap)
