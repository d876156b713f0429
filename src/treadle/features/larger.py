"""Features of tables that are larger than memory: equal to those of `build`, to the bit.

What is asked by one key, of lookups and windows, needs nothing but the rows and events of that key. So examples and
events are laid into buckets by the key, attached bucket by bucket, and what comes of it is laid back by the places of
the rows. Memory grows with the rows of the largest bucket: a single key that most rows share is held as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from msgspec.structs import replace

from treadle.features.batch import AT, attach, columns_of, examples
from treadle.features.events import EventTable, in_time, rows_of, sort_events
from treadle.features.plan import FeaturePlan
from treadle.store import Buckets, buckets_for

_ROW = "__row__"


class PartedTables(Protocol):
    """The tables of a plan, each in parts of bounded size: equal parts in equal order each time, one at the least."""

    def rows(self, source: str) -> int: ...

    def parts(self, source: str) -> Iterator[pl.DataFrame]: ...


def build_parts(plan: FeaturePlan, tables: PartedTables, folder: Path) -> Iterator[pl.DataFrame]:
    """As `build`, in parts. folder: an empty one, for what does not fit into memory; some twice the size of the result.

    Raises:
        DataError: a key of a lookup without time that stands twice.
    """
    keys = list(dict.fromkeys([*(lookup.on for lookup in plan.lookups), *((w.on,) for w in plan.windows)]))
    laid = {on: Buckets(folder / f"rows {n}", buckets_for(_most(plan, on, tables))) for n, on in enumerate(keys)}
    starts = [0]
    for part in tables.parts(plan.each) if keys else ():
        frame = examples(plan, part)
        numbers = pl.Series(_ROW, range(starts[-1], starts[-1] + frame.height), dtype=pl.Int64)
        frame = frame.with_columns(numbers)
        for on, buckets in laid.items():
            buckets.add_by(frame.select(_ROW, *([AT] if plan.at is not None else []), *on), on)
        starts.append(starts[-1] + frame.height)
        del part, frame  # before the next is read: two at once are what memory would be sized for
    made = [_attached(plan, on, laid[on], tables, starts, folder / f"made {n}") for n, on in enumerate(keys)]
    order = count()  # `enumerate` would hold each part until it has the next
    for part in tables.parts(plan.each):
        frame, number = examples(plan, part), next(order)
        for back in made:
            frame = frame.hstack(back.bucket(number).sort(_ROW).drop(_ROW))
        yield frame.select(columns_of(plan, frame.columns))
        del part, frame


def _most(plan: FeaturePlan, on: tuple[str, ...], tables: PartedTables) -> int:
    """The rows of the longest table that is asked by this key."""
    return max(tables.rows(source) for source in (plan.each, *(plan.stream(n).source for n in _streams(plan, on))))


def _streams(plan: FeaturePlan, on: tuple[str, ...]) -> list[str]:
    asked = [*(k.stream for k in plan.lookups if k.on == on), *(w.view for w in plan.windows if (w.on,) == on)]
    return list(dict.fromkeys(asked))


def _attached(
    plan: FeaturePlan, on: tuple[str, ...], laid: Buckets, tables: PartedTables, starts: list[int], folder: Path
) -> Buckets:
    """The features that are asked by the key `on`, in a bucket for each part of the examples, with the row's number."""
    folder.mkdir()
    own = _asked_by(plan, on)
    streams = {name: Buckets(folder / f"{n}", laid.count) for n, name in enumerate(_streams(plan, on))}
    for name, buckets in streams.items():
        stream = plan.stream(name)
        for part in tables.parts(stream.source):
            buckets.add_by(rows_of(stream, part), stream.key)
            del part
    back = Buckets(folder / "back", len(starts) - 1)
    partly = laid.count > 1
    for number in range(laid.count):
        events = {
            name: events_among(plan, name, buckets.bucket(number), partly=partly) for name, buckets in streams.items()
        }
        found = attach(own, laid.bucket(number), events)
        places = np.searchsorted(np.array(starts), found[_ROW].to_numpy(), side="right") - 1
        back.add(found.drop(AT, strict=False), pl.Series(places))
        del events, found, places
    laid.remove()
    for buckets in streams.values():
        buckets.remove()
    return back


def _asked_by(plan: FeaturePlan, on: tuple[str, ...]) -> FeaturePlan:
    """The part of the plan that is asked by this key, of rows that are told by their number."""
    lookups = tuple(lookup for lookup in plan.lookups if lookup.on == on)
    windows = tuple(window for window in plan.windows if (window.on,) == on)
    names = {f"{lookup.name}_{column}" for lookup in lookups for column in lookup.take}
    names |= {f"{w.name}_{take.name}_{text}" for w in windows for text, _ in w.lengths for take in w.takes}
    features = tuple(feature for feature in plan.features if feature.name in names)
    return replace(
        plan, key=(_ROW,), group=None, weight=None, lookups=lookups, windows=windows, features=features, rows=()
    )


def events_among(plan: FeaturePlan, name: str, rows: pl.DataFrame, *, partly: bool) -> EventTable:
    """The events of a stream, out of its rows as `rows_of` gives them. partly: these are the rows of some keys."""
    stream = plan.stream(name)
    return sort_events(in_time(rows, stream), stream, plan.arguments.get(name, ()), partly=partly)
