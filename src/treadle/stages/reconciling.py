"""The entities of the project, made of the sources as they were read; each is a source for all that comes after.

An entity is reconciled from whole snapshots and from what persons decided, so equal rows and decisions give equal
tables, and what is undone brings back the tables that were.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from msgspec import structs

from treadle import expr
from treadle.errors import DataError, SpecError
from treadle.evidence import Entry, Payload, Reader, Silent, StepInput
from treadle.evidence.kinds.entities_reconciled import EntitiesReconciled, LevelWeights
from treadle.evidence.kinds.source_read import SourceRead
from treadle.matching import Decision, Reconciled, as_tables, draw, raise_together, reconcile, types_of_fields
from treadle.spec import Entity
from treadle.spec.drawn import of_source, parts_of
from treadle.stages.entities import decided
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot

if TYPE_CHECKING:
    import polars as pl

    from treadle.stages.reading import Sources
    from treadle.workspace import Workspace


class Reconcile(StepInput[EntitiesReconciled], frozen=True, kw_only=True):
    """`keys`: the columns of each source's key. `decisions`: what persons said of single rows, and counts."""

    MAKES: ClassVar[type[Payload]] = EntitiesReconciled

    name: str
    entity: Entity
    tables: dict[str, Snapshot]
    keys: dict[str, tuple[str, ...]]
    decisions: tuple[Decision, ...]

    def outdated(self, record: Reader, subject: str, made: str) -> str:
        """Once something is undone the earlier entry is the newest again: lists and doubts go by that one."""
        newest = record.last(EntitiesReconciled, subject=subject)
        if newest is None or newest.hash == made:
            return ""
        return f"it counts again: it was reconciled otherwise since (entry {newest.seq})"


class KeepMade(StepInput[SourceRead], frozen=True, kw_only=True):
    """Let a table that was made of an entity be a source for all that comes after."""

    MAKES: ClassVar[type[Payload]] = SourceRead

    name: str
    table: Snapshot


def with_entities(work: Work, sources: Sources) -> Sources:
    """The sources, and the tables that are made of them for each entity of the project.

    Raises:
        SpecError: an expression of an entity does not fit its source, at its line and column.
        DataError: decisions contradict each other; too many pairs; a field that cannot be compared so.
    """
    _refuse_unfit(work.workspace, sources)
    found = dict(sources)
    for name, entity in work.workspace.project.spec.entities.items():
        found |= _one(work, name, entity, sources)
    return found


def _refuse_unfit(workspace: Workspace, sources: Sources) -> None:
    """What does not fit the columns, of all entities, before the first is made."""
    spec, wrong = workspace.project.spec, list[SpecError]()
    for name, entity in spec.entities.items():
        schemas = {
            each: expr.column_types(workspace.tables.schema(sources[each].payload.table)) for each in entity.sources
        }
        try:
            types_of_fields(name, entity, schemas, {each: spec.sources[each].keys for each in entity.sources})
        except SpecError as bad:
            wrong.append(bad)
    try:
        raise_together(wrong, "entities")
    except SpecError as bad:
        raise workspace.project.located(bad) from bad


def _one(work: Work, name: str, entity: Entity, sources: Sources) -> Sources:
    workspace = work.workspace
    with workspace.chain.reading() as reader:
        said = decided(reader, name).decisions
    asked = Reconcile(
        name=name,
        entity=entity,
        tables={source: sources[source].payload.table for source in entity.sources},
        keys={source: workspace.project.spec.sources[source].keys for source in entity.sources},
        decisions=said,
    )
    try:
        made = work.do(asked, make_entities, f"entity/{name}", again=as_it_was).payload
    except (SpecError, DataError) as bad:
        raise workspace.project.located(bad) from bad.__cause__
    tables = {name: made.table} | {of_source(name, source): table for source, table in made.by_key.items()}
    tables |= dict(zip(parts_of(name), (made.members, made.links, made.choices), strict=True))
    return {table: _kept(work, table, snapshot) for table, snapshot in tables.items()}


def _kept(work: Work, name: str, table: Snapshot) -> Entry[SourceRead]:
    """Where an earlier table counts again, it is the newest once more: cached or not, the last entry has its rows."""
    subject = f"source/{name}"
    last = work.workspace.chain.last(SourceRead, subject=subject)
    as_it_was = last is None or table.content in {ref.content for ref in last.uses if isinstance(ref, Snapshot)}
    quiet = replace(work.workspace.chain, observer=Silent())  # the line of the entity tells of all its tables
    asked = KeepMade(name=name, table=table)
    with quiet.step(asked, subject, code=__name__, cache=as_it_was) as step:
        if not step.cached:
            step.made(keep_made(asked, work.bench()))
    assert step.entry is not None
    return step.entry


def keep_made(asked: KeepMade, bench: Bench) -> SourceRead:
    table = _newest(asked.table, bench)
    size = sum(part.size for part in table.parts)
    return SourceRead(table=table, rows=table.rows, quarantined=0, rules=0, bytes=size)


def as_it_was(made: EntitiesReconciled, bench: Bench) -> EntitiesReconciled:
    """The tables of an earlier entry as their newest versions; nothing is compared for it."""
    return structs.replace(
        made,
        table=_newest(made.table, bench),
        members=_newest(made.members, bench),
        links=_newest(made.links, bench),
        choices=_newest(made.choices, bench),
        by_key={source: _newest(table, bench) for source, table in made.by_key.items()},
    )


def _newest(table: Snapshot, bench: Bench) -> Snapshot:
    if bench.tables.version(table.table) == table.version:
        return table
    return bench.tables.replace(table.table, bench.read(table))


def make_entities(asked: Reconcile, bench: Bench) -> EntitiesReconciled:
    frames = {}
    for source, table in asked.tables.items():
        frames[source] = bench.read(table, _columns(asked, source, bench.tables.schema(table)))
    rows = draw(asked.name, asked.entity, frames, asked.keys)
    found = reconcile(asked.name, asked.entity, rows, asked.decisions, bench.progress)
    made = as_tables(asked.name, found, {source: frame.select(asked.keys[source]) for source, frame in frames.items()})
    kept = {name: bench.tables.replace(bench.names.source(name), frame) for name, frame in made.items()}
    members, links, choices = (kept[name] for name in parts_of(asked.name))
    return EntitiesReconciled(
        entity=asked.name,
        rows=len(rows),
        entities=found.rows.height,
        pairs=found.pairs,
        doubts=found.doubts,
        decided=len(asked.decisions),
        table=kept[asked.name],
        members=members,
        links=links,
        choices=choices,
        by_key={source: kept[of_source(asked.name, source)] for source in frames},
        prior=found.weights.prior if found.weights is not None else 0.0,
        weights=_weights(found),
        notes=found.notes,
    )


def _columns(asked: Reconcile, source: str, schema: pl.Schema) -> list[str] | None:
    """None, all of them, where an expression is wrong: that is told with its place when rows are drawn."""
    types = expr.column_types(schema)
    try:
        parsed = [expr.parse(text, types) for text in asked.entity.sources[source].values()]
    except SpecError:
        return None
    wanted = {*asked.keys[source], *(column for each in parsed for column in each.columns)}
    return [name for name in schema if name in wanted]


def _weights(found: Reconciled) -> tuple[LevelWeights, ...]:
    if found.weights is None:
        return ()
    return tuple(
        LevelWeights(field=each.field, by=each.by, levels=each.levels, bits=each.bits, m=each.m, u=each.u)
        for each in found.weights.fields
    )
