"""The work of a project: run the loop, play history through the endpoint, prove the features."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, operation, option, workspace_for


class RunRequest(Request, frozen=True):
    project: ProjectPath = "."
    fresh: option(bool, "run every step again, whatever is cached") = False  # type: ignore[valid-type]


class RunAnswer(Struct, frozen=True):
    """What a run came to. `interval` is a 95 % interval; `cost` is in `currency`, of this run's own steps.

    `trained_*` are the same figures of the steps that made the model, whichever run did them.
    """

    run: str
    model: str
    status: str
    metric: str
    value: float
    interval: list[float]
    baseline: float
    schedule_only: float | None
    threshold: float | None
    calibration_error: float | None
    seconds: float
    cpu_seconds: float
    peak_mb: float
    cost: float
    currency: str
    trained_seconds: float
    trained_cost: float
    report: str
    steps: list[dict[str, Any]]
    cached_steps: list[str]
    gates: list[dict[str, Any]]
    released: bool
    next: str


class ReplayRequest(Request, frozen=True):
    project: ProjectPath = "."
    start: option(
        str | None,
        "play from this time on (UTC); the training cut if not given",  # type: ignore[valid-type]
        flag="--from",
    ) = None
    end: option(
        str | None,
        "play up to this time (UTC); the end of the data if not given",  # type: ignore[valid-type]
        flag="--to",
    ) = None
    url: option(str | None, "a running endpoint; else one is started for the replay") = None  # type: ignore[valid-type]
    even_training: option(bool, "allow times before the training cut, which the model has seen") = False  # type: ignore[valid-type]


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
    rows: option(int | None, "compare only so many rows, spread over all; every event is played") = None  # type: ignore[valid-type]


@operation("run", permission="run")
def run(request: RunRequest, context: Context) -> RunAnswer:
    """Run the whole loop: read, check, build, train, evaluate, pack, review, release. Does nothing twice."""
    from treadle.loop import run as run_loop
    from treadle.workspace import new_run

    return run_loop(workspace_for(request.project, context, "run", run=new_run(), fresh=request.fresh))


@operation("replay", permission="run")
def replay(request: ReplayRequest, context: Context) -> ReplayAnswer:
    """Play history after the training cut through the live endpoint, over HTTP, in time order."""
    from treadle.api.play import play
    from treadle.workspace import new_run

    return play(workspace_for(request.project, context, "run", run=new_run()), request, context)


@operation("features", "prove", permission="run")
def features_prove(request: ProveRequest, context: Context) -> Any:
    """Play real history through the batch and the online path, and report every cell that differs."""
    from treadle.loop import prove_features
    from treadle.workspace import new_run

    return prove_features(workspace_for(request.project, context, "run", run=new_run()), rows=request.rows)
