"""A batch against the last good snapshot: how distributions, means, missing values and numbers of rows moved.

Measured as `treadle data diff` measures two snapshots, so that both say the same figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.contracts.beside import Beside
from treadle.contracts.rules import Bound, Rule
from treadle.contracts.told import Told

if TYPE_CHECKING:
    import polars as pl

    from treadle.profiling.found import Moved

NO_LAST = "no snapshot is good yet, so there is none to compare with"


def movements(good: pl.DataFrame, rules: Sequence[Rule], beside: Beside | None) -> dict[str, Told]:
    """By rule. good: the rows that would be kept, as a snapshot holds none that were set aside."""
    if not rules:
        return {}
    if beside is None:
        return {rule.id: Told(None, "the snapshots are not at hand") for rule in rules}
    last = beside.last
    if last is None:
        return {rule.id: Told(None, NO_LAST) for rule in rules}
    columns = list(dict.fromkeys(rule.column for rule in rules if rule.column))
    lines = _measured(good, last.frame, [name for name in columns if name in good.columns], rules)
    return {
        rule.id: _rows(rule, last.rows, good.height + (last.rows if beside.adds else 0), last.name)
        if rule.metric == "rowCountChange"
        else _of_column(rule, lines.get(rule.column or ""), last.name)
        for rule in rules
    }


def _measured(good: pl.DataFrame, before: pl.DataFrame, columns: list[str], rules: Sequence[Rule]) -> dict[str, Moved]:
    from treadle.profiling import Asked, compare, profile

    new = [name for name in columns if name not in before.columns]
    both = [name for name in columns if name not in new and good.schema[name] == before.schema[name]]
    if not both:
        return {}
    was = profile(before.select(both).lazy(), Asked("before"))
    now = profile(good.select(both).lazy(), Asked("now", like=was))
    return {line.column: line for line in compare(was, now)}


def _rows(rule: Rule, before: int, now: int, name: str) -> Told:
    assert rule.bound is not None
    if rule.bound.percent and not before:
        return Told(None, f"{name} has no rows, and of none there is no share")
    change = 100 * (now - before) / before if rule.bound.percent else float(now - before)
    found = f"{before:,} rows in {name}, {now:,} now" + (f", which is {change:+.4g} %" if rule.bound.percent else "")
    return Told(_holds(rule.bound, change), found, change)


def _of_column(rule: Rule, line: Moved | None, name: str) -> Told:
    if line is None:
        return Told(None, f"{name} has no such column of the same type")
    assert rule.bound is not None
    match rule.metric:
        case "psi" | "jensenShannon":
            if line.psi is None or line.js is None or line.noise is None:
                return Told(
                    None,
                    f"{rule.column} cannot be laid beside that of {name}: a key, no values, or values that name people",
                )
            value = max(line.psi - line.noise, 0.0) if rule.metric == "psi" else line.js
            return Told(_holds(rule.bound, value), f"it is {value:.4g} against {name}", value)
        case "meanChange":
            return _change(rule.bound, line.mean_before, line.mean_now, "a mean of", name)
        case "distinctChange":
            return _change(rule.bound, line.distinct_before, line.distinct_now, "distinct values:", name)
    points = 100 * (line.missing_now - line.missing_before) / (1 if rule.bound.percent else 100)
    found = f"{line.missing_before:.4%} of {name}, {line.missing_now:.4%} now"
    return Told(_holds(rule.bound, points), found, points)


def _change(bound: Bound, before: float | None, now: float | None, noun: str, name: str) -> Told:
    if before is None or now is None:
        which = name if before is None else "this batch"
        return Told(None if before is None else False, f"{which} has no values to compare")
    found = f"{noun} {before:,.6g} in {name}, {now:,.6g} now"
    if not bound.percent:
        return Told(_holds(bound, now - before), found, now - before)
    if not before:
        return Told(None if now else _holds(bound, 0.0), f"{found}: of zero there is no share")
    change = 100 * (now - before) / abs(before)
    return Told(_holds(bound, change), f"{found}, which is {change:+.4g} %", change)


def _holds(bound: Bound, value: float) -> bool:
    from msgspec.structs import replace

    return replace(bound, percent=False).holds(value, 1)
