"""Read what is new of a source, hold that to its contract, and keep it with what is there.

What makes it safe to kill at any moment: the entry of the record names the snapshot *and* how far it goes, so that rows
and cursor are one commit. What a process wrote to the table before it was killed is named by no entry; the next reading
goes on from the entry, and leaves it behind (`Tables.extend`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from msgspec import field, structs

from treadle.contracts import Contract
from treadle.errors import DataError, Overtaken
from treadle.evidence import Entry, Payload, Reader, StepInput, digest
from treadle.evidence.kinds.source_read import Increment, SourceRead
from treadle.sources import ALONE
from treadle.spec import Source
from treadle.stages.aside import Held, given_of, hold, kept_aside, newest_of, not_aside, of_good, taken_out
from treadle.stages.bases import Base, and_more, base_of
from treadle.stages.beside import LastGood, beside_of, last_good, others_now
from treadle.stages.breaking import files_of_rates, readers_of, refuse_broken
from treadle.stages.followed import begins_anew, ever_aside, newest_after, passed
from treadle.stages.named import refuse_misnamed
from treadle.stages.quarantine import head_of
from treadle.stages.work import Bench, Work
from treadle.store import EntryRef, File, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from treadle.sources import Before, Known, Merged, Newer, Share
    from treadle.stages.ahead import Ahead
    from treadle.workspace import Workspace

_TRIES = 3
_MOST_PARTS = 200
"""Files of a snapshot; more are written anew as one version, so that many small readings stay quick to read."""


class ReadIncrement(StepInput[SourceRead], frozen=True, kw_only=True):
    """`files` names all that was read, by the digest of its sequence; `base` is the entry that this one goes on from.

    What is in `base` is in that digest, so it is no reason of its own to run again.
    """

    MAKES: ClassVar[type[Payload]] = SourceRead
    MEASURED: ClassVar[tuple[str, ...]] = ("base", "change", "anew", "others", "last")

    name: str
    source: Source
    contract: Contract | None
    files: File
    examples: bool
    base: EntryRef | None
    change: EntryRef | None = None
    """What was done since `base` about the rows that are set aside: these go on from it."""
    anew: str = ""
    others: dict[str, Snapshot] = field(default_factory=dict)
    last: str = ""
    rates: dict[str, File] = field(default_factory=dict)

    def outdated(self, record: Reader, subject: str, made: str) -> str:
        return passed(record, subject, made)

    def overtaken(self, record: Reader, subject: str) -> str:
        """Rows and cursor are right by themselves whoever comes first; two that go on from one would read twice."""
        now, mine = head_of(record, self.name), self.change or self.base
        if self.anew or (now.hash if now else "") == (mine.digest if mine else ""):
            return ""
        assert now is not None, "entries are never taken away"
        if self.base is not None and now.change is not None and now.read.hash == self.base.digest:
            return f"rows of {self.name} that are set aside were changed meanwhile (entry {now.change.seq})"
        return f"another run has read {self.name} meanwhile (entry {now.read.seq})"


@dataclass(frozen=True)
class Asked:
    """What is new is to be found since `base`; `known` is what that says, and `rules` a digest of the contract.

    `told`: the source, with what its contract expects of it.
    """

    source: Source
    told: Source
    base: Base
    known: Known
    rules: str
    where: str

    def find(self, root: Path, share: Share) -> Fresh:
        from treadle.sources import find_new

        return Fresh(self, find_new(self.told, root, self.known, self.rules, where=self.where, share=share))


@dataclass(frozen=True)
class Fresh:
    """What is new, and what was asked for it."""

    asked: Asked
    newer: Newer

    @property
    def bytes(self) -> int:
        return self.newer.size


def read_increment(
    work: Work, name: str, source: Source, contract: Contract | None, ahead: Ahead, *, full: bool = False
) -> Entry[SourceRead]:
    """What is new of one source. Where nothing is, and nothing else changed, what is there is taken from the record.

    full: all is read again. ahead: may have found it already.

    Raises:
        Overtaken: other runs read the source, time and again, while this one did.
    """
    for attempt in range(1, _TRIES + 1):
        found: Fresh = ahead.take(name) or what_is_new(work, name, source, contract, full=full).find(
            work.workspace.project.root, ALONE
        )
        try:
            return _keep(work, name, contract, found.asked, found.newer)
        except Overtaken:
            if attempt == _TRIES:
                raise
    raise AssertionError


def what_is_new(work: Work, name: str, source: Source, contract: Contract | None, *, full: bool) -> Asked:
    """From where on a source is to be read, by what the record says now."""
    from treadle.sources import Known, expected

    workspace, where = work.workspace, work.workspace.project.place(f"sources.{name}")
    base = base_of(work, name, source, digest(contract), full=full or workspace.chain.fresh)
    known = Known() if base.mark is None else Known(base.mark, workspace.blobs.get(base.mark.seen.digest))
    told = expected(source, contract.types) if contract is not None else source
    return Asked(source, told, base, known, digest(contract), where)


def _keep(work: Work, name: str, contract: Contract | None, found: Asked, newer: Newer) -> Entry[SourceRead]:
    from treadle.sources import ColumnsChanged

    workspace, base, where = work.workspace, found.base, found.where
    last = last_good(workspace, name, contract)
    asked = ReadIncrement(
        name=name,
        source=found.source,
        contract=contract,
        files=File(newer.name, newer.mark.digest),
        examples=name in workspace.project.asked_of,
        base=base.entry.ref if base.entry else None,
        change=base.change,
        anew=base.anew,
        others=others_now(workspace, name, contract),
        last=last.name if last else "",
        rates=files_of_rates(newer.rates),
    )
    try:
        make = _Make(newer, base, where, last, workspace)
        made = work.do(asked, make, f"source/{name}", cache=not base.anew)
        return newest_after(work, made)
    except ColumnsChanged as bad:
        broken = readers_of(workspace, name, bad.columns)
        said = f", which {and_more(broken)} read" if broken else ", which no feature reads"
        raise DataError(f"{bad.what}{said}; nothing of it was taken", where=bad.where, mend=bad.mend) from bad


class _Make:
    """`keep_rows` with the handle of what was found: its content is in the input, by its digest."""

    def __init__(self, newer: Newer, base: Base, where: str, good: LastGood | None, workspace: Workspace) -> None:
        self.newer, self.base, self.where, self.good, self.workspace = newer, base, where, good, workspace

    def __call__(self, asked: ReadIncrement, bench: Bench) -> SourceRead:
        rows = self.newer.rows()
        broken = refuse_broken(self.workspace, asked.name, rows, asked.contract, self.where) if rows.width else ()
        refuse_misnamed(asked.name, asked.source, rows, asked.contract)
        begun = begins_anew(self.workspace, asked.name) if asked.anew else ()
        taken = Taken(self.newer, rows, (*self.newer.told, *self.base.told, *broken, *begun))
        return keep_rows(asked, bench, taken, self.base, self.where, self.good)


@dataclass(frozen=True, eq=False)
class Taken:
    """What is new, its rows, and what is to be told of these."""

    newer: Newer
    rows: pl.DataFrame
    notes: tuple[str, ...] = ()


def keep_rows(
    asked: ReadIncrement, bench: Bench, taken: Taken, base: Base, where: str, good: LastGood | None
) -> SourceRead:
    """Hold what is new to the contract, put it to what is there, and write both as one version."""
    from treadle.sources import Batch, batch, merged

    new, keys = asked.source.only_new, asked.source.keys
    assert new is not None
    last = base.entry.payload if base.entry else None
    newer, delivered = taken.newer, taken.rows
    got = batch(delivered, keys, new, where, newer.again()) if delivered.width else Batch(delivered)
    # an increment without rows, as where only the contract is another, breaks nothing
    empty = last is not None and not got.rows.height
    # where it is begun anew the rows take the place of those that are kept, and do not come to them
    adds, pointed_to = last is not None, _pointed_to(bench, last, asked)
    beside = beside_of(bench, asked.name, asked.contract, asked.others, good, pointed_to, adds=adds)
    beside = replace(beside, standing=last.table.rows if last else 0)
    rules = len(asked.contract.rules) if asked.contract else 0
    held = Held(got.rows, rules=rules) if empty else hold(got.rows, asked.contract, bench.chain.clock(), keys, beside)
    before, again, out = _before(bench, last, base, asked)
    aside, of_known = held, got.again
    if of_known is not None and base.head is not None:
        ever = map(given_of, ever_aside(bench, base.head, asked.name))
        aside = not_aside(held, [*ever, *out], of_known)
        of_known = of_good(held, of_known)
    quarantine = _set_aside(bench, asked.name, last, [each for each in (aside, again) if each is not None])
    for each in (held, again):
        if each is not None:
            each.raise_if_broken(asked.contract, where)
    found = merged(before, Batch(held.good, got.deleted, of_known), keys, new, where)
    table = _kept(bench, asked, last, before, found, anew=base.recheck)
    if table.rows == 0 and asked.examples:
        raise DataError("the table has no rows", where=where, mend="the last good snapshot is kept; deliver it again")
    bench.blobs.put(newer.seen)
    return SourceRead(
        table=table,
        rows=delivered.height,
        quarantined=aside.bad,
        rules=held.rules,
        bytes=newer.size,
        quarantine=quarantine,
        newest=_newest(last.newest if last else {}, held.newest),
        warnings=(*held.warnings, *taken.notes),
        mark=structs.replace(newer.mark, contract=digest(asked.contract)),  # also where nothing is new
        increment=Increment(
            added=found.added,
            replaced=found.replaced,
            removed=found.removed,
            columns=found.columns if last else (),
            start=last.mark.last if last and last.mark else "",
            end=newer.mark.last,
            anew=asked.anew,
            notes=newer.notes,
        ),
        reached=_reached(asked.source, held.good, newer, last),
        # in the order in which they were read, which is what a replay goes by
        aside=(*base.aside, *(kept_aside(bench, again) if again else ()), *kept_aside(bench, aside)),
        unasked=held.unasked,
    )


def _pointed_to(bench: Bench, last: SourceRead | None, asked: ReadIncrement) -> pl.DataFrame | None:
    """Of the rows that are kept, the columns that a key of this very source points to."""
    rules = asked.contract.rules if asked.contract is not None and last is not None else ()
    keys = [rule.foreign for rule in rules if rule.foreign is not None and rule.foreign.source == asked.name]
    if not keys or last is None:
        return None
    known = bench.tables.schema(last.table)
    return bench.read(last.table, [name for name in dict.fromkeys(c for k in keys for c in k.columns) if name in known])


def _before(
    bench: Bench, last: SourceRead | None, base: Base, asked: ReadIncrement
) -> tuple[Before | None, Held | None, list[pl.DataFrame]]:
    """The rows that are kept; held once more to a contract that is another than theirs, and which that sets aside."""
    from treadle.sources import Before

    if last is None:
        return None, None, []
    if not base.recheck:
        return Before(bench.tables.schema(last.table), lambda columns: bench.read(last.table, columns)), None, []
    beside = beside_of(bench, asked.name, asked.contract, asked.others, None)
    table = bench.read(last.table)
    again = hold(table, asked.contract, bench.chain.clock(), asked.source.keys, beside)
    good = again.good
    kept = Before(good.schema, lambda columns: good if columns is None else good.select(columns))
    return kept, again, taken_out(again, table)


def _set_aside(bench: Bench, name: str, last: SourceRead | None, held: list[Held]) -> Snapshot | None:
    """All that was set aside so far. Also of a batch that is refused: the reasons must not be lost with it."""
    import polars as pl

    lines = [each.aside for each in held if each.aside is not None]
    kept = last.quarantine if last else None
    if not lines:
        return kept
    more = pl.concat(lines)
    if kept is None:
        return bench.tables.replace(bench.names.quarantine(name), more)
    return bench.tables.extend(kept, more)


def _kept(
    bench: Bench, asked: ReadIncrement, last: SourceRead | None, before: Before | None, found: Merged, *, anew: bool
) -> Snapshot:
    """The version that holds what was there and what is new; what was there is not rewritten where it need not be.

    anew: what was there is not what the last version holds.
    """
    import polars as pl

    tables, name = bench.tables, bench.names.source(asked.name)
    if last is None or before is None or found.whole:
        return tables.replace(name, found.rows)
    if anew or len(last.table.parts) >= _MOST_PARTS:
        return tables.replace(name, pl.concat([before.read(None), found.rows], how="diagonal"))
    return tables.extend(last.table, found.rows) if found.rows.height else last.table


def _reached(source: Source, good: pl.DataFrame, newer: Newer, last: SourceRead | None) -> datetime | None:
    told = (newest_of(good, source) or newer.reached, last.reached if last else None)
    return max((at for at in told if at is not None), default=None)


def _newest(before: dict[str, datetime | None], now: dict[str, datetime | None]) -> dict[str, datetime | None]:
    """The newest time that each rule saw, in this reading or an earlier one."""
    rules = {*before, *now}
    return {rule: max((at for at in (before.get(rule), now.get(rule)) if at), default=None) for rule in sorted(rules)}
