"""The tables that a project keeps: listed, their past, asked by SQL."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import (
    Context,
    ProjectPath,
    Request,
    Work,
    argument,
    check_limit,
    group,
    operation,
    option,
)
from treadle.api.project import READING
from treadle.exploring.found import Difference, Listed, Queried, SourceHistory
from treadle.profiling.found import Profile
from treadle.spec import layout_from
from treadle.spec.names import is_identifier


class DataListRequest(Request, frozen=True):
    project: ProjectPath = "."


class DataHistoryRequest(Request, frozen=True):
    source: Annotated[str, argument("name of a source")]
    project: ProjectPath = "."
    limit: Annotated[int, option("the newest so many snapshots")] = 20


class DataQueryRequest(Request, frozen=True):
    sql: Annotated[
        str,
        argument(
            "one SELECT, in DuckDB's SQL. A source is a table: `flights` is its newest snapshot, `flights@12` a "
            "version, `flights@2026-11-28` or `flights@2026-11-28T10:00` the newest by then (UTC)"
        ),
    ]
    project: ProjectPath = "."
    limit: Annotated[int, option("so many rows at most")] = 100
    seconds: Annotated[float, option("so long at most")] = 60.0
    memory_gb: Annotated[float, option("so much memory at most, in 10^9 bytes", local=True)] = 1.0


class DataProfileRequest(Request, frozen=True):
    table: Annotated[
        str,
        argument("a source: `flights`, `flights@12`, `flights@2026-11-28`; or a file: `data.csv`, `./flights`"),
    ]
    project: ProjectPath = "."
    label: Annotated[
        str | None, option("a column, or an expression, that each column is related to; else the project's own label")
    ] = None
    html: Annotated[str | None, option("also write the page to this file", local=True)] = None
    reading: Annotated[str, option(READING, local=True)] = ""

    @property
    def is_file(self) -> bool:
        """What can be no name of a source is a file."""
        return not is_identifier(self.table.partition("@")[0])


class DataDiffRequest(Request, frozen=True):
    source: Annotated[str, argument("name of a source")]
    before: Annotated[
        str | None, argument("a snapshot of it: 12 or 2026-11-28; the one before the other, if not given")
    ] = None
    now: Annotated[str | None, argument("another; the newest, if not given")] = None
    project: Annotated[str, option("folder of the project, or its treadle.yaml")] = "."


group("data", "The tables that a project keeps.")


@operation("data", "list", permission="read", remote=True)
def data_list(request: DataListRequest, work: Work) -> Listed:
    """List the sources of a project, each with its newest snapshot."""
    from treadle.exploring.snapshots import list_sources

    return list_sources(work.workspace)


@operation("data", "history", permission="read", remote=True)
def data_history(request: DataHistoryRequest, work: Work) -> SourceHistory:
    """List the snapshots of a source, newest first: who read each and when, and which runs and models used it."""
    from treadle.exploring.snapshots import history_of

    return history_of(work.workspace, request.source, check_limit(request.limit))


@operation("data", "query", permission="rows", remote=True)
def data_query(request: DataQueryRequest, work: Work) -> Queried:
    """Ask snapshots by SQL. Nothing can be written, and nothing but the sources be read."""
    from treadle.exploring.asking import Limits, query

    limits = Limits(rows=check_limit(request.limit), seconds=request.seconds, memory_gb=request.memory_gb)
    return query(work.workspace, request.sql, limits)


@operation("data", "profile", permission="rows", remote=True, alone=lambda request: bool(request.is_file))
def data_profile(request: DataProfileRequest, work: Work | Context) -> Profile:
    """Tell what a source, or a file, holds: types, missing values, distributions, keys, relations, personal data.

    With questions for whoever knows the table. Keeps nothing; `--html FILE` writes a page.
    """
    from treadle.exploring.describing import profile_file, profile_snapshot

    if isinstance(work, Work):
        found = profile_snapshot(work.workspace, request.table, request.label, work.say)
    else:
        found = profile_file(request.table, layout_from(request.reading, "--reading"), request.label, work.say)
    if request.html is not None:
        from treadle.api.written import new_file
        from treadle.profiling import profile_page

        new_file(request.html, "--html").write_text(profile_page(found), encoding="utf-8")
    return found


@operation("data", "diff", permission="rows", remote=True)
def data_diff(request: DataDiffRequest, work: Work) -> Difference:
    """Compare two snapshots of a source: columns, rows added, removed and changed, and how values moved."""
    from treadle.exploring.differing import diff

    return diff(work.workspace, request.source, request.before, request.now, work.say)
