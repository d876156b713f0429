"""Rows that a contract set aside: as they stand now, and what is done about them: mended, dropped, replayed, undone.

Each change goes on from the newest entry of the source and is written only if that is still the newest one, so that two
at once, or one that is killed, leave each row once: in the table, or set aside.
"""

from __future__ import annotations

import dataclasses
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from msgspec import field
from msgspec.structs import replace

from treadle.contracts import Beside, Contract, Report, check, others_of
from treadle.errors import DataError, EvidenceError, Overtaken, nearest
from treadle.evidence import Entry, Payload, Reader, StepInput
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.evidence.kinds.source_read import Followed, SourceRead
from treadle.evidence.removals import name_of, removals
from treadle.spec import Source
from treadle.stages.aside import parquet_of
from treadle.stages.beside import beside_of, others_now
from treadle.stages.work import Bench, Work
from treadle.store import Blob, EntryRef, Snapshot

if TYPE_CHECKING:
    import polars as pl

    from treadle.store import Blobs
    from treadle.workspace import Workspace


@dataclass(frozen=True)
class Head:
    """How a source stands: its newest reading, and what was done about its rows set aside since."""

    read: Entry[SourceRead]
    change: Entry[QuarantineChanged] | None

    @property
    def hash(self) -> str:
        return self.change.hash if self.change is not None else self.read.hash

    @property
    def aside(self) -> tuple[Blob, ...]:
        return self.change.payload.aside if self.change is not None else self.read.payload.aside


def head_of(record: Reader, source: str) -> Head | None:
    """None of a source that was not read yet."""
    subject = f"source/{source}"
    reads = record.find(SourceRead, subject=subject, status="done", newest_first=True, limit=1)
    if not reads:
        return None
    changes = record.find(QuarantineChanged, subject=subject, status="done", newest_first=True, limit=1)
    return Head(reads[0], changes[0] if changes and changes[0].seq > reads[0].seq else None)


def standing(workspace: Workspace, source: str) -> Head:
    """Raises:
    DataError: there is no such source, or it was not read yet.
    """
    sources = workspace.project.spec.sources
    if source not in sources:
        raise DataError(
            f'there is no source "{source}"', where=workspace.project.spec.project, mend=nearest(source, sources)
        )
    with workspace.chain.reading() as reader:
        found = head_of(reader, source)
    if found is None:
        command = workspace.project.command_that_reads()
        raise DataError(f"{source} was not read yet", where=source, mend=f"{command} reads it")
    return found


def parts_of(blobs: Blobs, aside: tuple[Blob, ...], source: str) -> list[pl.DataFrame]:
    """The rows that are set aside, a frame a reading: `row`, `given`, `broke`, and `mended` where one was.

    Raises:
        DataError: a file of them is gone.
    """
    import polars as pl

    found = []
    for blob in aside:
        try:
            found.append(pl.read_parquet(io.BytesIO(blobs.get(blob.digest))))
        except (EvidenceError, OSError) as bad:
            raise DataError(
                f"rows of {source} that were set aside are gone from the workspace",
                where=source,
                mend="read the source anew: treadle data ingest PROJECT --fresh",
            ) from bad
    return found


def write_change(workspace: Workspace, head: Head, made: QuarantineChanged) -> Entry[QuarantineChanged]:
    """Write a change that goes on from `head`.

    Raises:
        Overtaken: something else was written about the source since.
    """
    with workspace.chain.alone() as alone:
        now = head_of(alone, made.source)
        if now is None or now.hash != head.hash:
            raise _overtaken(made.source)
        return alone.append(made, head.read.subject)


def _overtaken(source: str) -> Overtaken:
    return Overtaken(
        f"{source} was read, or its rows set aside were changed, meanwhile",
        where=source,
        mend="nothing of this was done; look again: treadle data quarantine show",
    )


class GoesOn(StepInput[SourceRead], frozen=True, kw_only=True):
    """What goes on from how a source stood: from `read`, and `change` where there is one."""

    MAKES: ClassVar[type[Payload]] = SourceRead

    name: str
    read: EntryRef
    change: EntryRef | None
    reason: str

    def overtaken(self, record: Reader, subject: str) -> str:
        now = head_of(record, self.name)
        mine = self.change.digest if self.change is not None else self.read.digest
        return "" if now is not None and now.hash == mine else str(_overtaken(self.name).what)


class ReplayAside(GoesOn, frozen=True, kw_only=True):
    """Hold the rows that are set aside to the contract once more."""

    source: Source
    contract: Contract
    aside: tuple[Blob, ...]
    others: dict[str, Snapshot] = field(default_factory=dict)


