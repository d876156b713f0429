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
    """One table as it stands now. `taken`: by this command; else it is as an earlier reading has it. `rows` came, of
    which `quarantined` were set aside; `snapshot`: its newest, such as orders@12."""

    source: str
    snapshot: str
    taken: bool
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
    with held(work):
        found = ingest(going, request.source)
    fresh = {entry.seq for entry in going.fresh}
    tables = [_ingested(name, entry, fresh) for name, entry in found.items()]
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


def _ingested(name: str, entry: Entry[SourceRead], fresh: set[int]) -> Ingested:
    read = entry.payload
    return Ingested(
        source=name,
        snapshot=f"{name}@{read.table.version}",
        taken=entry.seq in fresh,
        rows=read.rows,
        quarantined=read.quarantined,
        rules=read.rules,
        warnings=list(read.warnings),
    )


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
