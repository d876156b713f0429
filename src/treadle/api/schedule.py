"""Run a project when it is due."""

from __future__ import annotations

from typing import Annotated, Literal

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.scheduling import Scheduled


class ScheduleRequest(Request, frozen=True):
    project: ProjectPath = "."
    every: Annotated[str | None, option("how often, such as 1h; as often as its sources say, if not given")] = None
    retries: Annotated[int, option("how often a run that failed is tried again, later each time")] = 3
    form: Annotated[
        Literal["systemd", "cron", "airflow", "dagster"] | None,
        option("print what another scheduler needs, and run nothing: systemd, cron, airflow, dagster", flag="--print"),
    ] = None


@operation("schedule", permission="run")
def schedule(request: ScheduleRequest, work: Work) -> Scheduled:
    """Run the project by the clock and when new files come, until it is stopped; try again what failed.

    How often is what its sources say (`every: 1h`), and new files are those of sources that are read by them (`new:
    files`). One scheduler a workspace; one that is started anew goes on where the last one was.
    """
    from treadle.scheduling import plan_of, unit
    from treadle.scheduling import schedule as run_when_due

    if request.form is not None:
        plan = plan_of(work.workspace.project, every=request.every, retries=request.retries)
        return Scheduled(project=plan.project, unit=unit(request.form, plan))

    def say(text: str) -> None:
        work.say(text.replace("[", "\\["))  # an error may hold what would be taken for a colour

    return run_when_due(work.workspace, work.principal, every=request.every, retries=request.retries, say=say)
