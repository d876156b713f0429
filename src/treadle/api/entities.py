"""The entities of a project: listed, shown with why they are so, and what persons say of their rows."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.exploring.entities_found import DecisionMade, Doubts, EntitiesListed, EntityShown, PairShown

_ENTITY = "name of an entity"
_ROW = "the name of a row, such as crm:17: its source and its key"
_WHY = "why, for whoever reads the record"


class EntitiesListRequest(Request, frozen=True):
    project: ProjectPath = "."


class EntitiesDoubtsRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    project: ProjectPath = "."
    limit: Annotated[int, option("so many pairs at most")] = 20


class EntitiesShowRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    record: Annotated[str, argument(f"{_ROW}; any row of it will do")]
    project: ProjectPath = "."


class EntitiesWhyRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    one: Annotated[str, argument(_ROW)]
    other: Annotated[str, argument("the name of another")]
    project: ProjectPath = "."


class EntitiesPairRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    one: Annotated[str, argument(_ROW)]
    other: Annotated[str, argument("the name of another")]
    reason: Annotated[str, option(_WHY)]
    project: ProjectPath = "."


class EntitiesSetRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    record: Annotated[str, argument(f"{_ROW}; any row of it will do")]
    change: Annotated[str, argument("field=value; field= for no value")]
    reason: Annotated[str, option(_WHY)]
    project: ProjectPath = "."


class EntitiesUndoRequest(Request, frozen=True):
    entity: Annotated[str, argument(_ENTITY)]
    number: Annotated[str, argument("the entry of the record that says it, as data entities list tells")]
    reason: Annotated[str, option(_WHY)]
    project: ProjectPath = "."


group("data entities", "Things that several sources tell of, such as customers.")


@operation("data", "entities", "list", permission="read", remote=True)
def entities_list(request: EntitiesListRequest, work: Work) -> EntitiesListed:
    """List the entities: of how many rows, how many are left to look at, and what persons decided."""
    from treadle.exploring.reconciled import list_entities

    return list_entities(work.workspace)


@operation("data", "entities", "doubts", permission="rows", remote=True)
def entities_doubts(request: EntitiesDoubtsRequest, work: Work) -> Doubts:
    """Show pairs of rows that are perhaps the same, or that were cut, the likeliest first."""
    from treadle.exploring.reconciled import doubts_of

    return doubts_of(work.workspace, request.entity, check_limit(request.limit))


@operation("data", "entities", "show", permission="rows", remote=True)
def entities_show(request: EntitiesShowRequest, work: Work) -> EntityShown:
    """Show the thing that a row tells of: its values, its rows, why they are the same, and which values won."""
    from treadle.exploring.reconciled import show_entity

    return show_entity(work.workspace, request.entity, request.record)


@operation("data", "entities", "why", permission="rows", remote=True)
def entities_why(request: EntitiesWhyRequest, work: Work) -> PairShown:
    """Explain a pair of rows: what each field says for or against their being the same, in bits."""
    from treadle.exploring.reconciled import why_pair

    return why_pair(work.workspace, request.entity, request.one, request.other)


@operation("data", "entities", "join", permission="mend")
def entities_join(request: EntitiesPairRequest, work: Work) -> DecisionMade:
    """Say that two rows are the same. It counts from the next run on, until it is undone."""
    from treadle.exploring.reconciled import join_rows

    return join_rows(work.workspace, request.entity, request.one, request.other, request.reason)


@operation("data", "entities", "split", permission="mend")
def entities_split(request: EntitiesPairRequest, work: Work) -> DecisionMade:
    """Say that two rows are not the same. It counts from the next run on, until it is undone."""
    from treadle.exploring.reconciled import split_rows

    return split_rows(work.workspace, request.entity, request.one, request.other, request.reason)


@operation("data", "entities", "set", permission="mend")
def entities_set(request: EntitiesSetRequest, work: Work) -> DecisionMade:
    """Say which value a field has. It counts from the next run on, until it is undone.

    `treadle data entities set customer crm:17 "city=Ulm" --reason "asked her"`
    """
    from treadle.exploring.reconciled import set_value

    return set_value(work.workspace, request.entity, request.record, request.change, request.reason)


@operation("data", "entities", "undo", permission="mend")
def entities_undo(request: EntitiesUndoRequest, work: Work) -> DecisionMade:
    """Let something that was decided count no longer. The next run brings back what was before it."""
    from treadle.exploring.reconciled import undo_decision

    return undo_decision(work.workspace, request.entity, request.number, request.reason)
