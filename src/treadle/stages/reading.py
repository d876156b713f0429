"""Read a source, hold it to its contract, set bad rows aside, keep a snapshot of the good ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from treadle.contracts import Contract, check, load, raise_if_broken, stale
from treadle.errors import ContractBroken, DataError
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.spec import Source
from treadle.stages.work import Bench, Work
from treadle.store import File, Snapshot

if TYPE_CHECKING:
    from treadle.sources import Found
    from treadle.workspace import Workspace


class ReadSource(StepInput[SourceRead], frozen=True, kw_only=True):
    """`files` are what was found at `source.read`, of a database its rows; `examples`: predictions are made for it."""

    MAKES: ClassVar[type[Payload]] = SourceRead

    name: str
    source: Source
    contract: Contract | None
    files: File
    examples: bool


Sources = dict[str, Entry[SourceRead]]


def read_sources(work: Work) -> Sources:
    """Every source of the project, by name."""
    return {name: read_source(work, name, source) for name, source in work.workspace.project.spec.sources.items()}


def read_source(work: Work, name: str, source: Source) -> Entry[SourceRead]:
    """One source. A rule that looks at the clock is asked at every run, also when the file is as it was."""
    from treadle.sources import find

    workspace = work.workspace
    where = workspace.project.place(f"sources.{name}")
    found = find(source, workspace.project.root, where=where)
    contract = held_to(work, name)
    asked = ReadSource(
        name=name,
        source=source,
        contract=contract,
        files=File(found.name, found.digest),
        examples=name in workspace.project.asked_of,
    )
    read = work.do(asked, _Make(found, where), f"source/{name}")
    if contract is not None:
        refuse_stale(contract, name, read.payload, workspace, where)
    return read


def refuse_stale(contract: Contract, name: str, read: SourceRead, workspace: Workspace, where: str) -> None:
    """Raises ContractBroken, and keeps it, when the newest rows are too old by now."""
    reasons = stale(contract, read.newest, workspace.chain.clock())
    if not reasons:
        return
    workspace.chain.append(SourceStale(source=name, table=read.table, reasons=tuple(reasons)), f"source/{name}")
    raise ContractBroken(
        f"the batch of {read.rows:,} rows breaks the contract {contract.name} {contract.version}: {'; '.join(reasons)}",
        where=where,
        mend="deliver newer rows; or change the contract if it asks too much",
    )


class _Make:
    """`make_snapshot` with the handle of what was found: its content is in the input, by its digest."""

    def __init__(self, found: Found, where: str) -> None:
        self.found, self.where = found, where

    def __call__(self, asked: ReadSource, bench: Bench) -> SourceRead:
        return make_snapshot(asked, bench, self.found, self.where)


def held_to(work: Work, name: str) -> Contract | None:
    """The contract of a source, read once in a run: a bundle's rules are those that its rows were held to."""
    workspace = work.workspace
    source = workspace.project.spec.sources[name]
    return work.bench().recall("contract", name, lambda: contract_of(workspace, source))


def contract_of(workspace: Workspace, source: Source) -> Contract | None:
    return load(workspace.project.root / source.contract) if source.contract else None


def make_snapshot(asked: ReadSource, bench: Bench, found: Found, where: str) -> SourceRead:
    tables, names = bench.tables, bench.names
    frame, bad, rules, newest, warnings = found.rows(where), 0, 0, {}, list[str]()
    quarantine: Snapshot | None = None
    if asked.contract is None:
        good = frame.collect()
    else:
        report = check(frame, asked.contract, now=bench.chain.clock(), keys=asked.source.keys)
        if report.quarantine.height:
            # also for a batch that is refused: the reasons must not be lost with it
            quarantine = tables.replace(names.quarantine(asked.name), report.quarantine)
        raise_if_broken(report, asked.contract, where)
        good, bad, rules, newest = report.good, report.bad_rows, len(asked.contract.rules), report.newest
        warnings = report.warnings
    if good.height == 0 and asked.examples:
        # an empty table to look up in may be right; an empty table of examples is a delivery that failed
        raise DataError("the table has no rows", where=where, mend="the last good snapshot is kept; deliver it again")
    return SourceRead(
        table=tables.replace(names.source(asked.name), good),
        rows=good.height + bad,
        quarantined=bad,
        rules=rules,
        bytes=found.bytes,
        quarantine=quarantine,
        newest=newest,
        warnings=tuple(warnings),
    )