class BringBack(GoesOn, frozen=True, kw_only=True):
    """Make what a source was at an earlier entry what it is now."""

    back: EntryRef
    table: Snapshot


def replay(work: Work, name: str, contract: Contract | None, reason: str) -> Entry[SourceRead]:
    """The rows that keep the contract by now, in a new snapshot; the others stay set aside.

    Raises:
        DataError: none are set aside, or none keeps the contract.
        Overtaken: something else was done about the source meanwhile.
    """
    workspace, head = work.workspace, standing(work.workspace, name)
    if not head.aside:
        raise DataError(f"no row of {name} is set aside", where=name, mend="there is nothing to replay")
    if contract is None:
        raise DataError(
            f"{name} has no contract any more", where=name, mend="read it anew: treadle data ingest PROJECT --fresh"
        )
    asked = ReplayAside(
        name=name,
        read=head.read.ref,
        change=head.change.ref if head.change else None,
        reason=reason,
        source=workspace.project.spec.sources[name],
        contract=contract,
        aside=head.aside,
        others=others_now(workspace, name, contract),
    )
    return work.do(asked, _Replay(head), head.read.subject, cache=False)


def bring_back(work: Work, name: str, version: int, reason: str) -> Entry[SourceRead]:
    """What a source was at a version: its rows, its rows set aside, and how far it was read.

    Raises:
        DataError: there is no such version, or its files are gone.
    """
    workspace, head = work.workspace, standing(work.workspace, name)
    entries = workspace.chain.find(SourceRead, subject=head.read.subject, status="done")
    found = [entry for entry in entries if entry.payload.table.version == version]
    if not found:
        known = sorted({entry.payload.table.version for entry in entries})
        raise DataError(f"{name} has no version {version}", where=name, mend=f"it has {', '.join(map(str, known))}")
    back = found[-1]
    if back.hash == head.hash:
        raise DataError(f"{name} is at version {version}", where=name, mend="there is nothing to undo")
    with workspace.chain.reading() as reader:
        removal = removals(reader).get(name_of(back.payload.table))
    if removal is not None and removal.seq > back.seq:
        raise DataError(
            f"version {version} of {name} {removal.said()}", where=name, mend="data history lists what is still there"
        )
    asked = BringBack(
        name=name,
        read=head.read.ref,
        change=head.change.ref if head.change else None,
        reason=reason,
        back=back.ref,
        table=back.payload.table,
    )
    return work.do(asked, _Back(back), head.read.subject, cache=False)


def root_of(entry: Entry[SourceRead]) -> str:
    return entry.payload.followed.root if entry.payload.followed is not None else entry.hash


class _Back:
    def __init__(self, back: Entry[SourceRead]) -> None:
        self.back = back

    def __call__(self, asked: BringBack, bench: Bench) -> SourceRead:
        table = bench.tables.replace(asked.table.table, bench.read(asked.table))
        done = Followed(
            done="brought back", root=root_of(self.back), rows=0, reason=asked.reason, back=asked.back.digest
        )
        return replace(self.back.payload, table=table, unasked=(), followed=done)


class _Replay:
    def __init__(self, head: Head) -> None:
        self.head = head

    def __call__(self, asked: ReplayAside, bench: Bench) -> SourceRead:
        return keep_replayed(asked, bench, self.head)


def keep_replayed(asked: ReplayAside, bench: Bench, head: Head) -> SourceRead:
    """Rules about a whole batch are not asked: a few rows that were mended are none."""
    import polars as pl

    base, parts = head.read.payload, parts_of(bench.blobs, asked.aside, asked.name)
    merges = asked.source.new is not None and bool(asked.source.keys)
    kept = bench.read(base.table, _asked_again(bench, asked, base.table))
    good, left = list[pl.DataFrame](), list[pl.DataFrame]()
    for part in parts:
        beside = beside_of(bench, asked.name, asked.contract, asked.others, None, kept)
        report = _held(asked, bench, part, replace_once(beside, once=not merges))
        if report.good.height:
            good.append(_like(bench, base.table, report.good))
            kept = pl.concat([kept, good[-1].select(kept.columns)], how="vertical_relaxed")
        if report.aside is not None:
            left.append(_still(part, report.aside))
    rows, remaining = sum(frame.height for frame in good), sum(frame.height for frame in left)
    assert rows + remaining == sum(part.height for part in parts), "each row is taken, or stays set aside"
    if not rows:
        why = ", ".join(sorted({str(each["reason"]) for frame in left for row in frame["broke"] for each in row})[:3])
        raise DataError(
            f"none of the {remaining:,} rows of {asked.name} that are set aside keeps its contract: {why}",
            where=asked.name,
            mend='mend them first: treadle data quarantine mend SOURCE --set "column=expression"',
        )
    table = _table(asked, bench, base, good)
    return replace(
        base,
        table=table,
        quarantined=max(base.quarantined - rows, 0) if asked.source.new is not None else remaining,
        rows=base.rows if asked.source.new is not None else table.rows + remaining,
        aside=tuple(Blob(bench.blobs.put(parquet_of(frame)), "rows set aside") for frame in left),
        unasked=(),
        followed=Followed(done="replayed", root=root_of(head.read), rows=rows, reason=asked.reason),
    )


