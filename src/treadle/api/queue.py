"""Runs of several people on one machine: asked for, listed, taken back, worked off."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.queueing.found import Job, Use

group("queue", "Runs of several people on one machine: by priority, fair shares and what fits.")


class AddJobRequest(Request, frozen=True):
    project: ProjectPath = "."
    priority: Annotated[Literal["low", "normal", "high"], option("low, normal or high; high ones stop lower ones")] = (
        "normal"
    )
    cpus: Annotated[float | None, option("cores that it needs; as its last runs were measured, if not given")] = None
    memory_gb: Annotated[float | None, option("memory that it needs, in 10^9 bytes; as measured, if not given")] = None


class ListJobsRequest(Request, frozen=True):
    limit: Annotated[int, option("so many of those that ended, the newest")] = 20


class CancelJobRequest(Request, frozen=True):
    number: Annotated[int, argument("its number")]


class WorkRequest(Request, frozen=True):
    cpus: Annotated[float | None, option("cores for runs; all of the machine, if not given")] = None
    memory_gb: Annotated[float | None, option("memory for runs, in 10^9 bytes; four fifths, if not given")] = None
    quota_cpus: Annotated[float | None, option("cores that one person may have at once")] = None
    until_empty: Annotated[bool, option("end when nothing waits")] = False


class JobAnswer(Struct, frozen=True):
    job: Job


class JobsAnswer(Struct, frozen=True):
    """`now`: seconds since 1970. `use`: who got how much, and how long they waited."""

    folder: str
    now: float
    jobs: list[Job]
    use: list[Use]


class WorkedAnswer(Struct, frozen=True):
    ended: int


@operation("queue", "add", permission="run")
def queue_add(request: AddJobRequest, work: Work) -> JobAnswer:
    """Ask for a run of the project, in your name. It begins when a worker finds room for it."""
    from treadle.queueing.jobs import Queue, checked_needs, queue_folder

    checked_needs(request.cpus, request.memory_gb)
    place = str(work.workspace.project.file)
    queue = Queue(queue_folder())
    return JobAnswer(queue.add(place, work.principal.name, request.priority, request.cpus, request.memory_gb))


@operation("queue", "list", permission="open", opens=False)
def queue_list(request: ListJobsRequest, context: Context) -> JobsAnswer:
    """List what runs, what waits and what ended on this machine; who got how much, and how long they waited."""
    from treadle.queueing.jobs import Queue, queue_folder

    limit = check_limit(request.limit)
    queue = Queue(queue_folder())
    ended = [job for job in queue.newest(limit) if job.state not in ("running", "waiting")]
    return JobsAnswer(str(queue.folder), queue.clock(), [*queue.of("running", "waiting"), *ended], queue.use())


@operation("queue", "cancel", permission="open", opens=False)
def queue_cancel(request: CancelJobRequest, context: Context) -> JobAnswer:
    """Take a run back: one that waits is gone, one that runs ends its step and keeps what it has done."""
    from treadle.queueing.jobs import Queue, queue_folder

    return JobAnswer(Queue(queue_folder()).cancel(request.number))


@operation("queue", "work", permission="open", opens=False)
def queue_work(request: WorkRequest, context: Context) -> WorkedAnswer:
    """Work this machine's queue off, as this account, until Ctrl-C; what runs then is stopped, and waits again.

    By priority, then who used least of late, then who waits longest; what fits goes first, but for ten minutes at the
    most. A run that is stopped for one of a higher priority goes on later where it was.
    """
    from treadle.queueing.jobs import Queue, checked_needs, machine_room, queue_folder
    from treadle.queueing.working import work as work_off

    checked_needs(request.cpus, request.memory_gb)
    checked_needs(request.quota_cpus, None)
    room = machine_room(request.cpus, request.memory_gb)

    def say(text: str) -> None:
        context.say(text.replace("[", "\\["))  # a path may hold what would be taken for a colour

    say(f"runs have {room.cpus:g} cores and {room.memory_gb:g} GB. Stop with Ctrl-C.")
    ended = work_off(Queue(queue_folder()), room, say, quota_cpus=request.quota_cpus, until_empty=request.until_empty)
    return WorkedAnswer(ended)
