"""The entities of a project, looked into: what they are of, why, and what persons said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.errors import DataError, SpecError, nearest
from treadle.evidence import Entry
from treadle.evidence.kinds.entities_reconciled import EntitiesReconciled
from treadle.evidence.kinds.entity_decided import EntityDecided
from treadle.exploring.entities_found import (
    ChoiceLine,
    DecisionLine,
    DecisionMade,
    Doubts,
    EntitiesListed,
    EntityListed,
    EntityShown,
    FieldSaid,
    MemberLine,
    PairLine,
    PairShown,
)
from treadle.matching import Decision, FieldWeights, Rows, Weights, explain
from treadle.spec.drawn import ID
from treadle.stages.entities import decided, entity_of, reconciled, say, undo

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace

_DIGITS = 12
_OPEN = ("perhaps", "cut")


def list_entities(workspace: Workspace) -> EntitiesListed:
    """Every entity, as it was reconciled last, and what persons said. No value of a row is told."""
    lines, said = list[EntityListed](), list[DecisionLine]()
    for name in workspace.project.spec.entities:
        last = _last(workspace, name)
        said += _decisions(workspace, name, last)
        if last is None:
            lines.append(EntityListed(name))
            continue
        made = last.payload
        numbers = (made.rows, made.entities, made.pairs, made.doubts)
        lines.append(EntityListed(name, *numbers, made.table.version, last.time, last.actor, made.notes))
    waits = any(line.version is None for line in lines) or any(each.waits for each in said)
    return EntitiesListed(
        project=workspace.project.spec.project,
        entities=lines,
        decisions=said,
        next=_next(workspace) if waits else "",
    )


def _next(workspace: Workspace) -> str:
    return workspace.project.command_that_reads()


def _last(workspace: Workspace, name: str) -> Entry[EntitiesReconciled] | None:
    found = workspace.chain.find(
        EntitiesReconciled, subject=f"entity/{name}", status="done", newest_first=True, limit=1
    )
    return found[0] if found else None


def _decisions(workspace: Workspace, name: str, last: Entry[EntitiesReconciled] | None) -> list[DecisionLine]:
    with workspace.chain.reading() as reader:
        now = decided(reader, name)
    heeded = last.seq if last is not None else 0
    return [
        DecisionLine(name, e.seq, each.said(), e.time, e.actor, each.reason, e.seq > heeded)
        for e, each in zip(now.entries, now.decisions, strict=True)
    ]


def doubts_of(workspace: Workspace, name: str, limit: int) -> Doubts:
    """The pairs that a person may look at, the likeliest first."""
    import polars as pl

    made = reconciled(workspace, name).payload
    found = workspace.tables.read(made.links).filter(pl.col("done").is_in(_OPEN))
    found = found.sort(["probability", "one", "other"], descending=[True, False, False])
    pairs = _pairs(found.head(limit))
    first = f"treadle data entities why {name} {pairs[0].one} {pairs[0].other}" if pairs else ""
    return Doubts(name, pairs, found.height, made.table.version, first and f"{first} {workspace.project.typed}")


def _pairs(links: pl.DataFrame) -> list[PairLine]:
    order = ("one", "other", "rule", "by", "weight", "probability", "done")
    return [PairLine(*row) for row in links.select(order).iter_rows()]


def show_entity(workspace: Workspace, name: str, record: str) -> EntityShown:
    """The thing that a row tells of, by the name of the row.

    Raises:
        DataError: no row is called so.
    """
    import polars as pl

    entity, last = entity_of(workspace, name), reconciled(workspace, name)
    made, tables = last.payload, workspace.tables
    members = tables.read(made.members)
    own = members.filter(record=record)
    if not own.height:
        close = nearest(record, members["record"].head(10_000).to_list())
        raise DataError(f"no row of {name} is called {record!r}", where=name, mend=close)
    thing = str(own[ID][0])
    rows = members.filter(pl.col(ID) == thing)
    mine = rows["record"].to_list()
    settled = tables.read(made.table).filter(pl.col(ID) == thing)
    links = tables.read(made.links).filter(pl.col("one").is_in(mine) | pl.col("other").is_in(mine))
    choices = tables.read(made.choices).filter(pl.col(ID) == thing)
    fields = list(entity.fields)
    return EntityShown(
        entity=name,
        id=thing,
        version=made.table.version,
        values=_texts(settled, fields)[0],
        members=[MemberLine(r, v) for r, v in zip(mine, _texts(rows, fields), strict=True)],
        links=_pairs(links),
        choices=[ChoiceLine(*row) for row in choices.select("field", "value", "record", "rule", "others").iter_rows()],
        decisions=_about(workspace, name, last, set(mine)),
    )


def _texts(frame: pl.DataFrame, fields: list[str]) -> list[dict[str, str | None]]:
    known = [field for field in fields if field in frame.columns]
    return [
        {field: None if value is None else str(value) for field, value in zip(known, row, strict=True)}
        for row in frame.select(known).iter_rows()
    ]


def _about(
    workspace: Workspace, name: str, last: Entry[EntitiesReconciled], records: set[str], *, both: bool = False
) -> list[DecisionLine]:
    with workspace.chain.reading() as reader:
        now = decided(reader, name)
    named = {e.seq: {e.payload.one, e.payload.other} - {""} for e in now.entries}
    lines = _decisions(workspace, name, last)
    return [each for each in lines if (named[each.number] <= records if both else named[each.number] & records)]


def why_pair(workspace: Workspace, name: str, one: str, other: str) -> PairShown:
    """What each field says for two rows being the same, and what became of them.

    Raises:
        DataError: the entity compares nothing, or no row is called so.
    """
    import polars as pl

    entity, last = entity_of(workspace, name), reconciled(workspace, name)
    made, tables = last.payload, workspace.tables
    members = tables.read(made.members)
    fields = tuple(field for field in members.columns if field not in ("record", "source", "key", ID))
    if set(fields) != set(entity.fields) or {each.field for each in made.weights} != set(entity.match.compare):
        raise DataError(
            f"{name} was reconciled by other fields",
            where=name,
            mend=f"{_next(workspace)} does it anew",
        )
    rows = Rows(members.select("record", "source", "key", *fields), fields, tuple(entity.sources))
    weights = Weights(
        made.prior or 0.5, tuple(FieldWeights(w.field, w.by, w.levels, w.bits, w.m, w.u) for w in made.weights)
    )
    told = explain(name, entity, rows, weights, one, other)
    pair = pl.col("one").is_in([one, other]) & pl.col("other").is_in([one, other])
    links = _pairs(tables.read(made.links).filter(pair))
    things = members.filter(pl.col("record").is_in([one, other]))[ID].n_unique()
    notes = [] if made.weights else [f"{name} compares no fields: rows are the same by exact keys and persons alone"]
    return PairShown(
        entity=name,
        one=one,
        other=other,
        done=links[0].done if links else ("same" if things == 1 else "apart"),
        rule=links[0].rule if links else ("by others between them" if things == 1 else ""),
        prior=told.prior,
        fields=tuple(FieldSaid(e.field, e.one, e.other, e.level, e.bits, e.rarity) for e in told.fields),
        weight=told.weight,
        probability=told.probability if made.weights else 0.0,
        same=entity.match.same,
        decisions=_about(workspace, name, last, {one, other}, both=True),
        notes=notes,
    )


def join_rows(workspace: Workspace, name: str, one: str, other: str, reason: str) -> DecisionMade:
    """See `treadle.stages.entities.say`."""
    return _made(workspace, say(workspace, name, Decision("joined", one, other, reason=reason)))


def split_rows(workspace: Workspace, name: str, one: str, other: str, reason: str) -> DecisionMade:
    """See `treadle.stages.entities.say`."""
    return _made(workspace, say(workspace, name, Decision("split", one, other, reason=reason)))


def set_value(workspace: Workspace, name: str, record: str, change: str, reason: str) -> DecisionMade:
    """`change`: ``field=value``; without a value that there is none.

    Raises:
        SpecError: it has no `=`.
    """
    field, sign, value = change.partition("=")
    if not sign or not field.strip():
        raise SpecError(f"{change!r} sets nothing", where="CHANGE", mend='write "field=value"; "field=" for no value')
    said = Decision("set", record, field=field.strip(), value=value.strip() or None, reason=reason)
    return _made(workspace, say(workspace, name, said))


def undo_decision(workspace: Workspace, name: str, number: str, reason: str) -> DecisionMade:
    """See `treadle.stages.entities.undo`."""
    if not number.isdecimal() or len(number) > _DIGITS:
        raise DataError(f"{number!r} is no entry", where=name, mend="treadle data entities list tells their numbers")
    return _made(workspace, undo(workspace, name, int(number), reason))


def _made(workspace: Workspace, entry: Entry[EntityDecided]) -> DecisionMade:
    return DecisionMade(entry.payload.entity, entry.said(), entry.seq, entry.actor, _next(workspace))
