"""The experiment tracker as a view of the record: trials, and what changed between two runs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from treadle.api.operation import (
    Context,
    ProjectPath,
    Request,
    argument,
    check_limit,
    operation,
    option,
    workspace_for,
)

Verdict = Literal["better", "worse", "noise", "not comparable"]


class TrialsRequest(Request, frozen=True):
    project: ProjectPath = "."
    run: Annotated[str | None, option("only this run; the newest search if not given")] = None
    all: Annotated[bool, option("the trials of every search, not of one")] = False
    sort: Annotated[str, option("by: value (best first), seconds (longest first) or time (newest first)")] = "value"
    limit: Annotated[int, option("so many")] = 50


class TrialShown(Struct, frozen=True):
    """One setting tried. `value` is the mean over `folds`; one that was stopped early saw fewer and is no rival."""

    run: str
    time: str
    number: int
    family: str
    metric: str
    value: float
    folds: list[float]
    seconds: float
    state: str
    best: bool
    params: dict[str, bool | int | float | str | None]


class TrialsAnswer(Struct, frozen=True):
    trials: list[TrialShown]
    more: int
    """Trials that the limit left out."""


class CompareRequest(Request, frozen=True):
    first: Annotated[str, argument("a run, or a model version such as 2 or flights:2")]
    second: Annotated[str, argument("another")]
    project: ProjectPath = "."


class Side(Struct, frozen=True):
    """One of the two: its model, how it did on sealed rows, and what it cost."""

    run: str
    model: str
    family: str
    value: float
    low: float | None
    high: float | None
    cost: float | None
    currency: str


class StepChange(Struct, frozen=True):
    """What one step of the second was given that the first was not: data, code and settings, in words."""

    step: str
    data: list[str]
    code: list[str]
    settings: list[str]


class CompareAnswer(Struct, frozen=True):
    """`gain` is the second's value less the first's, positive where that is better; `low` and `high` its interval.

    `same_rows`: both were judged on the same sealed rows. `verdict` says whether the gain is more than noise.
    """

    metric: str
    first: Side
    second: Side
    changes: list[StepChange]
    gain: float | None
    low: float | None
    high: float | None
    same_rows: bool
    verdict: Verdict
    text: str


@operation("trials", permission="read", remote=True)
def trials(request: TrialsRequest, context: Context) -> TrialsAnswer:
    """List the settings that were tried: of the newest search, of one run, or of all."""
    from treadle.api.comparing import list_trials

    check_limit(request.limit)
    return list_trials(workspace_for(request.project, context, "read"), request)


@operation("compare", permission="read", remote=True)
def compare(request: CompareRequest, context: Context) -> CompareAnswer:
    """Compare two runs: what changed in data, code and settings, what it gained, and whether that is noise."""
    from treadle.api.comparing import compare_runs

    return compare_runs(workspace_for(request.project, context, "read"), request)
