"""Rows of a view or a looked-up source as one sorted table of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import replace

from treadle import expr
from treadle.errors import DataError
from treadle.features.plan import Argument, FeaturePlan, Stream, stream_types
from treadle.features.totals import ColumnTotals

Array = np.ndarray[Any, Any]
_KNOWN, _HAPPENED, _ID, _RANK = "__known__", "__happened__", "__id__", "__rank__"


@dataclass(frozen=True, eq=False)
class EventTable:
    """Events sorted by (key, known, id). `code` numbers the keys; `starts[code]` is a key's first position.

    keys: one row a key, its columns and `__code__`. starts has one more element, for code -1 (no such key): 0.
    times: when any event of the stream became known, each time once, ascending; `rank` is each event's place in it.
    """

    frame: pl.DataFrame
    keys: pl.DataFrame
    code: Array
    starts: Array
    known: Array | None
    happened: Array | None
    stream: Stream
    times: Array
    rank: Array
    arguments: tuple[Values, ...]

    def __len__(self) -> int:
        return len(self.code)

    @cached_property
    def ids(self) -> list[str]:
        """What tells each row from others of its key and moment, as `online` has it."""
        if not self.stream.identity:
            return [""] * len(self)
        return self.frame.select(_identity(self.stream) if self.stream.one_a_moment else _ID).to_series().to_list()

    def search(self, code: Array, when: Array) -> Array:
        """For each (code, when): the number of events before it in the order of (code, known)."""
        return self.search_ranks(code, np.searchsorted(self.times, when, side="left"))

    def search_ranks(self, code: Array, rank: Array) -> Array:
        """The same for places in `times`; quick where (code, rank) ascends, since neighbours are found nearby."""
        # ranks and not times: code * (number of times) + rank always fits 64 bits
        return np.searchsorted(self._places, code * (len(self.times) + 1) + rank, side="left")

    @cached_property
    def _places(self) -> Array:
        places: Array = self.code * (len(self.times) + 1) + self.rank
        return places

    @cached_property
    def newest(self) -> Array:
        """For each event: the position of the one of its key, up to it, that happened last (the later told of two)."""
        rows = np.arange(len(self))
        assert self.happened is not None
        if not ((np.diff(self.happened) < 0) & (np.diff(self.code) == 0)).any():
            return rows
        frame = pl.DataFrame({"code": self.code, "happened": self.happened, "row": rows})
        best = pl.col("happened") == pl.col("happened").cum_max().over("code")
        return frame.select(pl.when(best).then("row").forward_fill().over("code")).to_series().to_numpy()


@dataclass(frozen=True, eq=False)
class Values:
    """One argument over an event table."""

    values: pl.Series

    def extremes(self, largest: bool) -> Array:
        """As numbers of 64 bits, of which a NULL is never the largest, or the smallest."""
        if self.values.dtype.is_float():
            return self.values.fill_null(float("nan")).to_numpy()
        bounds = np.iinfo(np.int64)
        return self.values.cast(pl.Int64).fill_null(bounds.min if largest else bounds.max).to_numpy()

    @cached_property
    def totals(self) -> ColumnTotals:
        kind = pl.Float64 if self.values.dtype.is_float() else pl.Int64
        return ColumnTotals(self.values.cast(kind).fill_null(0).to_numpy())

    def count_between(self, lo: Array, hi: Array) -> Array:
        """How many of values[lo:hi] are not NULL."""
        complete = self._valid.all()
        found: Array = hi - lo if complete else self._valid_before[hi] - self._valid_before[lo]
        return found

    @cached_property
    def _valid_before(self) -> Array:
        return np.append(0, np.cumsum(self._valid))

    @cached_property
    def last_valid(self) -> Array:
        """Position of the last value that is not NULL, up to each event; meaningless before a key's first."""
        return np.maximum.accumulate(np.where(self._valid, np.arange(len(self.values)), -1))

    @cached_property
    def next_valid(self) -> Array:
        """Position of the next value that is not NULL, from each event on; meaningless after a key's last."""
        rows = np.arange(len(self.values))
        return np.minimum.accumulate(np.where(self._valid, rows, len(rows) - 1)[::-1])[::-1]

    @cached_property
    def _valid(self) -> Array:
        return self.values.is_not_null().to_numpy()


