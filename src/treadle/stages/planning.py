"""Check every expression of the project against the tables' types. No step: it costs nothing and keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.stages.work import Bench, Work

if TYPE_CHECKING:
    import polars as pl

    from treadle.features import FeaturePlan
    from treadle.stages.reading import Sources
    from treadle.store import Snapshot


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


def read_tables(bench: Bench, plan: FeaturePlan, tables: dict[str, Snapshot]) -> dict[str, pl.DataFrame]:
    """The rows that the plan reads, only the columns that it reads."""
    return {name: bench.read(tables[name], sorted(columns)) for name, columns in plan.sources().items()}
