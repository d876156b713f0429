"""What is asked of each row, as columns of one pass: every value as its declared type, and a mark for each rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.contracts.repeats import repeats
from treadle.contracts.rules import Contract, Rule

if TYPE_CHECKING:
    import polars as pl

# begin the names of columns that only the pass has; no table has such names
MARK, _GIVEN = "\x00mark ", "\x00given "


@dataclass
class Plan:
    """The pass in the making.

    values: each column as its declared type, and marks that must see it as it was given. masks: marks over the typed
    columns. marks: the column that marks failing rows, or for a share of missing values those, by the rule's id.
    """

    values: list[Any] = field(default_factory=list)
    masks: list[Any] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    uncast: set[str] = field(default_factory=set)


def planned(contract: Contract, schema: pl.Schema, *, apart: Collection[str] = ()) -> Plan:
    """apart: kinds of rules whose rows are found in another way; their marks have a name here, and no mask."""
    import polars as pl

    plan = Plan()
    wrong: dict[str, str] = {}
    for number, (column, kind) in enumerate(contract.columns.items()):
        if column not in schema:
            continue
        made = expr.as_declared(column, schema[column], kind)
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
            wrong[column], plan.given[column] = f"{MARK}type {number}", f"{_GIVEN}{number}"
            plan.values += [mark.alias(wrong[column]), pl.col(column).alias(plan.given[column])]
    types = {**expr.column_types(schema), **contract.types}
    # as declared, a float that is no finite number is NULL already
    finite = {name for name, kind in contract.columns.items() if kind == "float" and schema.get(name) == pl.Float64}
    for number, rule in enumerate(contract.rules):
        if not schema.keys() >= set(rule.columns) or plan.uncast & set(rule.columns):
            continue
        if rule.kind == "type":
            if rule.column in wrong:
                plan.marks[rule.id] = wrong[rule.column]
            continue
        if rule.kind in apart:
            plan.marks[rule.id] = f"{MARK}{number}"
            continue
        mask = _mask(rule, types, wrong, finite)
        if mask is not None:
            plan.marks[rule.id] = f"{MARK}{number}"
            plan.masks.append(mask.alias(plan.marks[rule.id]))
    return plan


def _mask(rule: Rule, types: Any, wrong: dict[str, str], finite: Collection[str]) -> Any:
    """True in rows that fail the rule, or that it counts; None if it marks no rows."""
    import polars as pl

    if rule.kind == "unique":
        columns = list(rule.columns)
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
        again = pl.struct(columns).map_batches(lambda values: repeats(values.struct.unnest()), return_dtype=pl.Boolean)
        return known & again  # the first of several is kept
    if rule.kind in ("required", "null_share"):
        mask = _missing(rule, types)
        # a value of another type is there, though it reads as NULL
        return mask & ~pl.col(wrong[rule.column]) if rule.column in wrong else mask
    if rule.expression is None:
        return None
    return (~expr.to_polars(expr.parse(rule.expression, types, where=rule.where), finite)).fill_null(False)


def _missing(rule: Rule, types: Any) -> Any:
    import polars as pl

    if rule.measure is None or rule.column not in types:
        return pl.col(rule.column or "").is_null()
    return expr.to_polars(expr.parse(rule.measure, types, where=rule.where)).fill_null(False)
