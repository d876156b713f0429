"""Run a project when it is due."""

from __future__ import annotations

from typing import Annotated, Literal

from treadle.api.operation import ProjectPath, Request, Work, argument, operation, option
from treadle.scheduling import Scheduled, Triggered


class ScheduleRequest(Request, frozen=True):
    project: ProjectPath = "."
    every: Annotated[str | None, option("how often, such as 1h; as often as its sources say, if not given")] = None
    retries: Annotated[int, option("how often a run that failed is tried again, later each time")] = 3
    form: Annotated[
        Literal["systemd", "cron", "airflow", "dagster"] | None,
        option("print what another scheduler needs, and run nothing: systemd, cron, airflow, dagster", flag="--print"),
    ] = None


class TriggerRequest(Request, frozen=True):
    event: Annotated[str, argument("name of the event, one of those in `schedule: {on: [...]}`")]
    project: ProjectPath = "."
    because: Annotated[str, option("what happened, in words")] = ""


@operation("schedule", permission="run")
def schedule(request: ScheduleRequest, work: Work) -> Scheduled:
    """Run the project by the clock, when new files come and at events, until it is stopped; try again what failed.

    How often is what its sources say (`every: 1h`), new files are those of sources that are read by them (`new:
    files`), and events are those that the project file names (`schedule: {on: [closing]}`). One scheduler a workspace;
    one that is started anew goes on where the last one was.
    """
    from treadle.scheduling import plan_of, unit
    from treadle.scheduling import schedule as run_when_due

    if request.form is not None:
        plan = plan_of(work.workspace.project, every=request.every, retries=request.retries)
        return Scheduled(project=plan.project, unit=unit(request.form, plan))

    def say(text: str) -> None:
        work.say(text.replace("[", "\\["))  # an error may hold what would be taken for a colour

    return run_when_due(work.workspace, work.principal, every=request.every, retries=request.retries, say=say)


@operation("schedule", "trigger", permission="run")
def trigger(request: TriggerRequest, work: Work) -> Triggered:
    """Tell that an event happened for which the project is to be run.

    The scheduler of this workspace, which may be another process, runs it within seconds; where none runs, the next one
    that is started. What is told while a run goes on is a reason for another.
    """
    from treadle.scheduling import tell

    return tell(work.workspace, request.event, request.because)
