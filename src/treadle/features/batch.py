"""Features of all rows at once.

Windows and lookups are found by binary search: events are sorted by (key, known, id), so that a window is a
slice of positions, and a sum over it the difference of two running totals. Those are exact, see `totals`, so that
`online`, which keeps others, gives the same bits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from treadle import expr
from treadle.features.events import EventTable, event_tables, stable_order
from treadle.features.plan import ColumnType, FeaturePlan, LookupPlan, Take, WindowPlan
from treadle.spec.choices import NAMED

if TYPE_CHECKING:
    pass

AT, LABEL, KNOWN = "__at__", "__label__", "__label_known__"
Array = np.ndarray[Any, Any]


def build(plan: FeaturePlan, tables: Mapping[str, pl.LazyFrame | pl.DataFrame]) -> pl.DataFrame:
    """One row per row of `plan.each`, in its order: key columns, `__at__`, `__label__`, `__label_known__`, features.

    Raises:
        DataError: a key of a lookup without time that stands twice.
    """
    frame = examples(plan, tables[plan.each])
    return attach(plan, frame, event_tables(plan, streams_of(plan), tables))


def streams_of(plan: FeaturePlan) -> list[str]:
    used = {w.view for w in plan.windows} | {lookup.stream for lookup in plan.lookups}
    return [name for name in (*plan.views, *plan.lookup_streams) if name in used]


def examples(plan: FeaturePlan, table: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Inputs, row features, label and times of each row; whatever else stays out."""
    types = plan.each_types
    frame = table.lazy()
    at = [] if plan.at is None else [expr.to_polars(expr.parse(plan.at, types)).alias(AT)]
    kept = pl.String if plan.kind in NAMED else pl.Float64
    label = expr.to_polars(expr.parse(plan.label, types)).cast(kept).alias(LABEL)
    known = [] if plan.label_known is None else [expr.to_polars(expr.parse(plan.label_known, types)).alias(KNOWN)]
    keep = list(dict.fromkeys([*plan.key, *plan.input_types, *_beside(plan)]))
    read = [read_column(name, types[name]) for name in keep]
    frame = frame.select(*read, *at, label, *known)
    seen = dict(plan.each_types)
    for feature in plan.rows:
        frame = frame.with_columns(expr.to_polars(expr.parse(feature.text, seen)).alias(feature.name))
        seen[feature.name] = feature.type
    return frame.collect()


def _beside(plan: FeaturePlan) -> list[str]:
    """Columns that training reads, and no model."""
    return [name for name in (plan.group, plan.weight) if name]


def read_column(name: str, kind: ColumnType) -> pl.Expr:
    """A column as its feature type: 64-bit, NaN and infinities as NULL."""
    column: pl.Expr = expr.to_polars(expr.column(name, kind))
    return column.alias(name)


def attach(plan: FeaturePlan, frame: pl.DataFrame, events: Mapping[str, EventTable]) -> pl.DataFrame:
    """Add lookups and windows to examples, in the plan's order of features."""
    columns: dict[str, pl.Series] = {}
    asked = None if plan.at is None else _Asked(frame.get_column(AT))
    finders: dict[tuple[str, tuple[str, ...]], _Finder] = {}

    def finder(stream: str, on: tuple[str, ...]) -> _Finder:
        if (stream, on) not in finders:
            finders[stream, on] = _Finder(events[stream], frame.select(on), asked)
        return finders[stream, on]

    for lookup in plan.lookups:
        _lookup(lookup, events[lookup.stream], finder(lookup.stream, lookup.on), asked, columns)
    for window in plan.windows:
        assert asked is not None
        _window(window, events[window.view], finder(window.view, (window.on,)), asked, columns)
    base = frame.with_columns(series.alias(name) for name, series in columns.items())
    return base.select(columns_of(plan, base.columns))


def columns_of(plan: FeaturePlan, known: Collection[str]) -> list[str]:
    """The columns of a training table, in order; `known`: those that there are."""
    extra = [c for c in (*plan.key, AT, LABEL, KNOWN, *_beside(plan)) if c in known]
    return list(dict.fromkeys([*extra, *(f.name for f in plan.features)]))


class _Asked:
    """The times of prediction, in order, and where each stands among the times of a stream."""

    def __init__(self, times: pl.Series) -> None:
        self.known = times.is_not_null().to_numpy()
        self.at = at = times.dt.epoch("us").fill_null(0).to_numpy()
        self.order = np.argsort(at, kind="stable")
        self.ascending = at[self.order]
        self._found: dict[tuple[int, int], Array] = {}

    def ranks(self, times: Array, ago_us: int) -> Array:
        """How many of `times` lie before each `at - ago_us`, in the order of `at`. Streams may share their times."""
        name = (id(times), ago_us)
        if name not in self._found:
            self._found[name] = np.searchsorted(times, self.ascending - ago_us, side="left")
        return self._found[name]

    def where_known(self, values: pl.Series) -> pl.Series:
        """NULL where it is not known when the prediction is made: before no time there is no window."""
        if self.known.all():
            return values
        return pl.select(pl.when(pl.Series(self.known)).then(values)).to_series()


