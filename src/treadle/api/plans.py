"""What a measured workload would cost in other ways, and two designs held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec.structs import force_setattr

from treadle.api.operation import OPERATIONS, OfTarget, ProjectPath, Request, Work, argument, operation, option
from treadle.api.prices import day_priced
from treadle.errors import SpecError
from treadle.plans.found import Assumed, DesignsDiffer, Plan

_ASSUMED = Assumed()


class PlanRequest(OfTarget, frozen=True, kw_only=True):
    """With what no record says; see `Assumed`."""

    days: Annotated[int, option("the workload of the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None
    interruptions: Annotated[float | None, option("of a spot machine, an hour; without it spot is not priced")] = None
    checkpoint_s: Annotated[float, option("seconds to write a checkpoint")] = _ASSUMED.checkpoint_s
    restart_s: Annotated[float, option("seconds to be running again after an interruption")] = _ASSUMED.restart_s
    cold_s: Annotated[float, option("seconds until a server that is asleep answers")] = _ASSUMED.cold_s
    idle_s: Annotated[float, option("seconds without a request before a server is put to sleep")] = _ASSUMED.idle_s
    busy: Annotated[float, option("share of its CPUs that a server is to use in the busiest minute")] = _ASSUMED.busy
    margin: Annotated[float, option("of memory above the peak that was measured")] = _ASSUMED.margin
    egress_gb: Annotated[float, option("10^9 bytes sent out of the region a month")] = _ASSUMED.egress_gb
    falls_to: Annotated[float, option("share of the use that is left where a reservation is regretted")] = (
        _ASSUMED.falls_to
    )
    vendor: Annotated[str | None, option("only by this vendor's prices")] = None
    region: Annotated[str | None, option("only by the prices of this region")] = None

    def assumed(self) -> Assumed:
        return Assumed(**{name: getattr(self, name) for name in Assumed.__struct_fields__})


class DesignsRequest(Request, frozen=True, kw_only=True):
    before: Annotated[str, argument("a version, such as 2; or the folder, or the treadle.yaml, of a project")]
    after: Annotated[str, argument("what it is held against, likewise")]
    project: ProjectPath = "."
    target: Annotated[str | None, option("which target, where the project has several")] = None
    days: Annotated[int, option("the workload of the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None
    interruptions: Annotated[float | None, option("of a spot machine, an hour; without it spot is not priced")] = None
    egress_gb: Annotated[float, option("10^9 bytes sent out of the region a month")] = _ASSUMED.egress_gb

    def __post_init__(self) -> None:
        """Of two projects the first is asked, where there is none here: its record has the prices."""
        if self.project == "." and not _is_project(".") and _is_project(self.before) and _is_project(self.after):
            force_setattr(self, "project", self.before)


@operation("costs", "plan", permission="read", remote=True)
def costs_plan(request: PlanRequest, work: Work) -> Plan:
    """Price the workload that was measured in other ways: on demand, spot, reserved, serverless, scaled, tiered.

    By the prices that were imported, each with its date and source. What has no known price is said to have none.
    """
    from treadle.plans import plan

    return plan(
        work.workspace,
        request.assumed(),
        days=request.days,
        day=day_priced(request.at, work),
        vendor=request.vendor,
        region=request.region,
    )


@operation("costs", "diff", permission="read")
def costs_diff(request: DesignsRequest, work: Work) -> DesignsDiffer:
    """Hold two versions, or two projects, against each other: money a month, for 1,000 predictions, and score.

    Each with its own runs and tables, a version with the work that made it; both for the requests that were measured,
    of the one that was asked more. Prices are those of the project here; where there is none, of the first.
    """
    from treadle.plans.comparing import Side, compare
    from treadle.pricing import known

    sides = []
    for given in (request.before, request.after):
        path = given if _is_project(given) else request.project
        if path is not given and any(letter in given for letter in "/\\"):
            raise SpecError(f"there is no project {given}", where="costs diff", mend="name a version, or a project")
        opened = OPERATIONS["costs plan"].enter(PlanRequest(project=path, target=request.target), work.asked).workspace
        version, name = (None, given) if path is given else (given, opened.project.address)
        sides.append(Side(opened, version, name))
    before, after = sides
    assumed = Assumed(interruptions=request.interruptions, egress_gb=request.egress_gb)
    with work.workspace.chain.reading() as reader:
        prices = known(reader, work.workspace.blobs, day_priced(request.at, work))
    return compare(before, after, prices, assumed, request.days)


def _is_project(given: str) -> bool:
    place = Path(given)
    return place.is_file() or (place / "treadle.yaml").is_file()
