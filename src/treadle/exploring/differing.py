"""Two snapshots of a source held against each other: columns, rows, and how each column's values moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.errors import DataError
from treadle.exploring.describing import Say, profile_kept
from treadle.exploring.found import ChangedColumn, Difference, RowsDiffer, SchemaChange, SnapshotSide
from treadle.exploring.holding import held, read_plainly
from treadle.exploring.named import named
from treadle.exploring.snapshots import Kept, kept
from treadle.spec import all_tables

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace

_SHOWN, _TOGETHER = 3, 8
_HASH, _COUNT = "hash of the row", "how many"
"""Names that stand beside a table's own while rows are counted; they begin and end as no header would."""


def diff(workspace: Workspace, source: str, before: str | None, now: str | None, say: Say) -> Difference:
    """What changed from one snapshot of a source to another; to the newest from the one before it, where none is named.

    Raises:
        DataError: there is no such source or snapshot, or only one. EvidenceError: one is not what the record says.
    """
    old, new = _sides(workspace, source, before, now)
    with read_plainly(workspace, [old, new]):
        first, second = workspace.tables.rows(old.snapshot), workspace.tables.rows(new.snapshot)
        schema = _schema(first, second)
        names = [name for name, dtype in first.collect_schema().items() if second.collect_schema().get(name) == dtype]
        rows = _rows(first, second, all_tables(workspace.project.spec)[source].keys, names)
    from treadle.profiling import compare

    was = profile_kept(workspace, old, None, say)
    now_ = profile_kept(workspace, new, None, say, like=was)
    return Difference(
        source=source,
        before=_side(old),
        now=_side(new),
        equal=old.snapshot.fingerprint == new.snapshot.fingerprint,
        schema=schema,
        rows=rows,
        columns=compare(was, now_),
    )


def _sides(workspace: Workspace, source: str, before: str | None, now: str | None) -> tuple[Kept, Kept]:
    new = held(workspace, named(_whole(source, now)))
    if before is not None:
        return held(workspace, named(_whole(source, before))), new
    earlier = [each for each in kept(workspace, source) if each.snapshot.version < new.snapshot.version]
    if not earlier:
        raise DataError(
            f"{source} has no snapshot before version {new.snapshot.version}",
            where=source,
            mend=f"read it again when it has changed, with treadle data ingest {workspace.project.typed}",
        )
    return held(workspace, named(f"{source}@{earlier[-1].snapshot.version}")), new


def _whole(source: str, when: str | None) -> str:
    """`12`, `@12` and `flights@12` alike."""
    return source if when is None else f"{source}@{when.removeprefix(source).removeprefix('@')}"


def _side(of: Kept) -> SnapshotSide:
    return SnapshotSide(of.snapshot.version, of.read.time, of.snapshot.rows, of.held)


def _schema(first: pl.LazyFrame, second: pl.LazyFrame) -> list[SchemaChange]:
    old, new = first.collect_schema(), second.collect_schema()
    changes = [SchemaChange(name, "removed", str(dtype), "") for name, dtype in old.items() if name not in new]
    changes += [SchemaChange(name, "added", "", str(dtype)) for name, dtype in new.items() if name not in old]
    both = [name for name in old if name in new and old[name] != new[name]]
    return changes + [SchemaChange(name, "other type", str(old[name]), str(new[name])) for name in both]


def _rows(first: pl.LazyFrame, second: pl.LazyFrame, keys: Sequence[str], names: Sequence[str]) -> RowsDiffer:
    """By the key where it names each row of both; else how often each whole row is in either."""
    if keys and all(key in names for key in keys) and _is_key(first, keys) and _is_key(second, keys):
        return _by_key(first, second, list(keys), [name for name in names if name not in keys])
    return _by_whole_rows(first, second, names)


def _is_key(frame: pl.LazyFrame, keys: Sequence[str]) -> bool:
    import polars as pl

    counted = frame.select(pl.len().alias(_COUNT), pl.struct(keys).hash().n_unique().alias(_HASH))
    rows, distinct = counted.collect(engine="streaming").row(0)
    return bool(rows == distinct)


