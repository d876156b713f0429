"""What persons said of single rows of an entity: as it counts now, and one thing more said or undone.

Each goes on from the last that was said of the entity, and is written only if that still is the last, so that of two at
once that contradict each other one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import DataError, Overtaken, SpecError, nearest
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.entities_reconciled import EntitiesReconciled
from treadle.evidence.kinds.entity_decided import EntityDecided
from treadle.matching import Decision, as_value, refuse_contradiction
from treadle.spec.drawn import ID

if TYPE_CHECKING:
    from treadle.spec import Entity
    from treadle.workspace import Workspace


@dataclass(frozen=True)
class Decided:
    """What counts of what was said of an entity, oldest first; `head`: the hash of the last thing that was said."""

    entries: tuple[Entry[EntityDecided], ...]
    head: str

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(_decision(entry) for entry in self.entries)


def _decision(entry: Entry[EntityDecided]) -> Decision:
    said = entry.payload
    assert said.done != "undone"
    return Decision(said.done, said.one, said.other, said.field, said.value, entry.actor, said.reason)


def decided(record: Reader, entity: str) -> Decided:
    """What counts now."""
    entries = record.find(EntityDecided, subject=f"entity/{entity}", status="done")
    gone = {entry.payload.undoes for entry in entries}
    count = tuple(entry for entry in entries if entry.payload.done != "undone" and entry.hash not in gone)
    return Decided(count, entries[-1].hash if entries else "")


def entity_of(workspace: Workspace, name: str) -> Entity:
    """Raises:
    DataError: the project has no such entity.
    """
    entities = workspace.project.spec.entities
    if name not in entities:
        raise DataError(
            f'there is no entity "{name}"',
            where=workspace.project.spec.project,
            mend=nearest(name, entities) if entities else "the project file names none, under `entities:`",
        )
    return entities[name]


def reconciled(workspace: Workspace, name: str) -> Entry[EntitiesReconciled]:
    """How an entity was reconciled last.

    Raises:
        DataError: there is no such entity, or it was not reconciled yet.
    """
    entity_of(workspace, name)
    found = workspace.chain.find(
        EntitiesReconciled, subject=f"entity/{name}", status="done", newest_first=True, limit=1
    )
    if not found:
        command = workspace.project.command_that_reads()
        raise DataError(f"{name} was not reconciled yet", where=name, mend=f"{command} does it")
    return found[0]


def say(workspace: Workspace, name: str, said: Decision) -> Entry[EntityDecided]:
    """Say that two rows are the same, or are not, or which value counts.

    Raises:
        SpecError: no reason is given.
        DataError: there is no such row or field, the value is none, it was said before, or contradicts what was said.
        Overtaken: something else was said of the entity meanwhile.
    """
    if not said.reason.strip():
        raise SpecError("nothing is decided without a reason", where="--reason", mend="say why: --reason TEXT")
    _refuse_unknown(workspace, name, said)
    with workspace.chain.reading() as reader:
        now = decided(reader, name)
    for place, (entry, each) in enumerate(zip(now.entries, now.decisions, strict=True), 1):
        if _same(each, said) and not _replaced(workspace, name, each, now.decisions[place:]):
            raise DataError(f"it was said before: {each.said()}", where=name, mend=f"entry {entry.seq} of the record")
    mine = msgspec.structs.replace(said, by=workspace.chain.actor)
    refuse_contradiction((*now.decisions, mine), name)
    made = EntityDecided(
        entity=name,
        done=said.done,
        base=now.head,
        one=said.one,
        other=said.other,
        field=said.field,
        value=said.value,
        reason=said.reason,
    )
    return _write(workspace, name, made)


def undo(workspace: Workspace, name: str, number: int, reason: str) -> Entry[EntityDecided]:
    """What was said in an entry of the record counts no longer.

    Raises:
        SpecError: no reason is given.
        DataError: the entry says nothing of the entity that counts.
        Overtaken: something else was said of the entity meanwhile.
    """
    entity_of(workspace, name)
    if not reason.strip():
        raise SpecError("nothing is undone without a reason", where="--reason", mend="say why: --reason TEXT")
    with workspace.chain.reading() as reader:
        now = decided(reader, name)
    found = [entry for entry in now.entries if entry.seq == number]
    if not found:
        known = ", ".join(
            f"{entry.seq} ({each.said()})" for entry, each in zip(now.entries, now.decisions, strict=True)
        )
        raise DataError(
            f"entry {number} decides nothing of {name} that counts", where=name, mend=f"there is {known or 'nothing'}"
        )
    said = found[0].payload
    made = EntityDecided(
        entity=name, done="undone", base=now.head, one=said.one, undoes=found[0].hash, reason=reason, other=said.other
    )
    return _write(workspace, name, made)


def _same(one: Decision, other: Decision) -> bool:
    pair = sorted((one.one, one.other)) == sorted((other.one, other.other))
    return one.done == other.done and pair and (one.field, one.value) == (other.field, other.value)


def _replaced(workspace: Workspace, name: str, said: Decision, later: Sequence[Decision]) -> bool:
    """Whether a value that was said counts no more, since another one was said of the same thing later."""
    others = [each.one for each in later if each.done == "set" and each.field == said.field]
    if said.done != "set" or not others:
        return False
    members = workspace.tables.read(reconciled(workspace, name).payload.members, ["record", ID])
    thing = dict(members.filter(members["record"].is_in([said.one, *others])).iter_rows())
    return any(thing.get(other) == thing.get(said.one) for other in others)


def _refuse_unknown(workspace: Workspace, name: str, said: Decision) -> None:
    entity, last = entity_of(workspace, name), reconciled(workspace, name)
    members = workspace.tables.read(last.payload.members, ["record"])["record"]
    for record in (said.one, said.other) if said.done != "set" else (said.one,):
        if members.index_of(record) is None:
            close = nearest(record, members.to_list()[:10_000])
            raise DataError(f"no row of {name} is called {record!r}", where=name, mend=close)
    if said.done != "set" and said.one == said.other:
        raise DataError(f"{said.one} is one row, not two", where=name, mend="name two rows")
    if said.done == "set":
        if said.field not in entity.fields:
            raise DataError(f"{name} has no field {said.field!r}", where=name, mend=nearest(said.field, entity.fields))
        schema = workspace.tables.schema(last.payload.members)
        as_value(said.value, schema[said.field], said.field, name)


def _write(workspace: Workspace, name: str, made: EntityDecided) -> Entry[EntityDecided]:
    with workspace.chain.alone() as alone:
        if decided(alone, name).head != made.base:
            raise Overtaken(
                f"something else was decided of {name} meanwhile",
                where=name,
                mend="nothing of this was written; look again: treadle data entities list",
            )
        return alone.append(made, f"entity/{name}")