def event_tables(
    plan: FeaturePlan, names: Iterable[str], tables: Mapping[str, pl.LazyFrame | pl.DataFrame]
) -> dict[str, EventTable]:
    """The events of views and lookups, from their sources' tables.

    Streams that differ in their key alone, such as one source's departures by airport and by plane, are read and
    put in the order of time once.
    """
    alike: dict[Any, list[Stream]] = {}
    for name in names:
        stream = plan.views.get(name) or plan.lookup_streams[name]
        same = (stream.source, stream.where, stream.known, stream.happened, stream.identity, *stream.columns.items())
        alike.setdefault(same, []).append(stream)
    out = {}
    for streams in alike.values():
        types = {name: kind for stream in streams for name, kind in stream.types.items()}
        together = replace(streams[0], types=dict(sorted(types.items())), key=())
        rows = in_time(rows_of(together, tables[together.source]), together)
        for stream in streams:
            out[stream.name] = sort_events(rows, stream, plan.arguments.get(stream.name, ()))
    return out


def rows_of(stream: Stream, table: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """The stream's rows with typed columns, `__known__`, `__happened__` (microseconds) and `__id__`."""
    types = stream.types
    frame = table.lazy().select(expr.to_polars(expr.column(n, t)).alias(n) for n, t in types.items())
    if stream.where:
        frame = frame.filter(expr.to_polars(expr.parse(stream.where, types)))
    derived = [expr.to_polars(expr.parse(text, types)).alias(n) for n, text in stream.columns.items()]
    times = []
    if stream.known is not None:
        times = [
            microseconds(stream.known, types).alias(_KNOWN),
            microseconds(stream.happened or stream.known, types).alias(_HAPPENED),
        ]
    # before the derived columns, which may have the names of those that tell rows apart
    identity = [_identity(stream)] if stream.identity and not stream.one_a_moment else []
    frame = frame.with_columns(*times, *identity).with_columns(derived)
    needed = [*stream.key, *([_KNOWN, _HAPPENED] if times else [])]
    return frame.drop_nulls(needed).collect()


def newest_known(rows: pl.DataFrame) -> int:
    """When the last of a stream's rows became known; there is one at the least."""
    newest: int = rows.get_column(_KNOWN).max()  # type: ignore[assignment]
    return newest


def _identity(stream: Stream) -> pl.Expr:
    texts = [_text(pl.col(column), stream.types[column]) for column in stream.identity]
    return pl.concat_str(texts, separator="\x1f").alias(_ID)


def _text(column: pl.Expr, kind: str) -> pl.Expr:
    """A part of an identity, as `online` writes it: a row that was seeded and is told again must be found."""
    if kind == "timestamp":
        column = column.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    if kind == "float":
        column = column.map_batches(_float_texts, return_dtype=pl.String)
    return column.cast(pl.String).fill_null("")


def _float_texts(values: pl.Series) -> pl.Series:
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)


def microseconds(text: str, types: Mapping[str, Any]) -> pl.Expr:
    """An expression's times, in microseconds since 1970."""
    found = expr.parse(text, types)
    value: pl.Expr = expr.to_polars(found)
    return value.cast(pl.Datetime("us")).dt.epoch("us") if found.type == "date" else value.dt.epoch("us")


@dataclass(frozen=True, eq=False)
class TimedRows:
    """Rows of streams in the order of (known, id); `once`: no (known, id) stands twice."""

    frame: pl.DataFrame
    times: Array
    rank: Array
    once: bool


def in_time(frame: pl.DataFrame, stream: Stream) -> TimedRows:
    """Put rows in the order in which they became known, rows of one time by their identity."""
    if stream.known is None:
        return TimedRows(frame, np.zeros(0, np.int64), np.zeros(frame.height, np.int64), once=True)
    same = [_KNOWN, _HAPPENED if stream.one_a_moment else _ID]
    frame = frame.sort(same, maintain_order=True)
    known = frame.get_column(_KNOWN).to_numpy()
    new = np.append(True, known[1:] != known[:-1])[: len(known)]
    tie = frame.get_column(same[1])
    twice = bool(((tie == tie.shift(1)).fill_null(False).to_numpy() & ~new).any())
    return TimedRows(frame, known[new], np.cumsum(new) - 1, once=not twice)


