"""Build online state from tables, as it was just before a time: vectorised, one pass a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from treadle.features.batch import streams_of
from treadle.features.events import EventTable, event_tables, newest_known, rows_of
from treadle.features.larger import PartedTables, events_among
from treadle.features.online import micros
from treadle.features.plan import FeaturePlan, stream_types
from treadle.features.state import SLACK_US, History, OnlineState, Versions, keep_of, newest_until_now
from treadle.store import Buckets, buckets_for

if TYPE_CHECKING:
    from treadle.features.state import Key


def seed(
    plan: FeaturePlan,
    tables: Mapping[str, pl.LazyFrame | pl.DataFrame],
    state: OnlineState,
    as_of: datetime | None = None,
) -> datetime:
    """Replace all state by what was known strictly before `as_of`; None: all that is known. Gives the time used."""
    events = event_tables(plan, streams_of(plan), tables)
    newest = max((int(e.known.max()) for e in events.values() if e.known is not None and len(e)), default=None)
    return _load(plan, lambda name: iter((events[name],)), newest, state, as_of)


def seed_parts(
    plan: FeaturePlan, tables: PartedTables, folder: Path, state: OnlineState, as_of: datetime | None = None
) -> datetime:
    """As `seed`, of tables that come in parts: what is kept of a key needs the rows of that key alone, so they are laid
    into buckets by it. folder: an empty one, for what does not fit into memory.
    """
    laid, newest = dict[str, Buckets](), list[int]()
    for number, name in enumerate(streams_of(plan)):
        stream = plan.stream(name)
        laid[name] = Buckets(folder / f"{number}", buckets_for(tables.rows(stream.source)))
        for part in tables.parts(stream.source):
            rows = rows_of(stream, part)
            laid[name].add_by(rows, stream.key)
            if stream.known is not None and rows.height:
                newest.append(newest_known(rows))

    def events(name: str) -> Iterator[EventTable]:
        buckets = laid[name]
        partly = buckets.count > 1
        yield from (events_among(plan, name, buckets.bucket(n), partly=partly) for n in range(buckets.count))

    return _load(plan, events, max(newest, default=None), state, as_of)


def _load(
    plan: FeaturePlan,
    events: Callable[[str], Iterator[EventTable]],
    newest: int | None,
    state: OnlineState,
    as_of: datetime | None,
) -> datetime:
    """events: those of a stream, in tables of whole keys. newest: when the last of any became known."""
    used = streams_of(plan)
    until = micros(as_of) if as_of is not None else (newest or 0) + 1
    when = as_of or datetime.fromtimestamp(until / 1e6, UTC)
    state.load(
        (
            item
            for name in used
            if name in plan.views and name in plan.arguments
            for table in events(name)
            for item in _histories(name, table, until, keep_of(plan, name))
        ),
        (
            item
            for name in used
            if name in plan.lookup_streams
            for table in events(name)
            for item in _versions(plan, name, table, until)
        ),
        when,
    )
    return when


def _keys(events: EventTable) -> list[Key]:
    columns = events.keys.columns[:-1]
    if len(columns) == 1:
        return events.keys.get_column(columns[0]).to_list()
    return list(events.keys.select(columns).iter_rows())


def _histories(view: str, events: EventTable, until: int, keep: int) -> Iterator[tuple[str, Key, History]]:
    """Each key's newest events."""
    assert events.known is not None
    keys = _keys(events)
    bounds = np.append(events.starts[:-1], len(events))
    codes = np.arange(len(keys))
    ends = events.search(codes, np.full(len(keys), until))
    newest = np.where(ends > bounds[:-1], events.known[np.maximum(ends - 1, 0)], 0) if len(events) else ends
    newest = np.minimum(newest, newest_until_now(until))
    begins = np.maximum(events.search(codes, newest - keep), bounds[:-1])
    ids = events.ids
    for code, key in enumerate(keys):
        start, lo, hi = int(bounds[code]), int(begins[code]), int(ends[code])
        if lo >= hi:
            continue
        made = History(len(events.arguments))
        made.known = events.known[lo:hi].tolist()
        made.ids = ids[lo:hi]
        made.values = [a.values[lo:hi].to_list() for a in events.arguments]
        if lo > start:
            made.floor = int(newest[code] - keep)
        yield view, key, made


def _versions(plan: FeaturePlan, name: str, events: EventTable, until: int) -> Iterator[tuple[str, Key, Versions]]:
    stream = plan.lookup_streams[name]
    ages = [lookup.max_age_us or 0 for lookup in plan.lookups if lookup.stream == name]
    order = list(stream_types(stream))
    rows = list(events.frame.select(order).iter_rows())
    keys = _keys(events)
    bounds = np.append(events.starts[:-1], len(events))
    for code, key in enumerate(keys):
        made, lo, hi = Versions(), int(bounds[code]), int(bounds[code + 1])
        if events.known is None or events.happened is None:
            made.known, made.happened, made.values = [-1] * (hi - lo), [-1] * (hi - lo), rows[lo:hi]
            made.ids = [""] * (hi - lo)
        else:
            hi = lo + int(np.searchsorted(events.known[lo:hi], until, side="left"))
            if hi == lo:
                continue
            made.known, made.happened = events.known[lo:hi].tolist(), events.happened[lo:hi].tolist()
            made.values = rows[lo:hi]
            made.ids = events.ids[lo:hi]
        if events.known is not None:
            made.trim(newest_until_now(made.known[-1]) - max(ages) - SLACK_US)
        yield name, key, made
