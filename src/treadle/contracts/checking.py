"""Hold a table to its contract: all rules in one lazy pass, bad rows set aside with their reasons."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from treadle.contracts.beside import Beside
from treadle.contracts.foreign import dangling, dangling_within, whole
from treadle.contracts.moved import movements
from treadle.contracts.planned import MARK, Plan, planned
from treadle.contracts.quarantine import lines, whole_rows
from treadle.contracts.report import Report
from treadle.contracts.rules import Contract, Rule
from treadle.contracts.sums import balance
from treadle.contracts.told import Told
from treadle.contracts.verdict import Counts, judged
from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl


def check(
    frame: pl.LazyFrame | pl.DataFrame,
    contract: Contract,
    *,
    now: datetime,
    keys: tuple[str, ...] = (),
    where: str = "",
    beside: Beside | None = None,
) -> Report:
    """Check every rule of `contract`.

    now: what freshness is measured against. keys: columns whose values name a row in the quarantine. where: the place
    that an error names, such as `sources.flights`. beside: other sources, kept rows and the last good snapshot; without
    it rules that need these are not asked, and `Report.unasked` says so.

    A row that fails a row rule, holds a value that is not of its declared type, or repeats a unique value goes to the
    quarantine. The batch as a whole is broken, as `Report.broken` says, by a missing column, a column that is of
    another type altogether, a count or freshness that does not hold, or too large a share of bad rows.

    Raises:
        DataError: the rows cannot be read.
    """

    plan, schema, passed = typed_and_marked(frame.lazy(), contract, where)
    passed = with_keys(passed, contract, plan, beside)
    failing = failing_rows(plan, passed)
    rules = [rule for rule in contract.rules if failing.get(rule.id) and not rule.batch_level and not rule.soft]
    kept = passed.select(schema.names())
    aside = any_of(passed, [plan.marks[rule.id] for rule in rules])
    good = kept.filter(~aside) if rules else kept
    counts = Counts(
        rows=kept.height,
        bad_rows=kept.height - good.height,
        failing=failing,
        missing={name: nearest(name, schema) for name in contract.columns if name not in schema},
        uncast={name: str(schema[name]) for name in plan.uncast},
        newest={rule.id: newest(kept, rule) for rule in contract.rules if rule.kind == "freshness"},
        empty={name for name in contract.columns if name in schema and kept[name].null_count() == kept.height},
        told=_told(contract, plan, passed, good, beside),
        standing=beside.standing if beside is not None else 0,
    )
    quarantine = lines(passed, [(rule, plan.marks[rule.id]) for rule in rules], keys, plan.given)
    return Report(
        **vars(judged(contract, counts, now)),
        good=good,
        quarantine=quarantine,
        aside=whole_rows(passed, aside, quarantine, schema.names(), plan.given),
    )


def typed_and_marked(lazy: pl.LazyFrame, contract: Contract, where: str) -> tuple[Plan, pl.Schema, pl.DataFrame]:
    """All rows once: typed, with a mark for each rule of a row."""
    import polars as pl

    try:
        schema = lazy.collect_schema()
        plan = planned(contract, schema)
        return plan, schema, marked(lazy, plan)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as bad:
        reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
        raise DataError(f"the rows cannot be checked: {reason}", where=where, mend="is the file whole?") from bad


def marked(rows: pl.LazyFrame, plan: Plan) -> pl.DataFrame:
    return rows.with_columns(plan.values).with_columns(plan.masks).collect()


def any_of(passed: pl.DataFrame, marks: list[str]) -> pl.Series:
    import polars as pl

    if not marks:
        return pl.repeat(False, passed.height, dtype=pl.Boolean, eager=True)
    # of these columns alone: a query copies every column of a table whose columns are cut unlike
    return passed[marks].select(pl.any_horizontal(marks).alias("any")).to_series()


def with_keys(passed: pl.DataFrame, contract: Contract, plan: Plan, beside: Beside | None) -> pl.DataFrame:
    """The marks of what is asked of more than these rows: unique values among those that are kept, and foreign keys."""
    if beside is None:
        return passed
    if beside.once and beside.kept is not None:
        passed = _taken_marked(passed, contract, plan, beside.kept)
    own = list[Rule]()
    for rule in contract.rules:
        if rule.foreign is None or not _asked(rule, plan, passed):
            continue
        if rule.foreign.source == beside.source:
            own.append(rule)
        elif rule.foreign.source in beside.others:
            passed = _key_marked(passed, plan, rule.id, dangling(passed, rule, beside))
    # those that point into their own source come last: which rows are kept is known by then
    if own:
        bad = any_of(passed, _hard_marks(contract, plan))
        for name, failing in dangling_within(passed, own, beside, bad).items():
            passed = _key_marked(passed, plan, name, failing)
    return passed


def _hard_marks(contract: Contract, plan: Plan) -> list[str]:
    rules = [rule for rule in contract.rules if rule.id in plan.marks and not rule.soft and not rule.batch_level]
    return list(dict.fromkeys(plan.marks[rule.id] for rule in rules))


def _key_marked(passed: pl.DataFrame, plan: Plan, rule: str, failing: pl.Series) -> pl.DataFrame:
    plan.marks[rule] = f"{MARK}key {rule}"
    return passed.with_columns(failing.alias(plan.marks[rule]))


def _taken_marked(passed: pl.DataFrame, contract: Contract, plan: Plan, kept: pl.DataFrame) -> pl.DataFrame:
    """Unique values that are among those of `kept` are repeated ones, too."""
    import polars as pl

    for rule in contract.rules:
        mark = plan.marks.get(rule.id)
        if rule.kind != "unique" or mark is None or not set(rule.columns) <= set(kept.columns):
            continue
        taken = kept.select(rule.columns).unique().with_columns(pl.lit(True).alias("\x00taken"))
        here = pl.DataFrame([_as_kept(passed[name], kept.schema[name]) for name in rule.columns])
        found = here.join(taken, on=rule.columns, how="left", maintain_order="left")
        passed = passed.with_columns(passed[mark] | found["\x00taken"].fill_null(False))
    return passed


def _as_kept(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """As the table has them, into which they would come: its type may be of before the contract changed. Missing where
    it can hold none."""
    import polars as pl

    if values.dtype == dtype:
        return values
    try:
        return whole(values) if values.dtype.is_float() and dtype == pl.Int64 else values.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        return pl.repeat(None, len(values), dtype=dtype, eager=True).alias(values.name)


def _asked(rule: Rule, plan: Plan, passed: pl.DataFrame) -> bool:
    return set(rule.columns) <= set(passed.columns) and not plan.uncast & set(rule.columns)


def _told(
    contract: Contract, plan: Plan, passed: pl.DataFrame, good: pl.DataFrame, beside: Beside | None
) -> dict[str, Told]:
    """What is found of rules about the batch that are more than a count."""
    rules = [rule for rule in contract.rules if _asked(rule, plan, passed)]
    told = movements(good, [rule for rule in rules if rule.metric is not None], beside)
    told |= {rule.id: balance(passed, rule, plan.given, beside) for rule in rules if rule.sums is not None}
    return told | keys_not_at_hand(contract, plan, passed)


def keys_not_at_hand(contract: Contract, plan: Plan, passed: pl.DataFrame) -> dict[str, Told]:
    """By rule, the foreign keys that could not be followed."""
    return {
        rule.id: Told(None, f"the rows of {rule.foreign.source} are not at hand")
        for rule in contract.rules
        if rule.foreign is not None and rule.id not in plan.marks and _asked(rule, plan, passed)
    }


def failing_rows(plan: Plan, passed: pl.DataFrame) -> dict[str, int]:
    sums = {mark: int(passed[mark].sum()) for mark in set(plan.marks.values())}
    return {rule: sums[mark] for rule, mark in plan.marks.items()}


def newest(frame: pl.DataFrame, rule: Rule) -> Any:
    """The newest time of a column as a timestamp in UTC, or None."""
    import polars as pl

    if rule.column not in frame.columns:
        return None
    return frame[rule.column].cast(pl.Datetime("us")).dt.replace_time_zone("UTC").max()
