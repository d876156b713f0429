"""Small files made few, and rows laid out by the columns that they are asked for by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, nearest
from treadle.exploring.asking import bytes_read
from treadle.exploring.measured import Counted, measured
from treadle.exploring.snapshots import kept
from treadle.stages import Work
from treadle.stages.layout import lay_out
from treadle.stages.quarantine import head_of
from treadle.store import Snapshot
from treadle.upkeep.found import AskedBy, Compacted, CompactedSource

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace

MOST_COLUMNS, SHOWN = 3, 5
"""Columns of a layout: with each more of them all are found less well. Columns whose reads are measured."""
_CLEAR, _FEW = 0.75, 8
"""Share of the questions from which on one column alone decides; of fewer values than that a layout says little."""
_FILES, _SMALL = 8, 1 << 12
"""More files than that, with fewer rows to each, are put together; what a table is cut into has more."""
_ROWS = 1 << 16
"""Of fewer rows it is not worth asking which of them are read."""

_UNPACKED = 8
"""Times its bytes that a table takes as it is sorted: as rows, and once more beside them."""


def compact(workspace: Workspace, source: str | None, by: Sequence[str], *, apply: bool) -> Compacted:
    """Of one source, or each of the project.

    Raises:
        DataError: there is no such source or column, or columns were given and no source.
        Overtaken: something else was done about a source meanwhile.
        EvidenceError: a file of it is missing, or is not what was written.
    """
    project = workspace.project
    if source is not None and source not in project.spec.sources:
        raise DataError(
            f'there is no source "{source}"', where=project.spec.project, mend=nearest(source, project.spec.sources)
        )
    if by and source is None and len(project.spec.sources) == 1:
        (source,) = project.spec.sources
    if by and source is None:
        raise DataError("columns are of one source", where="--by", mend="name it: data compact --source NAME --by …")
    names = [source] if source is not None else list(project.spec.sources)
    found = [_source(workspace, name, tuple(by), apply=apply) for name in names]
    would = not apply and any(not each.why for each in found)
    given = (f" --source {source}" if source is not None else "") + "".join(f" --by {each}" for each in by)
    command = project.command("data compact") + given
    retain = project.command("data retain")
    done = apply and any(not each.why for each in found)
    return Compacted(project.spec.project, apply, found, command if would else retain if done else "")


def _source(workspace: Workspace, name: str, by: tuple[str, ...], *, apply: bool) -> CompactedSource:
    with workspace.chain.reading() as reader:
        head = head_of(reader, name)
    if head is None or not kept(workspace, name):
        return CompactedSource(name, -1, 0, 0, [], [], "it was not read yet")
    snapshot = head.read.payload.table
    counts = {name: each for name, each in measured(workspace, name).items() if _has(workspace, snapshot, name)}
    # where nothing was asked, a layout that somebody gave stays
    chosen = by or _chosen(workspace, snapshot, counts) or snapshot.order
    why = _why_not(snapshot, chosen, given=bool(by))
    conditions = _conditions(workspace, snapshot, counts) if not why else {}
    shares = _shares(workspace, snapshot, conditions)
    plan = CompactedSource(
        source=name,
        version=snapshot.version,
        files=len(snapshot.parts),
        bytes=snapshot.bytes,
        by=list(chosen),
        asked=[AskedBy(each, counts[each].times, shares.get(each)) for each in list(counts)[:SHOWN]],
        why=why,
    )
    if why or not apply:
        return plan
    made = lay_out(Work(workspace), name, chosen).payload.table
    after = _shares(workspace, made, conditions)
    return CompactedSource(
        source=name,
        version=snapshot.version,
        files=len(snapshot.parts),
        bytes=snapshot.bytes,
        by=list(chosen),
        asked=[AskedBy(each.column, each.times, each.before, after.get(each.column)) for each in plan.asked],
        version_after=made.version,
        files_after=len(made.parts),
        bytes_after=made.bytes,
    )


def _has(workspace: Workspace, snapshot: Snapshot, column: str) -> bool:
    dtype = workspace.tables.schema(snapshot).get(column)
    return dtype is not None and not dtype.is_nested()


def _chosen(workspace: Workspace, snapshot: Snapshot, counts: Mapping[str, Counted]) -> tuple[str, ...]:
    """One column where it has most of the questions; else the first few, near one another."""
    several = [name for name in counts if _telling(workspace, snapshot, name)][:MOST_COLUMNS]
    whole = sum(counts[name].times for name in several)
    if several and counts[several[0]].times >= _CLEAR * whole:
        return (several[0],)
    return tuple(several)


def _telling(workspace: Workspace, snapshot: Snapshot, column: str) -> bool:
    return workspace.tables.read(snapshot, [column])[column].n_unique() >= _FEW


def _why_not(snapshot: Snapshot, by: tuple[str, ...], *, given: bool) -> str:
    """Why nothing is to be gained; empty where something is."""
    small = len(snapshot.parts) > _FILES and snapshot.rows < _SMALL * len(snapshot.parts)
    if snapshot.rows == 0:
        return "it has no rows"
    if snapshot.bytes * _UNPACKED > (free := _free()):
        return f"its {snapshot.bytes / 1e6:,.0f} MB are more than can be sorted in {free / 1e9:,.1f} GB of free memory"
    if by == snapshot.order and not small:
        return f"it is laid out by {', '.join(by)} already" if by else "its files are few, and nothing is asked by"
    if by and snapshot.rows < _ROWS and not small and not given:
        return f"it has {snapshot.rows:,} rows: they are read at once, whatever is asked"
    return ""


def _free() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _conditions(workspace: Workspace, snapshot: Snapshot, counts: Mapping[str, Counted]) -> dict[str, tuple[str, ...]]:
    """What stands for the questions that were counted, whose values were not kept: a few values of the column, or
    hundredths of its rows."""
    found = {}
    for name in list(counts)[:SHOWN]:
        values = workspace.tables.read(snapshot, [name])[name].drop_nulls().sort()
        several = _values(values, name) if counts[name].equal >= counts[name].between else _ranges(values, name)
        if several:
            found[name] = several
    return found


def _values(values: pl.Series, name: str) -> tuple[str, ...]:
    said = (_literal(values[int(len(values) * at)]) for at in (0.1, 0.5, 0.9) if len(values))
    return tuple(f"{_quoted(name)} = {each}" for each in said if each)


def _ranges(values: pl.Series, name: str) -> tuple[str, ...]:
    found = []
    for at in (0.1, 0.5, 0.9) if len(values) else ():
        low, high = (_literal(values[int(len(values) * min(place, 0.999))]) for place in (at, at + 0.01))
        if low and high:
            found.append(f"{_quoted(name)} between {low} and {high}")
    return tuple(found)


def _literal(value: Any) -> str:
    """In DuckDB's SQL; empty for what has none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value) if not isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'::{'timestamptz' if value.tzinfo else 'timestamp'}"
    if isinstance(value, date):
        return f"'{value.isoformat()}'::date"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) and "\0" not in value else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shares(
    workspace: Workspace, snapshot: Snapshot, conditions: Mapping[str, tuple[str, ...]]
) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, several in conditions.items():
        read = [size for size in bytes_read(workspace, snapshot, several) if size is not None]
        whole = max(snapshot.bytes, 1)
        found[name] = min(sum(read) / len(read) / whole, 1.0) if read else None
    return found
