"""Where the time of a run goes, and what would help."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.plans.found import Machine, RunProfile


class ProfileRunRequest(Request, frozen=True):
    project: ProjectPath = "."
    run: Annotated[str | None, option("this run; the newest that did a step, if not given")] = None
    against: Annotated[str | None, option("hold it against this run; the one before, if not given")] = None
    cores: Annotated[float | None, option("cores of the machine that it ran on; of this one, if not given")] = None
    memory_gb: Annotated[float | None, option("memory of it, in 10^9 bytes; of this one, if not given")] = None


@operation("costs", "profile", permission="read", remote=True)
def costs_profile(request: ProfileRunRequest, work: Work) -> RunProfile:
    """Show where the time of a run went: seconds, cores, memory and bytes of each step, what binds it, what would help.

    Make the change, run again, and it says what that did: each step is held against the same step of the run before.
    """
    from treadle.errors import EvidenceError
    from treadle.plans.bottlenecks import machine_here, profile

    here = machine_here()
    for flag, given in (("--cores", request.cores), ("--memory-gb", request.memory_gb)):
        if given is not None and not 0 < given < 1e6:
            raise EvidenceError(f"{given:g} is no size of a machine", where=flag, mend="give what it has, such as 4")
    machine = Machine(
        here.cores if request.cores is None else request.cores,
        here.memory_mb if request.memory_gb is None else request.memory_gb * 1e9 / 2**20,
        here=request.cores is None or request.memory_gb is None,
    )
    with work.workspace.chain.reading() as reader:
        return profile(reader, work.workspace.project.spec, machine, request.run, request.against)
