"""Rows of a view or a looked-up source as one sorted table of events, with running sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from treadle import expr
from treadle.features.plan import Argument, FeaturePlan, Stream, stream_types

Array = np.ndarray[Any, Any]
_KNOWN, _HAPPENED, _ID = "__known__", "__happened__", "__id__"


@dataclass(frozen=True, eq=False)
class EventTable:
    """Events sorted by (key, known, id). `code` numbers the keys; `starts[code]` is a key's first position.

    keys: one row a key, its columns and `__code__`. starts has one more element, for code -1 (no such key): 0.
    """

    frame: pl.DataFrame
    keys: pl.DataFrame
    code: Array
    starts: Array
    known: Array | None
    happened: Array | None
    ids: pl.Series | None
    arguments: tuple[Values, ...]

    def __len__(self) -> int:
        return len(self.code)

    def search(self, code: Array, when: Array) -> Array:
        """For each (code, when): the number of events before it in the order of (code, known)."""
        assert self.known is not None
        if not len(self):
            return np.zeros(len(code), np.int64)
        times, ranks = self._ranked
        # ranks and not times: code * (number of times) + rank always fits 64 bits
        rank = np.searchsorted(times, when, side="left")
        query = code.astype(np.int64) * (len(times) + 1) + rank
        order = np.argsort(query)
        out = np.empty(len(query), np.int64)
        out[order] = np.searchsorted(ranks, query[order], side="left")
        return out

    @cached_property
    def _ranked(self) -> tuple[Array, Array]:
        assert self.known is not None
        times, rank = np.unique(self.known, return_inverse=True)
        return times, self.code.astype(np.int64) * (len(times) + 1) + rank

    @cached_property
    def newest(self) -> Array:
        """For each event: the position of the one of its key, up to it, that happened last (the later told of two)."""
        frame = pl.DataFrame({"code": self.code, "happened": self.happened, "row": np.arange(len(self))})
        best = pl.col("happened") == pl.col("happened").cum_max().over("code")
        return frame.select(pl.when(best).then("row").forward_fill().over("code")).to_series().to_numpy()


@dataclass(frozen=True, eq=False)
class Values:
    """One argument over an event table. Running sums begin anew at each key, as they do online."""

    values: pl.Series
    code: Array

    @cached_property
    def numbers(self) -> Array:
        """As float64, NaN for NULL."""
        return self.values.cast(pl.Float64).fill_null(float("nan")).to_numpy()

    @cached_property
    def sums(self) -> Array:
        return self._running(self.values.cast(pl.Float64).fill_null(0.0))

    @cached_property
    def squares(self) -> Array:
        numbers = self.values.cast(pl.Float64).fill_null(0.0)
        return self._running(numbers * numbers)

    @cached_property
    def counts(self) -> Array:
        return self._running(self.values.is_not_null().cast(pl.Int64))

    @cached_property
    def last_valid(self) -> Array:
        """Position of the last value that is not NULL, up to each event; meaningless before the first."""
        frame = pl.DataFrame({"code": self.code, "row": np.arange(len(self.code)), "ok": self.values.is_not_null()})
        return frame.select(pl.when("ok").then("row").forward_fill().over("code").fill_null(-1)).to_series().to_numpy()

    @cached_property
    def next_valid(self) -> Array:
        frame = pl.DataFrame({"code": self.code, "row": np.arange(len(self.code)), "ok": self.values.is_not_null()})
        return frame.select(pl.when("ok").then("row").backward_fill().over("code").fill_null(-1)).to_series().to_numpy()

    def _running(self, series: pl.Series) -> Array:
        frame = pl.DataFrame({"code": self.code, "value": series})
        return frame.select(pl.col("value").cum_sum().over("code")).to_series().to_numpy()


def event_table(plan: FeaturePlan, name: str, tables: Mapping[str, pl.LazyFrame | pl.DataFrame]) -> EventTable:
    """The events of a view or lookup, from its source's table."""
    stream = plan.views.get(name) or plan.lookup_streams[name]
    return sort_events(rows_of(stream, tables[stream.source]), stream, plan.arguments.get(name, ()))


def rows_of(stream: Stream, table: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """The stream's rows with typed columns, `__known__`, `__happened__` (microseconds) and `__id__`."""
    types = stream.types
    frame = table.lazy().select(expr.to_polars(expr.parse(f'"{n}"', {n: t})).alias(n) for n, t in types.items())
    if stream.where:
        frame = frame.filter(expr.to_polars(expr.parse(stream.where, types)))
    derived = [expr.to_polars(expr.parse(text, types)).alias(n) for n, text in stream.columns.items()]
    times = []
    if stream.known is not None:
        times = [
            _micros(stream.known, types).alias(_KNOWN),
            _micros(stream.happened or stream.known, types).alias(_HAPPENED),
        ]
    identity = (
        [pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in stream.identity], separator="\x1f").alias(_ID)]
        if stream.identity
        else []
    )
    frame = frame.with_columns(*times, *identity).with_columns(derived)
    needed = [*stream.key, *([_KNOWN, _HAPPENED] if times else [])]
    return frame.drop_nulls(needed).collect()


def _micros(text: str, types: Mapping[str, Any]) -> pl.Expr:
    found = expr.parse(text, types)
    value: pl.Expr = expr.to_polars(found)
    return value.cast(pl.Datetime("us")).dt.epoch("us") if found.type == "date" else value.dt.epoch("us")


def sort_events(frame: pl.DataFrame, stream: Stream, arguments: tuple[Argument, ...]) -> EventTable:
    key = list(stream.key)
    if stream.known is None:
        from treadle.features.batch import check_unique

        check_unique(frame, key, stream.name)
    keys = frame.select(key).unique(maintain_order=True).with_row_index("__code__")
    keys = keys.select(*key, pl.col("__code__").cast(pl.Int64))
    frame = frame.join(keys, on=key, how="left", maintain_order="left")
    if stream.known is not None:
        same = ["__code__", _KNOWN, _ID if stream.identity else _HAPPENED]
        # the same row told twice counts once, as last told
        frame = frame.unique(same, keep="last", maintain_order=True).sort(same, maintain_order=True)
    else:
        frame = frame.sort("__code__")
    code = frame.get_column("__code__").to_numpy()
    starts = np.append(np.searchsorted(code, np.arange(keys.height)), 0)
    timed = stream.known is not None
    types = stream_types(stream)
    values = tuple(
        Values(frame.select(expr.to_polars(expr.parse(a.text, types)).alias("value")).to_series(), code)
        for a in arguments
    )
    return EventTable(
        frame=frame,
        keys=keys,
        code=code,
        starts=starts,
        known=frame.get_column(_KNOWN).to_numpy() if timed else None,
        happened=frame.get_column(_HAPPENED).to_numpy() if timed else None,
        ids=frame.get_column(_ID) if stream.identity else None,
        arguments=values,
    )