def replace_once(beside: Beside, *, once: bool) -> Beside:
    """Rows of a source that merges by key take the place of those with their key; of any other none may come twice."""
    return dataclasses.replace(beside, once=once)


def _asked_again(bench: Bench, asked: ReplayAside, table: Snapshot) -> list[str]:
    """The columns of kept rows that replayed ones are held beside: of unique values, and of keys into this source."""
    known = bench.tables.schema(table)
    wanted = dict.fromkeys(name for rule in asked.contract.rules if rule.kind == "unique" for name in rule.columns)
    for rule in asked.contract.rules:
        if rule.foreign is not None and rule.foreign.source == asked.name:
            wanted.update(dict.fromkeys(rule.foreign.columns))
    return [name for name in (wanted or dict.fromkeys(list(known)[:1])) if name in known]


def _held(asked: ReplayAside, bench: Bench, part: pl.DataFrame, beside: Beside) -> Report:
    missing = [name for name in others_of(asked.contract) if name not in beside.others and name != asked.name]
    assert not missing
    given = part["given"].struct.unnest()
    report = check(given, asked.contract, now=bench.chain.clock(), keys=asked.source.keys, beside=beside)
    if report.unfit:
        raise DataError(
            f"the rows of {asked.name} that are set aside have no {', '.join(report.unfit)} that the contract knows",
            where=asked.name,
            mend="read the source anew: treadle data ingest PROJECT --fresh",
        )
    return report


def _still(part: pl.DataFrame, aside: pl.DataFrame) -> pl.DataFrame:
    """The rows of a part that stay set aside, under the numbers that they had, with what they break now."""
    import polars as pl

    stays = part[aside["row"].to_list()]
    return stays.with_columns(pl.Series("broke", aside["broke"]))


def _like(bench: Bench, table: Snapshot, good: pl.DataFrame) -> pl.DataFrame:
    """With all columns of the table, in their types.

    Raises:
        DataError: a column is of a type that the table's is not.
    """
    import polars as pl

    columns = []
    for name, dtype in bench.tables.schema(table).items():
        if name not in good.columns:
            columns.append(pl.lit(None, dtype=dtype).alias(name))
            continue
        try:
            good = good.with_columns(_cast(good[name], dtype))
        except pl.exceptions.PolarsError as bad:
            raise DataError(
                f"{name} is of type {dtype} in the table, and of type {good.schema[name]} in the rows set aside",
                where=table.table,
                mend="mend its values, or declare its logicalType in the contract",
            ) from bad
        columns.append(pl.col(name))
    more = [name for name in good.columns if name not in bench.tables.schema(table)]
    return good.select(*columns, *more)


def _cast(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Raises PolarsError where a value is not of the type, or would lose its fraction or its time of day."""
    import polars as pl

    made = values.cast(dtype, strict=True)
    cuts = (values.dtype.is_float() and dtype.is_integer()) or (values.dtype == pl.Datetime and dtype == pl.Date)
    if cuts and not made.cast(values.dtype).eq_missing(values).all():
        raise pl.exceptions.InvalidOperationError(f"{values.name} holds more than {dtype} can")
    return made


def _table(asked: ReplayAside, bench: Bench, base: SourceRead, good: list[pl.DataFrame]) -> Snapshot:
    import polars as pl

    new, keys, where = asked.source.only_new, asked.source.keys, f"sources.{asked.name}"
    if new is None or not keys:
        return bench.tables.extend(base.table, pl.concat(good, how="diagonal_relaxed"))
    from treadle.sources import Before, merged, together

    before = Before(bench.tables.schema(base.table), lambda columns: bench.read(base.table, columns))
    found = merged(before, together(good, keys, new, where), keys, new, where)
    if found.whole:
        return bench.tables.replace(base.table.table, found.rows)
    return bench.tables.extend(base.table, found.rows) if found.rows.height else base.table
