"""The work of a project: run the loop, play history through the endpoint, prove the features."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, operation, option, workspace_for


class RunRequest(Request, frozen=True):
    project: ProjectPath = "."
    fresh: Annotated[bool, option("run every step again, whatever is cached")] = False


class RunAnswer(Struct, frozen=True):
    """What a run came to.

    `interval` is a 95 % interval of `value` on the sealed test rows; `baseline` knows only the overall rate,
    `schedule_only` is the same family on request and row features alone. `seconds`, `cpu_seconds`, `peak_mb` and
    `cost` (in `currency`) are of the steps that made this model, whichever run did them; `this_run_seconds` and
    `this_run_cost` of this run alone.
    """

    run: str
    model: str
    status: str
    released: bool
    metric: str
    value: float
    interval: list[float | None]
    baseline: float
    schedule_only: float | None
    verdict: str
    threshold: float | None
    calibration_error: float | None
    seconds: float
    cpu_seconds: float
    peak_mb: float
    cost: float
    currency: str
    this_run_seconds: float
    this_run_cost: float
    bundle_mb: float
    report: str
    steps: list[dict[str, Any]]
    cached_steps: list[str]
    gates: list[Any]
    next: str


class ReplayRequest(Request, frozen=True):
    project: ProjectPath = "."
    start: Annotated[
        str | None, option("play from this time on (UTC); the training cut if not given", flag="--from")
    ] = None
    end: Annotated[str | None, option("play up to this time (UTC); the end of the data if not given", flag="--to")] = (
        None
    )
    url: Annotated[str | None, option("a running endpoint; else one is started for the replay")] = None
    even_training: Annotated[bool, option("allow times before the training cut, which the model has seen")] = False


class ReplayAnswer(Struct, frozen=True):
    start: str
    end: str
    url: str
    events: int
    predictions: int
    outcomes: int
    refused: int
    seconds: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    next: str


class ProveRequest(Request, frozen=True):
    project: ProjectPath = "."
    rows: Annotated[int | None, option("compare only so many rows, spread over all; every event is played")] = None


@operation("run", permission="run")
def run(request: RunRequest, context: Context) -> RunAnswer:
    """Run the whole loop: read, check, build, train, evaluate, pack, review, release. Does nothing twice."""
    from treadle.loop import run as run_loop
    from treadle.stages import training_cost
    from treadle.workspace import new_run

    workspace = workspace_for(request.project, context, "run", run=new_run(), fresh=request.fresh)
    result = run_loop(workspace)
    found, spent = result.evaluation, training_cost(result.steps)
    fresh = training_cost([step for step in result.steps if not step.cached])
    reviewers = workspace.project.spec.brief.people.reviewers
    failing = [gate.text for gate in result.gates if not gate.holds]
    if result.released:
        after = f"treadle run {request.project} --serve"
    elif failing:
        after = f"no release while a gate fails: {'; '.join(failing)}"
    else:
        after = f"treadle models release {request.project} --as {reviewers[0] if reviewers else 'REVIEWER'}"
    return RunAnswer(
        run=workspace.chain.run,
        model=result.model,
        status=result.status,
        released=result.released,
        metric=found.metric,
        value=found.value.value,
        interval=[found.value.low, found.value.high],
        baseline=found.baseline.value,
        schedule_only=found.reference.value if found.reference else None,
        verdict=found.verdict,
        threshold=found.threshold if found.kind == "classification" else None,
        calibration_error=found.calibration_error,
        seconds=spent["seconds"],
        cpu_seconds=spent["cpu_seconds"],
        peak_mb=spent["peak_mb"],
        cost=spent["amount"],
        currency=spent["currency"],
        this_run_seconds=round(result.seconds, 2),
        this_run_cost=fresh["amount"],
        bundle_mb=result.mb,
        report=result.report,
        steps=[_step(step) for step in result.steps],
        cached_steps=[f"{s.kind} {s.subject}" for s in result.steps if s.cached],
        gates=list(result.gates),
        next=after,
    )


def _step(step: Any) -> dict[str, Any]:
    usage = step.entry.usage if step.entry is not None else None
    return {
        "kind": step.kind,
        "subject": step.subject,
        "cached": step.cached,
        "why": step.why,
        "seconds": usage.seconds if usage else None,
        "cost": step.entry.cost["amount"] if step.entry is not None and step.entry.cost else None,
    }


@operation("replay", permission="run")
def replay(request: ReplayRequest, context: Context) -> ReplayAnswer:
    """Play history after the training cut through the live endpoint, over HTTP, in time order."""
    from treadle.api.play import play
    from treadle.workspace import new_run

    return play(workspace_for(request.project, context, "run", run=new_run()), request, context)


@operation("features", "prove", permission="run")
def features_prove(request: ProveRequest, context: Context) -> Any:
    """Play real history through the batch and the online path, and report every cell that differs."""
    from treadle.stages import prove_features
    from treadle.workspace import new_run

    workspace = workspace_for(request.project, context, "run", run=new_run())
    return prove_features(workspace, rows=request.rows)
