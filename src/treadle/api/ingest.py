"""Take the data of a project, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.api.purse import purse_of
from treadle.api.sizes import held
from treadle.api.work import ReadingShown

if TYPE_CHECKING:
    from treadle.evidence import Entry
    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.stages import Work as Going
    from treadle.workspace import Workspace


class IngestRequest(Request, frozen=True):
    project: ProjectPath = "."
    fresh: Annotated[bool, option("read every source again, whatever is cached")] = False
    full: Annotated[bool, option("read sources whole that are read in increments (`new:`)")] = False
    source: Annotated[
        tuple[str, ...], option("this source alone; several times; tables made of entities stay as they are")
    ] = ()
    spend: Annotated[float | None, option("money at the most, in the price book's currency, such as 0.50")] = None
    over_budget: Annotated[bool, option("go on where a budget asks, as one who may approve")] = False


class Ingested(Struct, frozen=True):
    """One table as it stands now. `taken`: its rows are others than before this command, or its first; `again`: it was
    asked for once more, and has the rows that it had. `rows` came, of which `quarantined` were set aside; `snapshot`:
    its newest, such as orders@12."""

    source: str
    snapshot: str
    taken: bool
    again: bool
    rows: int
    quarantined: int
    rules: int
    warnings: list[str]


class IngestAnswer(Struct, frozen=True):
    """`seconds` and `cost` (in `currency`) are of this command; `said` is all of it in a sentence."""

    run: str
    project: str
    tables: list[Ingested]
    notes: list[str]
    readings: list[ReadingShown]
    """How sources from elsewhere were read, where there were two or more."""
    seconds: float
    cost: float
    currency: str
    said: str
    next: str


@operation("data", "ingest", permission="run", in_a_run=True)
def data_ingest(request: IngestRequest, work: Work) -> IngestAnswer:
    """Take the data: read every source, hold it to its contract, keep a snapshot, make the entities. Nothing is twice.

    All that a project of data alone has to do; in one that predicts, `treadle run` goes on from there.
    """
    from treadle.stages import Work as Begun
    from treadle.stages import training_cost
    from treadle.stages.ingesting import ingest

    workspace = work.workspace
    purse = purse_of(work, request.spend, over=request.over_budget, searches=False)
    going = Begun(workspace, full=request.full, purse=purse)
    before = _newest(workspace)
    with held(work):
        found = ingest(going, request.source)
    fresh = {entry.seq for entry in going.fresh}
    tables = [_ingested(name, entry, before.get(name), asked=entry.seq in fresh) for name, entry in found.items()]
    spent = training_cost(going.fresh)
    paid = spent.shown
    return IngestAnswer(
        run=workspace.chain.run,
        project=workspace.project.spec.project,
        tables=tables,
        notes=list(going.late),
        readings=_readings(going, found),
        seconds=spent.seconds,
        cost=float(paid.amount) if paid else 0.0,
        currency=paid.currency if paid else workspace.book.currency,
        said=_said(tables),
        next=_next(request.project, tables),
    )


def _newest(workspace: Workspace) -> dict[str, SourceRead]:
    """What there is of each table, those made of entities too."""
    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.spec import all_tables

    found = {
        name: workspace.chain.last(SourceRead, subject=f"source/{name}") for name in all_tables(workspace.project.spec)
    }
    return {name: entry.payload for name, entry in found.items() if entry is not None}


def _ingested(name: str, entry: Entry[SourceRead], before: SourceRead | None, *, asked: bool) -> Ingested:
    read = entry.payload
    taken = before is None or _what(before) != _what(read)
    return Ingested(
        source=name,
        snapshot=f"{name}@{read.table.version}",
        taken=taken,
        again=asked and not taken,
        rows=read.rows,
        quarantined=read.quarantined,
        rules=read.rules,
        warnings=list(read.warnings),
    )


def _what(read: SourceRead) -> tuple[object, ...]:
    """By what one reading is known from another; a later one of equal rows is of the same version."""
    return read.table.table, read.table.version, read.aside


def _readings(going: Going, found: dict[str, Entry[SourceRead]]) -> list[ReadingShown]:
    each = ((reading, found[reading.source].payload.rows) for reading in going.fetched)
    return [ReadingShown(f.source, rows, f.bytes, f.seconds, f.waited) for f, rows in each]


def _said(tables: list[Ingested]) -> str:
    taken = [each for each in tables if each.taken]
    if not taken:
        return f"nothing new in {_count(len(tables), 'table')}"
    rows, aside = sum(each.rows for each in taken), sum(each.quarantined for each in taken)
    said = f"{_count(rows, 'row')} into {len(taken)} of {_count(len(tables), 'table')}"
    return f"{said}, {aside:,} of them set aside" if aside else said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _next(project: str, tables: list[Ingested]) -> str:
    aside = [each.source for each in tables if each.quarantined]
    if aside:
        return f"treadle data quarantine show {aside[0]} {project}"
    return f"treadle data list {project}"
