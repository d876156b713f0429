"""Read a source, hold it to its contract, set bad rows aside, keep a snapshot of the good ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from msgspec import field
from msgspec.structs import replace

from treadle.contracts import Contract, load, stale
from treadle.errors import ContractBroken, DataError, Fault, SpecError
from treadle.evidence import Entry, Payload, Reader, StepInput
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.mapping import NotMade
from treadle.spec import Source
from treadle.stages.ahead import Ahead, from_elsewhere
from treadle.stages.aside import hold, kept_aside, newest_of
from treadle.stages.beside import LastGood, beside_of, last_good, others_now, pointed_to, reading_order
from treadle.stages.breaking import files_of_rates, refuse_broken, unmapped
from treadle.stages.followed import done_again, newest_after, passed
from treadle.stages.increments import read_increment, what_is_new
from treadle.stages.lateness import in_time
from treadle.stages.named import refuse_misnamed
from treadle.stages.parted import PartedSource, Taken, first_rows, large_parts, room_on_disk
from treadle.stages.work import Bench, Work
from treadle.store import File, Snapshot

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import Found
    from treadle.workspace import Workspace


class ReadSource(StepInput[SourceRead], frozen=True, kw_only=True):
    """`files` are what was found at `source.read`, of a database its rows; `examples`: predictions are made for it."""

    MAKES: ClassVar[type[Payload]] = SourceRead
    MEASURED: ClassVar[tuple[str, ...]] = ("last",)

    name: str
    source: Source
    contract: Contract | None
    files: File
    examples: bool
    others: dict[str, Snapshot] = field(default_factory=dict)
    """Sources that the contract points to."""
    last: str = ""
    """The last good snapshot, which the rows are held against; that it is another now is no reason to read again."""
    rates: dict[str, File] = field(default_factory=dict)
    """Of currencies, by the place of their file; what they hold is in the digest of what was read too."""

    def outdated(self, record: Reader, subject: str, made: str) -> str:
        return passed(record, subject, made)


Sources = dict[str, Entry[SourceRead]]


def read_sources(work: Work, only: Collection[str] = (), *, on: bool = False) -> Sources:
    """Every source of the project, by name; each after those that its contract points to. Two and more that come from
    elsewhere are read side by side. only: these alone, where any is named. on: one that is refused keeps no other from
    being read but those that point to it; what was refused is raised at the end."""
    project = work.workspace.project
    sources = project.spec.sources
    order = reading_order(project, {name: held_to(work, name) for name in sources})
    order = [name for name in order if not only or name in only]
    ahead = Ahead()
    # begun in the order in which they are kept: one that waits for room is never waited for by one that has it
    elsewhere = [name for name in order if from_elsewhere(sources[name])]
    for name in elsewhere if len(elsewhere) > 1 else []:
        _begin(work, ahead, name, sources[name])
    ahead.start()
    found, refused = Sources(), dict[str, SpecError | DataError]()
    try:
        for name in order:
            try:
                _refuse_unread(name, pointed_to(project, name, held_to(work, name)), refused)
                found[name] = read_source(work, name, sources[name], ahead)
            except (SpecError, DataError) as bad:
                if not on:
                    raise
                refused[name] = bad
                ahead.done(name)
    finally:
        ahead.close()
        work.fetched = ahead.told()
    _refuse(refused, found)
    return {name: found[name] for name in sources if name in found}


def _refuse_unread(name: str, others: Mapping[str, str], refused: Collection[str]) -> None:
    for other in others:
        if other in refused:
            raise DataError(f"{name} was not read: its contract points to {other}", where=others[other])


def _refuse(refused: Mapping[str, SpecError | DataError], found: Collection[str]) -> None:
    errors = list(refused.values())
    if len(errors) == 1:
        raise errors[0]
    if errors:
        faults = [Fault(bad.what, bad.where, bad.mend) for bad in errors]
        others = "the others were taken" if found else "nothing was taken"
        raise DataError(f"{len(errors)} sources are refused; {others}", faults=faults)


def _begin(work: Work, ahead: Ahead, name: str, source: Source) -> None:
    """What is to be read is told by the record now; that it tells the same when it is kept, the record sees to."""
    from treadle.sources import expected, find

    root, where = work.workspace.project.root, work.workspace.project.place(f"sources.{name}")
    if source.new is None:
        contract = held_to(work, name)
        told = expected(source, contract.types) if contract is not None else source
        ahead.add(name, lambda share: find(told, root, where=where, share=share))
        return
    asked = what_is_new(work, name, source, held_to(work, name), full=work.full)
    ahead.add(name, lambda share: asked.find(root, share))


def read_source(work: Work, name: str, source: Source, ahead: Ahead) -> Entry[SourceRead]:
    """One source. A rule that looks at the clock is asked at every run, also when the file is as it was."""
    workspace, contract = work.workspace, held_to(work, name)
    seen = list[Entry[SourceRead]]()

    def read() -> Entry[SourceRead]:
        try:
            if source.new is None:
                found = read_whole(work, name, source, contract, ahead)
            else:
                found = read_increment(work, name, source, contract, ahead, full=work.full and not seen)
        except NotMade as bad:
            raise unmapped(workspace, name, bad, contract) from bad
        except (SpecError, DataError) as bad:
            raise workspace.project.located(bad) from bad.__cause__  # of a part of the source, such as its map
        ahead.done(name)
        if seen and found.hash == seen[-1].hash:
            work.forget_last()  # it was looked for again, and is what it was
        seen.append(found)
        return found

    found, lag = in_time(workspace, name, source, read, work.sleep, work.ticks)
    if lag is not None and lag.late:
        work.late.append(lag.said())
    if contract is not None:
        refuse_stale(contract, name, found.payload, workspace, workspace.project.place(f"sources.{name}"))
    return found


def read_whole(work: Work, name: str, source: Source, contract: Contract | None, ahead: Ahead) -> Entry[SourceRead]:
    """All that is there."""
    from treadle.sources import MappedRows, expected, find

    workspace = work.workspace
    where = workspace.project.place(f"sources.{name}")
    told = expected(source, contract.types) if contract is not None else source
    found: Found = ahead.take(name) or find(told, workspace.project.root, where=where)
    last = last_good(workspace, name, contract, found.digest)
    asked = ReadSource(
        name=name,
        source=source,
        contract=contract,
        files=File(found.name, found.digest),
        examples=name in workspace.project.asked_of,
        others=others_now(workspace, name, contract),
        last=last.name if last else "",
        rates=files_of_rates(found.rates) if isinstance(found, MappedRows) else {},
    )
    before = workspace.chain.last(SourceRead, subject=f"source/{name}")
    read = work.do(asked, _Make(found, where, last, workspace), f"source/{name}")
    if before is None or read.seq <= before.seq:
        return newest_after(work, read)
    return done_again(work, name, read, before, contract)


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

    def __init__(self, found: Found, where: str, last: LastGood | None, workspace: Workspace) -> None:
        self.found, self.where, self.last, self.workspace = found, where, last, workspace

    def __call__(self, asked: ReadSource, bench: Bench) -> SourceRead:
        def told(rows: pl.DataFrame) -> tuple[str, ...]:
            notes = refuse_broken(self.workspace, asked.name, rows, asked.contract, self.where)
            refuse_misnamed(asked.name, asked.source, rows, asked.contract)
            return notes

        before = self.workspace.chain.last(SourceRead, subject=f"source/{asked.name}")
        made = make_snapshot(asked, bench, self.found, self.where, self.last, told)
        fewer = _far_fewer(before.payload.table.rows, made.table.rows) if before is not None else ()
        return replace(made, warnings=(*made.warnings, *fewer))


def _far_fewer(before: int, now: int) -> tuple[str, ...]:
    """What is to be said of a table that was there before and has less than half of its rows now."""
    if 2 * now >= before:
        return ()
    return (f"it had {before:,} row{'s' * (before != 1)} before and has {f'{now:,}' if now else 'none'} now",)


def held_to(work: Work, name: str) -> Contract | None:
    """The contract of a source, read once in a run: a bundle's rules are those that its rows were held to."""
    workspace = work.workspace
    source = workspace.project.spec.sources[name]
    return work.bench().recall("contract", name, lambda: contract_of(workspace, source))


