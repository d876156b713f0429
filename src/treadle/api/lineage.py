"""Lineage to the column, and all of it for other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import OfTarget, ProjectPath, Request, Work, argument, operation, option
from treadle.errors import EvidenceError
from treadle.history.found import ColumnLineage

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload
    from treadle.spec import Project


class LineageRequest(OfTarget, frozen=True):
    subject: Annotated[
        str, argument("source.column, a source, a feature, a view, view.column, or label, at, key, group, weight")
    ]

    def choose(self, project: Project) -> Project:
        """Columns of sources have a lineage in a project of data alone too."""
        return super().choose(project) if project.spec.predicts else project


class ExportRequest(Request, frozen=True):
    project: ProjectPath = "."
    run: Annotated[str | None, option("only the steps of this run; all that there are, if not given")] = None
    out: Annotated[str | None, option("the file that is written; printed, if not given", local=True)] = None


class ExportAnswer(Struct, frozen=True):
    """`text`: the events, a line of JSON each; empty where they went to `file`."""

    events: int
    file: str
    text: str


@operation("lineage", permission="read", remote=True)
def lineage(request: LineageRequest, work: Work) -> ColumnLineage:
    """Trace a column both ways: what it is made of, and which features, models and rules break without it."""
    from treadle.history.columns import trace

    return trace(work.workspace, request.subject)


@operation("lineage", "export", permission="run")
def lineage_export(request: ExportRequest, work: Work) -> ExportAnswer:
    """Write every step of the record as events of OpenLineage, a line each: what it read, what it made, by column."""
    import msgspec

    from treadle import __version__
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.history.openlineage import events

    workspace = work.workspace
    entries: list[Entry[Payload]] = workspace.chain.find(run=request.run)
    if request.run is not None and not entries:
        raise EvidenceError(
            f"no run is called {request.run}", where="--run", mend=f"see: treadle log {request.project}"
        )
    told = list(events(workspace.project.spec.project, entries, __version__))
    text = b"".join(msgspec.json.encode(event) + b"\n" for event in told)
    if request.out is None:
        return ExportAnswer(len(told), "", text.decode())
    write_whole(new_file(request.out, "--out"), text)
    return ExportAnswer(len(told), request.out, "")