def _hashed(frame: pl.LazyFrame, keys: Sequence[str], names: Sequence[str]) -> pl.LazyFrame:
    """The keys, and one number for all the rest of a row."""
    import polars as pl

    row = pl.struct(names).hash() if names else pl.repeat(0, pl.len(), dtype=pl.UInt64)  # a literal would be one row
    return frame.select(*keys, row.alias(_HASH))


def _by_key(first: pl.LazyFrame, second: pl.LazyFrame, keys: list[str], names: list[str]) -> RowsDiffer:
    import polars as pl

    flat = _flat(first, names)
    old, new = _hashed(first, keys, flat), _hashed(second, keys, flat)
    added, removed = (
        a.join(b, on=keys, how="anti", nulls_equal=True).select(keys).collect(engine="streaming")
        for a, b in ((new, old), (old, new))
    )
    both = new.join(old, on=keys, how="inner", suffix=" before", nulls_equal=True)
    changed = both.filter(pl.col(_HASH) != pl.col(f"{_HASH} before")).select(keys).collect(engine="streaming")
    counts = _changed_columns(first, second, changed, keys, flat) if changed.height else []
    return RowsDiffer(
        keys=keys,
        added=added.height,
        removed=removed.height,
        changed=changed.height,
        same=int(both.select(pl.len()).collect(engine="streaming").item()) - changed.height,
        columns=counts,
        some_added=_some(added),
        some_removed=_some(removed),
        some_changed=_some(changed),
        left_out=[name for name in names if name not in flat],
    )


def _changed_columns(
    first: pl.LazyFrame, second: pl.LazyFrame, changed: pl.DataFrame, keys: list[str], names: list[str]
) -> list[ChangedColumn]:
    """In how many of the changed rows each column differs; a few columns at a time."""
    import polars as pl

    found = list[ChangedColumn]()
    for start in range(0, len(names), _TOGETHER):
        some = names[start : start + _TOGETHER]
        here = {name: f"{n} now" for n, name in enumerate(some)}
        there = {name: f"{n} before" for n, name in enumerate(some)}
        old = first.select(*keys, *(pl.col(name).alias(there[name]) for name in some))
        new = second.select(*keys, *(pl.col(name).alias(here[name]) for name in some))
        both = changed.lazy().join(old, on=keys, nulls_equal=True).join(new, on=keys, nulls_equal=True)
        asked = [pl.col(here[name]).ne_missing(pl.col(there[name])).sum().alias(name) for name in some]
        row = both.select(asked).collect(engine="streaming").row(0)
        found += [ChangedColumn(name, int(rows)) for name, rows in zip(some, row, strict=True) if rows]
    return sorted(found, key=lambda column: -column.rows)


def _by_whole_rows(first: pl.LazyFrame, second: pl.LazyFrame, names: Sequence[str]) -> RowsDiffer:
    import polars as pl

    flat = _flat(first, names)
    old, new = (
        _hashed(frame, (), flat).group_by(_HASH).agg(pl.len().cast(pl.Int64).alias(_COUNT)) for frame in (first, second)
    )
    both = old.join(new, on=_HASH, how="full", coalesce=True, suffix=" now").with_columns(
        pl.col(_COUNT).fill_null(0), pl.col(f"{_COUNT} now").fill_null(0)
    )
    was, now = pl.col(_COUNT), pl.col(f"{_COUNT} now")
    added, removed, same = (
        both.select(
            (now - was).clip(lower_bound=0).sum(),
            (was - now).clip(lower_bound=0).sum().alias("removed"),
            pl.min_horizontal(was, now).sum().alias("same"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    left = [name for name in names if name not in flat]
    return RowsDiffer(
        keys=[],
        added=int(added),
        removed=int(removed),
        changed=None,
        same=int(same),
        columns=[],
        some_added=[],
        some_removed=[],
        some_changed=[],
        left_out=left,
    )


def _flat(frame: pl.LazyFrame, names: Sequence[str]) -> list[str]:
    """Those whose values can be held against each other by one number: no lists and no structs."""
    schema = frame.collect_schema()
    return [name for name in names if not schema[name].is_nested()]


def _some(keys: pl.DataFrame) -> list[str]:
    """A few keys, the least first."""
    rows = keys.sort(keys.columns).head(_SHOWN).iter_rows()
    return [", ".join("NULL" if value is None else str(value) for value in row) for row in rows]
