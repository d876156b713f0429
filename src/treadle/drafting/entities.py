"""The entities of a project, checked: made as a run would, in memory, of the rows that were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle.matching import as_tables, draw, reconcile

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace


def made_of(
    workspace: Workspace, name: str, tables: Mapping[str, pl.LazyFrame], *, data: bool
) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """The tables of an entity, and what a person should know; of no rows at all where `data` is not asked for.

    Raises:
        SpecError, DataError, MissingExtra: what a run would refuse.
    """
    from treadle.stages.entities import decided

    entity, sources = workspace.project.spec.entities[name], workspace.project.spec.sources
    frames = {each: (tables[each] if data else tables[each].head(0)).collect() for each in entity.sources}
    keys = {each: sources[each].keys for each in entity.sources}
    with workspace.chain.reading() as reader:
        said = decided(reader, name).decisions
    rows = draw(name, entity, frames, keys)
    found = reconcile(name, entity, rows, said if data else ())
    return as_tables(name, found, {each: frame.select(keys[each]) for each, frame in frames.items()}), found.notes
