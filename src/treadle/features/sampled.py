"""Prove a sample of tables that are larger than memory: the rows that training has, against the online path.

The batch side is `build_parts` over all rows, as a run makes them; of what it gives only the sample is kept. A feature
looks at nothing but the rows of its key, so online only the events of the sample's keys are played, all of them, in the
order in which they became known. They are laid on the disk by that time and come back a span at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path

import numpy as np
import polars as pl

from treadle.features.batch import AT, examples, streams_of
from treadle.features.larger import PartedTables, build_parts
from treadle.features.online import compile_online
from treadle.features.plan import FeaturePlan
from treadle.features.proof import KNOWN, Event, chosen, compare, fed, play, posted
from treadle.features.proved import Proof
from treadle.features.reader import EventReader
from treadle.features.state import Memory, OnlineState
from treadle.store import Buckets, buckets_for

SAMPLE = 20_000
"""Rows that are compared, where nobody says how many."""
_ROW = "__row__"


def prove_sample(
    plan: FeaturePlan,
    tables: PartedTables,
    folder: Path,
    *,
    rows: int = SAMPLE,
    progress: Callable[[float, float, str], None] = lambda done, total, text: None,
) -> Proof:
    """As `prove`, of `rows` examples spread over all history. folder: an empty one, for what memory does not hold.

    Memory grows with the sample, with the largest bucket of `build_parts`, and with what online state keeps of keys.
    """
    order = chosen(_moments(plan, tables), plan, rows)
    batch, inputs = _of_rows(plan, tables, order, folder)
    state, names = Memory(), dict.fromkeys(plan.stream(name).told_as for name in streams_of(plan))
    laid = [_Laid(plan, name, tables, inputs, folder) for name in names]
    events = merge(*(each.fed(number, state) for number, each in enumerate(laid)), key=lambda event: event[:2])
    played, told = play(plan, events, inputs, state, compile_online(plan), progress)
    return compare(plan, batch, played, told, of=tables.rows(plan.each))


def _moments(plan: FeaturePlan, tables: PartedTables) -> pl.DataFrame:
    """The time of each example, or without one a row for each."""
    column = [AT] if plan.at is not None else []
    parts = (examples(plan, part) for part in tables.parts(plan.each))
    return pl.concat([part.select(*column, pl.lit(0, pl.Int8).alias(_ROW)) for part in parts])


def _of_rows(
    plan: FeaturePlan, tables: PartedTables, order: pl.Series, folder: Path
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The features of these rows in batch, and what is asked of them online; both in this order."""
    places = pl.Series("place", range(len(order)), dtype=pl.Int64)
    wanted = pl.DataFrame({_ROW: order.cast(pl.Int64)}).with_columns(places)
    room, found, asked, before = folder / "batch", list[pl.DataFrame](), list[pl.DataFrame](), 0
    room.mkdir()
    for part, made in zip(tables.parts(plan.each), build_parts(plan, tables, room), strict=True):
        inputs = examples(plan, part)
        here = wanted.filter(pl.col(_ROW).is_between(before, before + part.height - 1))
        rows, places = here.get_column(_ROW) - before, here.get_column("place").alias(_ROW)
        found.append(made[rows].with_columns(places))
        asked.append(inputs[rows].with_columns(places))
        before += part.height
    return tuple(pl.concat(each).sort(_ROW).drop(_ROW) for each in (found, asked))  # type: ignore[return-value]


class _Laid:
    """The events of a source that is posted, of the keys that are asked for, in spans of the time of knowing."""

    def __init__(self, plan: FeaturePlan, name: str, tables: PartedTables, asked: pl.DataFrame, folder: Path) -> None:
        self.reader = EventReader(plan, name)
        first = self.reader.streams[0]
        count = buckets_for(tables.rows(first.source))
        at = asked.get_column(AT).dt.epoch("us").to_numpy() if plan.at is not None else np.zeros(0, np.int64)
        edges = np.quantile(at, np.arange(1, count) / count) if len(at) else np.zeros(0)
        self._laid, before = Buckets(folder / f"events {name}", count), 0
        for part in tables.parts(first.source):
            frame = _of_keys(plan, self.reader, posted(self.reader, part), asked)
            if len(at):  # what became known later is never told
                frame = frame.filter(pl.col(KNOWN) <= int(at.max()))
            if first.known is not None:
                places = np.searchsorted(edges, frame.get_column(KNOWN).to_numpy(), side="right")
            else:  # all of one time, in the order in which they stand
                places = (before + np.arange(frame.height)) * count // max(1, tables.rows(first.source))
            self._laid.add(frame, pl.Series(places, dtype=pl.Int64))
            before += frame.height

    def fed(self, number: int, state: OnlineState) -> Iterator[Event]:
        for span in range(self._laid.count):
            frame = self._laid.bucket(span).sort(KNOWN, maintain_order=True)
            yield from fed(self.reader, frame, number, state)


def _of_keys(plan: FeaturePlan, reader: EventReader, rows: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The rows that some feature of these examples may see, in their order."""
    numbered = rows.with_row_index(_ROW)
    kept = list[pl.Series]()
    for stream in reader.streams:
        by = [(k.on, k.stream) for k in plan.lookups] + [((w.on,), w.view) for w in plan.windows]
        for on in dict.fromkeys(on for on, name in by if plan.stream(name) == stream):
            named = [pl.col(mine).alias(theirs) for mine, theirs in zip(on, stream.key, strict=True)]
            keys = asked.select(named).unique()
            kept.append(numbered.join(keys, on=list(stream.key), how="semi").get_column(_ROW))
    return rows[pl.concat(kept).unique().sort()] if kept else rows.clear()