class _Finder:
    """Positions in an event table for all examples: how many events of the same key were known before a time."""

    def __init__(self, events: EventTable, keys: pl.DataFrame, asked: _Asked | None) -> None:
        self.events, self.asked = events, asked
        renamed = keys.rename(dict(zip(keys.columns, events.keys.columns[:-1], strict=True)))
        codes = renamed.join(events.keys, on=renamed.columns, how="left", maintain_order="left").get_column("__code__")
        self.code = codes.fill_null(-1).to_numpy()
        self.start = events.starts[self.code]
        if asked is not None and events.known is not None:
            # in the order of (key, time) all lengths of a window are found without sorting again
            inner = stable_order(self.code[asked.order], events.keys.height)
            self._inner, self._order = inner, asked.order[inner]
            self._sorted_code = self.code[self._order]
            self.end = self.before(0)

    def before(self, ago_us: int) -> Array:
        """Position of the first event of the key that was not known before `at - ago_us`; its start if no key."""
        assert self.asked is not None
        ranks = self.asked.ranks(self.events.times, ago_us)[self._inner]
        out = np.empty(len(self.code), np.int64)
        out[self._order] = self.events.search_ranks(self._sorted_code, ranks)
        out[self.code < 0] = self.start[self.code < 0]
        return out


def _lookup(
    plan: LookupPlan, events: EventTable, found: _Finder, asked: _Asked | None, columns: dict[str, pl.Series]
) -> None:
    if events.known is None:
        index = np.where(found.code >= 0, found.start, -1)
    else:
        assert asked is not None and events.happened is not None
        last = found.end - 1
        index = np.where(last >= found.start, events.newest[np.maximum(last, 0)] if len(events) else -1, -1)
        if plan.max_age_us is not None and len(events):
            age = asked.at - events.happened[np.maximum(index, 0)]
            index = np.where(age <= plan.max_age_us, index, -1)
        index = np.where(asked.known, index, -1)
    for name in plan.take:
        columns[f"{plan.name}_{name}"] = _gather(events.frame.get_column(name), index)


def _gather(values: pl.Series, index: Array) -> pl.Series:
    """values[index], NULL where the index is negative."""
    if len(values) == 0:
        return pl.Series(values.name, [None] * len(index), dtype=values.dtype)
    picks = pl.Series(index).cast(pl.Int64)
    return values.gather(picks.set(picks < 0, None).cast(pl.UInt32))


def _window(plan: WindowPlan, events: EventTable, found: _Finder, asked: _Asked, columns: dict[str, pl.Series]) -> None:
    hi = found.end
    for text, length in plan.lengths:
        lo = found.before(length)
        for take in plan.takes:
            columns[f"{plan.name}_{take.name}_{text}"] = asked.where_known(_take(take, events, lo, hi))


def _take(take: Take, events: EventTable, lo: Array, hi: Array) -> pl.Series:
    if take.argument is None:
        return pl.Series(hi - lo)
    argument = events.arguments[take.argument]
    count = argument.count_between(lo, hi)
    some = count > 0
    match take.function, take.type:
        case "count", _:
            return pl.Series(count)
        case "avg", _:
            return _nullable(argument.totals.means(lo, hi, count), some)
        case "sum", "int":
            total, fits = argument.totals.whole_sums(lo, hi)
            return _nullable(total, some & fits)
        case "sum", _:
            return _nullable(argument.totals.sums(lo, hi), some)
        case "stddev", _:
            return _nullable(argument.totals.spreads(lo, hi, count), count > 1)
    if take.function in ("first", "last"):
        if not len(events):
            return _gather(argument.values, lo)
        last = take.function == "last"
        near = (
            argument.last_valid[np.maximum(hi - 1, 0)] if last else argument.next_valid[np.minimum(lo, len(events) - 1)]
        )
        return _gather(argument.values, np.where(some, near, -1))
    largest = take.function == "max"
    best = _extreme(argument.extremes(largest), lo, hi, largest=largest)
    return _nullable(best + 0.0 if take.type == "float" else best, some)  # the least of 0.0 and -0.0 is 0.0


def _nullable(values: Array, known: Array) -> pl.Series:
    known = known & np.isfinite(values)
    series = pl.Series(np.where(known, values, values.dtype.type(0)))
    return series.set(pl.Series(~known), None)


def _extreme(numbers: Array, lo: Array, hi: Array, *, largest: bool) -> Array:
    """Largest or smallest of numbers[lo:hi] by a sparse table: level k holds the extreme of 2^k neighbours.

    Bender and Farach-Colton, "The LCA problem revisited" (2000), section 3. NaN, or the other end of 64 bits, is NULL.
    """
    better = np.fmax if largest else np.fmin
    out = np.zeros(len(lo), numbers.dtype)
    size = hi - lo
    level, k = numbers, 0
    while len(level):
        here = (size >= 1 << k) & (size < 1 << (k + 1))
        out[here] = better(level[lo[here]], level[hi[here] - (1 << k)])
        if not (size >= 1 << (k + 1)).any():
            break
        level = better(level[: -(1 << k)], level[1 << k :])
        k += 1
    return out
