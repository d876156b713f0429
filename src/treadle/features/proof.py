"""Prove that batch and online agree: play real history through the online path and compare every cell.

Events are told as they become known, those known exactly at `at` before the prediction is asked, so that a feature
that is not strictly-before is caught. Every example is asked in the order of its `at`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from heapq import merge
from typing import Any

import msgspec
import polars as pl

from treadle.features.batch import AT, build, examples, read_column, streams_of
from treadle.features.events import microseconds
from treadle.features.online import OnlineFeatures, compile_online, micros
from treadle.features.plan import FeaturePlan, attribute
from treadle.features.proved import Differing, FeatureProof, Proof
from treadle.features.reader import EventReader
from treadle.features.state import Memory, OnlineState

KNOWN = "__known__"
Event = tuple[int, int, Callable[[], object]]
"""When it became known, in microseconds; the number of what it is told under; and what tells it to the state."""
TOLERANCE = 1e-9
"""Cells of floats count as differing beyond this relative difference; `max_abs_difference` tells of any."""


def prove(
    plan: FeaturePlan,
    tables: Mapping[str, pl.LazyFrame | pl.DataFrame],
    *,
    rows: int | None = None,
    state: OnlineState | None = None,
    online: OnlineFeatures | None = None,
    progress: Callable[[float, float, str], None] = lambda done, total, text: None,
) -> Proof:
    """Compare `rows` examples (all, if None), spread over all history; every event is played.

    state: where the online path keeps its state; memory, if None. online: the function to try; the plan's own, if None.
    """
    batch = build(plan, tables)
    inputs = examples(plan, tables[plan.each])
    order = chosen(batch, plan, rows)
    batch, inputs = batch[order], inputs[order]
    kept = state or Memory()
    played, told = play(plan, _events(plan, tables, kept), inputs, kept, online or compile_online(plan), progress)
    return compare(plan, batch, played, told)


def chosen(batch: pl.DataFrame, plan: FeaturePlan, rows: int | None) -> pl.Series:
    """The places of the rows that are compared, in the order of their time: so many, spread over all history."""
    order = batch.get_column(AT).arg_sort() if plan.at is not None else pl.Series(range(batch.height))
    if plan.at is not None:
        order = order.filter(batch.get_column(AT).gather(order).is_not_null())
    step = 1 if rows is None or rows >= len(order) else math.ceil(len(order) / max(rows, 1))
    return order.gather_every(step)


def play(
    plan: FeaturePlan,
    events: Iterator[Event],
    inputs: pl.DataFrame,
    state: OnlineState,
    online: OnlineFeatures,
    progress: Callable[[float, float, str], None],
) -> tuple[list[tuple[Any, ...]], int]:
    """What the online path answers to each of `inputs`, in their order, and how many events were told."""
    record: Any = msgspec.defstruct("Record", [attribute(name) for name in plan.input_types])
    asked = inputs.select(list(plan.input_types)).iter_rows()
    at_times = inputs.get_column(AT) if plan.at is not None else [None] * inputs.height
    told = 0
    waiting = next(events, None)
    out = []
    for number, (values, at) in enumerate(zip(asked, at_times, strict=True)):
        until = micros(at) if at is not None else math.inf
        while waiting is not None and waiting[0] <= until:
            waiting[2]()
            told += 1
            waiting = next(events, None)
        out.append(online.features(record(*values), state)[0])
        if number % 5000 == 0:
            progress(number, inputs.height, f"{number:,} of {inputs.height:,} rows")
    return out, told


def _events(plan: FeaturePlan, tables: Mapping[str, Any], state: OnlineState) -> Iterator[Event]:
    """Every row of every stream, in the order in which they become known."""
    feeds, names = [], dict.fromkeys(plan.stream(name).told_as for name in streams_of(plan))
    for number, name in enumerate(names):
        feeds.append(_feed(plan, name, number, tables, state))
    return merge(*feeds, key=lambda item: item[:2])


def _feed(plan: FeaturePlan, name: str, number: int, tables: Mapping[str, Any], state: OnlineState) -> Iterator[Event]:
    reader = EventReader(plan, name)
    yield from fed(reader, posted(reader, tables[reader.streams[0].source]), number, state)


def fed(reader: EventReader, frame: pl.DataFrame, number: int, state: OnlineState) -> Iterator[Event]:
    """Rows as `posted` gives them, one by one."""
    times = frame.get_column(KNOWN).to_list()
    columns = [attribute(column) for column in reader.types]
    for when, values in zip(times, frame.select(list(reader.types)).iter_rows(), strict=True):
        row = reader.row(**dict(zip(columns, values, strict=True)))
        yield when, number, partial(reader.put, [row], state)


def posted(reader: EventReader, table: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """The source's columns as a caller would post them, in the order of knowing; without rows that are refused."""
    first = reader.streams[0]
    frame = table.lazy().select(read_column(column, kind) for column, kind in reader.types.items())
    times = {"known": first.known, "happened": first.happened or first.known}
    moments = [microseconds(text, reader.types).alias(f"__{n}__") for n, text in times.items() if text is not None]
    keys = (pl.all_horizontal(pl.col(column).is_not_null() for column in stream.key) for stream in reader.streams)
    frame = frame.with_columns(*(moments or [pl.lit(-(2**62)).alias(KNOWN)])).filter(pl.any_horizontal(keys))
    return frame.drop_nulls([f"__{n}__" for n in times] if moments else []).sort(KNOWN, maintain_order=True).collect()


def compare(plan: FeaturePlan, batch: pl.DataFrame, played: list[tuple[Any, ...]], told: int, of: int = 0) -> Proof:
    """Cell by cell; of: the rows that there are, where only a sample of them was taken."""
    found: list[FeatureProof] = []
    shown: list[Differing] = []
    keys = plan.key[0] if plan.key else None
    for index, feature in enumerate(plan.features):
        expected = batch.get_column(feature.name).to_list()
        online = [values[index] for values in played]
        wrong = [row for row, (a, b) in enumerate(zip(expected, online, strict=True)) if not _equal(a, b)]
        found.append(FeatureProof(feature.name, len(wrong), _largest(expected, online)))
        for row in wrong[:3]:
            if len(shown) < 20:
                key = str(batch.item(row, keys)) if keys else str(row)
                shown.append(Differing(key, feature.name, repr(expected[row]), repr(online[row])))
    differing = sum(f.differing for f in found)
    return Proof(
        rows=batch.height,
        cells=batch.height * len(plan.features),
        differing=differing,
        max_abs_difference=max((f.max_abs_difference for f in found), default=0.0),
        features=len(plan.features),
        events=told,
        ok=differing == 0,
        by_feature=found,
        examples=shown,
        of=of,
    )


def _equal(batch: Any, online: Any) -> bool:
    if type(batch) is not type(online):
        return False
    return bool(batch == online or (type(batch) is float and abs(batch - online) <= TOLERANCE * abs(batch)))


def _largest(batch: list[Any], online: list[Any]) -> float:
    """The largest difference of two numbers."""
    pairs = ((a, b) for a, b in zip(batch, online, strict=True) if type(a) in (int, float) and type(b) in (int, float))
    return float(max((abs(a - b) for a, b in pairs), default=0.0))
