"""Columns of a source mapped to those of a target: proposed, and accepted."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, argument, operation, option
from treadle.drafting.found import MapProposed


class DataMapRequest(Request, frozen=True):
    source: Annotated[str, argument("name of a source")]
    project: ProjectPath = "."
    to: Annotated[
        str | None,
        option("what its columns are to be: another source, or the file of a contract; its own, if not given"),
    ] = None
    take: Annotated[
        tuple[str, ...],
        option("TARGET=COLUMN: a line that is right whatever it scores; may be given several times"),
    ] = ()
    accept: Annotated[bool, option("write the sure lines, and those named by --take, to the project file")] = False


@operation("data", "map", permission="rows")
def data_map(request: DataMapRequest, work: Work) -> MapProposed:
    """Propose which column of a source is which of a target, by name, type and values, each line with its score.

    Nothing is written without --accept, and then no line that is not sure, unless --take names it.
    """
    from treadle.drafting.mapping import propose_map

    if request.accept:
        work.require("data map", "run")
    return propose_map(work.workspace, request.source, request.to, request.take, accept=request.accept)
