"""Which columns of sources an entity's columns are made of, so that lineage goes on through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from treadle import expr
from treadle.errors import SpecError
from treadle.features.columns import Part, Reads
from treadle.spec import Entity, ProjectSpec
from treadle.spec.drawn import ID, of_source, parts_of

Schemas = Mapping[str, Mapping[str, expr.Type]]


def drawn(spec: ProjectSpec, schemas: Schemas) -> Reads:
    """What each column of the tables of entities reads, one step far. A source without a schema was never read.

    An id reads whatever decides which rows are one: the fields that are compared, and exact keys.
    """
    found: dict[Part, frozenset[Part]] = {}
    for name, entity in spec.entities.items():
        fields = {field: frozenset(_of(entity, field, schemas)) for field in entity.fields}
        exact = [each for said in entity.match.exact for each in ((said,) if isinstance(said, str) else said)]
        matched = frozenset(part for field in (*exact, *entity.match.compare) for part in fields.get(field, ()))
        own = {**fields, ID: matched}
        for table in (name, parts_of(name)[0], *(of_source(name, source) for source in entity.sources)):
            found |= {Part("column", f"{table}.{column}"): parts for column, parts in own.items() if parts}
        for source in entity.sources:
            for key in spec.sources[source].keys:
                there = Part("column", f"{of_source(name, source)}.{key}")
                found[there] = frozenset([Part("column", f"{source}.{key}")])
    return found


def _of(entity: Entity, field: str, schemas: Schemas) -> Iterator[Part]:
    for source, columns in entity.sources.items():
        if field not in columns or source not in schemas:
            continue
        try:
            parsed = expr.parse(columns[field], schemas[source])
        except SpecError:  # of a source as it was read before the file was changed
            continue
        yield from (Part("column", f"{source}.{column}") for column in parsed.columns)
