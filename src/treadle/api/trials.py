"""The experiment tracker as a view of the record: trials, and what changed between two runs."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import (
    OfEachTarget,
    OfTarget,
    Work,
    argument,
    check_limit,
    operation,
    option,
)
from treadle.history.found import Comparison, Trials


class TrialsRequest(OfTarget, frozen=True):
    run: Annotated[str | None, option("only this run; the newest search if not given")] = None
    all: Annotated[bool, option("the trials of every search, not of one")] = False
    sort: Annotated[str, option("by: value (best first), seconds (longest first) or time (newest first)")] = "value"
    limit: Annotated[int, option("so many")] = 50


class CompareRequest(OfEachTarget, frozen=True):
    first: Annotated[str, argument("a run, or a model version such as 2 or flights:2")]
    second: Annotated[str, argument("another")]
    out: Annotated[str | None, option("write it to this file, as Markdown for a comment", local=True)] = None


@operation("trials", permission="read", remote=True)
def trials(request: TrialsRequest, work: Work) -> Trials:
    """List the settings that were tried: of the newest search, of one run, or of all."""
    from treadle.history.comparing import list_trials

    limit = check_limit(request.limit)
    return list_trials(work.workspace, run=request.run, every=request.all, sort=request.sort, limit=limit)


@operation("compare", permission="read", remote=True)
def compare(request: CompareRequest, work: Work) -> Comparison:
    """Compare two runs: what changed in data, code and settings, what it gained, and whether that is noise."""
    from treadle.history.comparing import compare_runs

    found = compare_runs(work.workspace, request.first, request.second)
    if request.out is not None:
        from treadle.api.written import new_file
        from treadle.evidence import write_whole
        from treadle.history.commenting import markdown

        write_whole(new_file(request.out, "--out"), markdown(found, work.workspace.project.spec.project).encode())
    return found
