"""The tables that a project keeps: listed, their past, asked by SQL."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.exploring.found import Listed, Queried, SourceHistory


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