def contract_of(workspace: Workspace, source: Source) -> Contract | None:
    return load(workspace.project.root / source.contract, source.contract) if source.contract else None


def make_snapshot(
    asked: ReadSource,
    bench: Bench,
    found: Found,
    where: str,
    last: LastGood | None = None,
    told: Callable[[pl.DataFrame], tuple[str, ...]] = lambda rows: (),
) -> SourceRead:
    """told: what is to be said of the columns of the rows, or of their first values; it refuses what breaks."""
    from treadle.sources import Scratch, notes_of

    tables, names = bench.tables, bench.names
    beside = beside_of(bench, asked.name, asked.contract, asked.others, last)
    with ExitStack() as rooms:
        scratch = Scratch(
            lambda: rooms.enter_context(room_on_disk(bench.scratch)),
            lambda rows: bench.progress(0, 1, f"{rows:,} rows read"),
        )
        parts = large_parts(found, asked.contract, asked.name, where, scratch)
        if parts is not None:
            notes = told(first_rows(parts))
            source = PartedSource(parts, asked.name, asked.source, asked.contract, beside, bench, where, asked.examples)
            taken = source.take()
            return _of_parts(taken, asked, found, (*notes_of(found), *notes))
    rows = found.rows(where).collect()
    notes = (*notes_of(found), *told(rows))
    held = hold(rows, asked.contract, bench.chain.clock(), asked.source.keys, beside)
    quarantine: Snapshot | None = None
    if held.aside is not None:
        # also for a batch that is refused: the reasons must not be lost with it
        quarantine = tables.replace(names.quarantine(asked.name), held.aside)
    held.raise_if_broken(asked.contract, where)
    if held.good.height == 0 and asked.examples:
        # an empty table to look up in may be right; an empty table of examples is a delivery that failed
        raise DataError("the table has no rows", where=where, mend="the last good snapshot is kept; deliver it again")
    return SourceRead(
        table=tables.replace(names.source(asked.name), held.good),
        rows=held.good.height + held.bad,
        quarantined=held.bad,
        rules=held.rules,
        bytes=found.bytes,
        quarantine=quarantine,
        newest=held.newest,
        warnings=(*held.warnings, *notes),
        reached=newest_of(held.good, asked.source),
        aside=kept_aside(bench, held),
        unasked=held.unasked,
    )


def _of_parts(taken: Taken, asked: ReadSource, found: Found, notes: tuple[str, ...]) -> SourceRead:
    judged = taken.judged
    return SourceRead(
        table=taken.table,
        rows=taken.rows,
        quarantined=judged.bad_rows if judged else 0,
        rules=len(asked.contract.rules) if asked.contract else 0,
        bytes=found.bytes,
        quarantine=taken.quarantine,
        newest=dict(judged.newest) if judged else {},
        warnings=(*(judged.warnings if judged else ()), *notes),
        reached=taken.reached,
        aside=taken.aside,
        unasked=tuple(judged.unasked) if judged else (),
    )
