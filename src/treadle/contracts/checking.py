"""Hold a table to its contract: all rules in one lazy pass, bad rows set aside with their reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.contracts.columns import as_declared
from treadle.contracts.quarantine import lines
from treadle.contracts.report import Report
from treadle.contracts.rules import Contract, Rule
from treadle.contracts.verdict import Counts, told_of, verdict
from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

# begin the names of columns that only the pass has; no table has such names
_MARK, _GIVEN = "\x00mark ", "\x00given "


@dataclass
class _Plan:
    """The pass in the making.

    values: each column as its declared type, and marks that must see it as it was given. masks: marks over the typed
    columns. marks: the column that marks failing rows, or for a share of missing values those, by the rule's id.
    """

    values: list[Any] = field(default_factory=list)
    masks: list[Any] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    uncast: set[str] = field(default_factory=set)


def check(
    frame: pl.LazyFrame | pl.DataFrame,
    contract: Contract,
    *,
    now: datetime,
    keys: tuple[str, ...] = (),
    where: str = "",
) -> Report:
    """Check every rule of `contract`.

    now: what freshness is measured against. keys: columns whose values name a row in the quarantine. where: the place
    that an error names, such as `sources.flights`.

    A row that fails a row rule, holds a value that is not of its declared type, or repeats a unique value goes to the
    quarantine. The batch as a whole is broken, as `Report.broken` says, by a missing column, a column that is of
    another type altogether, a count or freshness that does not hold, or too large a share of bad rows.

    Raises:
        DataError: the rows cannot be read.
    """
    import polars as pl

    lazy = frame.lazy()
    try:
        schema = lazy.collect_schema()
        plan = _planned(contract, schema)
        passed = lazy.with_columns(plan.values).with_columns(plan.masks).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        raise DataError(f"the rows cannot be checked: {reason}", where=where, mend="is the file whole?") from bad
    failing = _failing(plan, passed)
    rules = [rule for rule in contract.rules if failing.get(rule.id) and not rule.batch_level and not rule.soft]
    kept = passed.select(schema.names())
    good = kept
    if rules:
        good = kept.filter(~passed.select(pl.any_horizontal(plan.marks[rule.id] for rule in rules)).to_series())
    counts = Counts(
        rows=kept.height,
        bad_rows=kept.height - good.height,
        failing=failing,
        missing={name: nearest(name, schema) for name in contract.columns if name not in schema},
        uncast={name: str(schema[name]) for name in plan.uncast},
        newest={rule.id: _newest(kept, rule) for rule in contract.rules if rule.kind == "freshness"},
        empty={name for name in contract.columns if name in schema and kept[name].null_count() == kept.height},
    )
    results, broken = verdict(contract, counts, now)
    quarantine = lines(passed, [(rule, plan.marks[rule.id]) for rule in rules], keys, plan.given)
    return Report(
        kept.height, results, good, quarantine, counts.bad_rows, broken, dict(counts.newest), told_of(contract, counts)
    )


def _planned(contract: Contract, schema: pl.Schema) -> _Plan:
    import polars as pl

    plan = _Plan()
    wrong: dict[str, str] = {}
    for number, (column, kind) in enumerate(contract.columns.items()):
        if column not in schema:
            continue
        made = as_declared(column, schema[column], kind)
        if made is None:  # its rules see NULLs; the batch is broken anyway
            plan.uncast.add(column)
            plan.given[column] = f"{_GIVEN}{number}"
            plan.values += [
                pl.col(column).alias(plan.given[column]),
                pl.lit(None, dtype=expr.to_polars_type(kind or "null")).alias(column),
            ]
            continue
        value, mark = made
        plan.values.append(value.alias(column))
        if mark is not None:
            wrong[column], plan.given[column] = f"{_MARK}type {number}", f"{_GIVEN}{number}"
            plan.values += [mark.alias(wrong[column]), pl.col(column).alias(plan.given[column])]
    types = {**expr.column_types(schema), **contract.types}
    for number, rule in enumerate(contract.rules):
        if not schema.keys() >= set(rule.columns) or plan.uncast & set(rule.columns):
            continue
        if rule.kind == "type":
            if rule.column in wrong:
                plan.marks[rule.id] = wrong[rule.column]
            continue
        mask = _mask(rule, types, wrong)
        if mask is not None:
            plan.marks[rule.id] = f"{_MARK}{number}"
            plan.masks.append(mask.alias(plan.marks[rule.id]))
    return plan


def _mask(rule: Rule, types: Any, wrong: dict[str, str]) -> Any:
    """True in rows that fail the rule, or that it counts; None if it marks no rows."""
    import polars as pl

    if rule.kind == "unique":
        columns = list(rule.columns)
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
        same = pl.col(columns[0]) if len(columns) == 1 else pl.struct(columns)
        return known & ~same.is_first_distinct()  # the first of several is kept
    if rule.kind in ("required", "null_share"):
        mask = _missing(rule, types)
        # a value of another type is there, though it reads as NULL
        return mask & ~pl.col(wrong[rule.column]) if rule.column in wrong else mask
    if rule.expression is None:
        return None
    return (~expr.to_polars(expr.parse(rule.expression, types, where=rule.where))).fill_null(False)


def _missing(rule: Rule, types: Any) -> Any:
    import polars as pl

    if rule.measure is None or rule.column not in types:
        return pl.col(rule.column or "").is_null()
    return expr.to_polars(expr.parse(rule.measure, types, where=rule.where)).fill_null(False)


def _failing(plan: _Plan, passed: pl.DataFrame) -> dict[str, int]:
    import polars as pl

    if not plan.marks:
        return {}
    sums = passed.select(pl.col(mark).sum() for mark in set(plan.marks.values())).row(0, named=True)
    return {rule: int(sums[mark]) for rule, mark in plan.marks.items()}


def _newest(frame: pl.DataFrame, rule: Rule) -> Any:
    """The newest time of a column as a timestamp in UTC, or None."""
    import polars as pl

    if rule.column not in frame.columns:
        return None
    return frame[rule.column].cast(pl.Datetime("us")).dt.replace_time_zone("UTC").max()
