"""Check every expression of the project against the tables' types. No step: it costs nothing and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.stages.work import Work

if TYPE_CHECKING:
    import polars as pl

    from treadle.features import FeaturePlan
    from treadle.stages.reading import Sources
    from treadle.store import Snapshot, Tables

LARGE = 1 << 23
"""Values that the plan reads, of all its tables: from here on what is made of them is made in parts."""


def make_plan(work: Work, sources: Sources) -> FeaturePlan:
    """The typed plan of all features.

    Raises:
        SpecError: an expression that does not fit the tables, at its line and column.
    """
    from treadle import expr, features

    workspace = work.workspace
    schemas = {name: expr.column_types(workspace.tables.schema(read.payload.table)) for name, read in sources.items()}
    try:
        return features.make_plan(workspace.project.spec, schemas)
    except SpecError as bad:
        raise workspace.project.located(bad) from bad


def plan_tables(plan: FeaturePlan, sources: Sources) -> dict[str, Snapshot]:
    """The snapshots that the plan reads."""
    return {name: sources[name].payload.table for name in plan.sources()}


class KeptTables:
    """The snapshots of a plan, part by part: only the columns that it reads. See `treadle.features.PartedTables`."""

    def __init__(self, tables: Tables, plan: FeaturePlan, snapshots: Mapping[str, Snapshot]) -> None:
        self._tables, self._snapshots = tables, snapshots
        self._columns = {name: sorted(columns) for name, columns in plan.sources().items()}

    @property
    def large(self) -> bool:
        """Whether they are too large to be held together."""
        return sum(self.rows(name) * len(columns) for name, columns in self._columns.items()) > LARGE

    def rows(self, source: str) -> int:
        return self._snapshots[source].rows

    def parts(self, source: str) -> Iterator[pl.DataFrame]:
        return self._tables.parts(self._snapshots[source], self._columns[source])

    def whole(self) -> dict[str, pl.DataFrame]:
        """Each as one."""
        return {name: self._tables.read(self._snapshots[name], columns) for name, columns in self._columns.items()}
