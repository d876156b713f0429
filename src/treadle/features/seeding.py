"""Build online state from tables, as it was just before a time: vectorised, one pass a view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from treadle.features.batch import streams_of
from treadle.features.events import EventTable, event_tables
from treadle.features.online import micros
from treadle.features.plan import FeaturePlan, stream_types
from treadle.features.state import SLACK_US, History, OnlineState, Versions, keep_of

if TYPE_CHECKING:
    from treadle.features.state import Key


def seed(
    plan: FeaturePlan,
    tables: Mapping[str, pl.LazyFrame | pl.DataFrame],
    state: OnlineState,
    as_of: datetime | None = None,
) -> datetime:
    """Replace all state by what was known strictly before `as_of`; None: all that is known. Gives the time used."""
    used = streams_of(plan)
    events = event_tables(plan, used, tables)
    newest = max(
        (
            int(e.known[-1]) if len(e) == 1 else int(e.known.max())
            for e in events.values()
            if e.known is not None and len(e)
        ),
        default=0,
    )
    until = micros(as_of) if as_of is not None else newest + 1
    when = as_of or datetime.fromtimestamp(until / 1e6, UTC)
    state.load(
        (
            item
            for name in used
            if name in plan.views and name in plan.arguments
            for item in _histories(name, events[name], until, keep_of(plan, name))
        ),
        (item for name in used if name in plan.lookup_streams for item in _versions(plan, name, events[name], until)),
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
    assert events.known is not None and events.ids is not None
    keys = _keys(events)
    bounds = np.append(events.starts[:-1], len(events))
    codes = np.arange(len(keys))
    ends = events.search(codes, np.full(len(keys), until))
    newest = np.where(ends > bounds[:-1], events.known[np.maximum(ends - 1, 0)], 0) if len(events) else ends
    begins = np.maximum(events.search(codes, newest - keep), bounds[:-1])
    ids = events.ids
    for code, key in enumerate(keys):
        start, lo, hi = int(bounds[code]), int(begins[code]), int(ends[code])
        if lo >= hi:
            continue
        made = History(len(events.arguments))
        made.known = events.known[lo:hi].tolist()
        made.ids = ids[lo:hi].to_list()
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
            made.ids = events.ids[lo:hi].to_list() if events.ids is not None else [""] * (hi - lo)
        made._run(0)
        if events.known is not None:
            made.trim(made.known[-1] - max(ages) - SLACK_US)
        yield name, key, made