def sort_events(
    rows: TimedRows, stream: Stream, arguments: tuple[Argument, ...], *, partly: bool = False
) -> EventTable:
    """The rows of one key after another, each key's in the order of time. partly: they are those of some keys."""
    key, types, timed = list(stream.key), stream_types(stream), stream.known is not None
    if not timed:
        check_unique(rows.frame, key, stream, partly=partly)
    times = [_KNOWN, _HAPPENED] if timed else []
    names = [*types, *times, *([] if stream.one_a_moment else [_ID])]
    frame = rows.frame.select(*names, pl.Series(_RANK, rows.rank))
    frame = frame.drop_nulls(key)
    keys = frame.select(key).unique(maintain_order=True).with_row_index("__code__")
    keys = keys.select(*key, pl.col("__code__").cast(pl.Int64))
    codes = frame.select(key).join(keys, on=key, how="left", maintain_order="left").get_column("__code__")
    order = stable_order(codes.to_numpy(), keys.height)
    frame, code = frame[order], codes.to_numpy()[order]
    if not rows.once:
        frame, code = _told_once(frame, code, stream)
    starts = np.append(np.searchsorted(code, np.arange(keys.height)), 0)
    return EventTable(
        frame=frame,
        keys=keys,
        code=code,
        starts=starts,
        known=frame.get_column(_KNOWN).to_numpy() if timed else None,
        happened=frame.get_column(_HAPPENED).to_numpy() if timed else None,
        stream=stream,
        times=rows.times,
        rank=frame.get_column(_RANK).to_numpy(),
        arguments=tuple(Values(_argument(frame, a, types)) for a in arguments),
    )


def _told_once(frame: pl.DataFrame, code: Array, stream: Stream) -> tuple[pl.DataFrame, Array]:
    """Of rows of one (key, known, id) the last told; of a source that is looked up directly, the last of a moment."""
    known, tie = frame.get_column(_KNOWN), frame.get_column(_HAPPENED if stream.one_a_moment else _ID)
    # in this order equal ones are neighbours
    again = (code[1:] == code[:-1]) & (known[1:] == known[:-1]).to_numpy() & (tie[1:] == tie[:-1]).to_numpy()
    if not again.any():
        return frame, code
    last = np.append(~again, True)
    if stream.one_a_moment and stream.identity:
        places = np.flatnonzero(np.append(again, False) | np.append(False, again))
        run = pl.Series(_RANK, np.append(0, np.cumsum(last[:-1]))[places])
        tied = frame[places].select(run, _identity(stream))
        moved = tied.select(pl.arg_sort_by(_RANK, _ID, maintain_order=True)).to_series().to_numpy()
        order = np.arange(frame.height)
        order[places] = places[moved]
        frame = frame[order]
    return frame.filter(pl.Series(last)), code[last]


def _argument(frame: pl.DataFrame, argument: Argument, types: Mapping[str, Any]) -> pl.Series:
    return frame.select(expr.to_polars(expr.parse(argument.text, types)).alias("value")).to_series()


def stable_order(code: Array, most: int) -> Array:
    """Positions in the order of `code` (-1 <= code < most), equal ones as they stand."""
    # NumPy sorts 16 bits by radix: ten times quicker than wider numbers
    small = (code + 1).astype(np.uint16) if most < 2**16 - 1 else code
    return np.argsort(small, kind="stable")


def check_unique(frame: pl.DataFrame, keys: Sequence[str], stream: Stream, *, partly: bool) -> None:
    """A table without time holds one row a key. partly: of some keys the rows are elsewhere."""
    twice = frame.filter(pl.struct(keys).is_duplicated())
    if twice.height:
        shown = ", ".join(f"{k}={twice.item(0, k)!r}" for k in keys)
        many, first = (f"at least {twice.height}", "one") if partly else (f"{twice.height}", "the first")
        raise DataError(
            f"{stream.name} has {many} rows with a key that stands twice, {first} with {shown}",
            where=f"sources.{stream.told_as}",
            mend="give the source a time with `happened:`, or make its key unique",
        )
