"""What of a project reads a column of a source, by name: what breaks when the column goes, or becomes another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import TreadleError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.features import make_plan
from treadle.features.columns import Part, below, reads
from treadle.features.drawn import drawn
from treadle.spec import all_tables

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec
    from treadle.workspace import Workspace


Schemas = dict[str, Mapping[str, expr.Type]]


def readers_of(workspace: Workspace, source: str, columns: Sequence[str]) -> list[str]:
    """Features and roles, such as the label, that read one of the columns, over the sources as they were read last."""
    schemas: Schemas = {}
    for name in all_tables(workspace.project.spec):
        last = workspace.chain.last(SourceRead, subject=f"source/{name}")
        if last is not None:
            schemas[name] = expr.column_types(workspace.tables.schema(last.payload.table))
    found = set[str]()
    for one in workspace.project.each():
        found.update(_in(one.spec, schemas, source, columns))
    return sorted(found)


def _in(spec: ProjectSpec, schemas: Schemas, source: str, columns: Sequence[str]) -> set[str]:
    try:
        known = {**drawn(spec, schemas), **reads(make_plan(spec, schemas))}
    except (TreadleError, KeyError):  # a source that was never read, or a plan that is wrong for a reason of its own
        return set()
    broken = {part for column in columns for part in below(known, Part("column", f"{source}.{column}"))}
    return {f"{part.kind} {part.name}" for part in broken if part.kind in ("feature", "role")}
