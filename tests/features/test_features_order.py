"""Rows may come in any order: a source whose rows are shuffled changes no feature, in batch, online, or of a state."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import EVENTS, START, TEN_MINUTES, Tables, differences, plan_of, play, project, record, table, world

from treadle.errors import SpecError
from treadle.features import EventReader, FeaturePlan, Memory, build, compile_online, prove, seed
from treadle.spec import Features, Lookup, Source, Window

SOURCES = {
    "trips": Source(read="trips.parquet", key="id"),
    "events": Source(read="events.parquet", key="id", happened="seen"),
    "prices": Source(read="prices.parquet", happened="happened", known="told"),
    "sizes": Source(read="sizes.parquet", key="k"),
}
FEATURES = Features(
    lookup={
        "event": Lookup(source="events", on="k", take=("id", "v")),
        "other": Lookup(source="events", on=("k", "n"), take=("s",), no_older_than="1h"),
        "price": Lookup(source="prices", on="k", take=("price", "since")),
        "tag": Lookup(source="prices", on="k", take=("tag",)),
        "view": Lookup(source="seen", on="k", take=("v",)),
    },
    window={"w": Window(source="seen", on="k", last=("1d",), take={"n": "count(*)", "last": "last(s)"})},
)
PLAN = plan_of(project(FEATURES, sources=SOURCES))


def shuffled(tables: Tables, number: int) -> Tables:
    return {
        name: frame if name == "trips" else frame.sample(fraction=1, shuffle=True, seed=number)
        for name, frame in tables.items()
    }


@given(number=st.integers(0, 2**16))
@settings(max_examples=5, deadline=None)
def test_a_source_in_another_order_changes_no_feature(number: int) -> None:
    tables = world(number, 10, 40)
    at = pl.Series([START + (random.Random(number).randrange(40)) * TEN_MINUTES / 10 for _ in range(10)])
    tables["trips"] = tables["trips"].with_columns(at=at.cast(pl.Datetime("us", "UTC")))
    batch, other = build(PLAN, tables), shuffled(tables, number)
    assert build(PLAN, other).equals(batch)
    for each in (tables, other):
        assert not differences(PLAN, batch, play(PLAN, each, Memory()))
    assert prove(PLAN, other).ok


def event(number: int) -> dict[str, Any]:
    return {"id": number, "k": "a", "n": 1, "seen": START, "v": float(number), "w": 1, "b": True, "s": "x", "d": None}


@pytest.mark.parametrize("first", [2324, 9259])
def test_of_two_rows_of_one_moment_the_later_key_as_text_counts_wherever_it_was_told(first: int) -> None:
    """Both in one table, told one after the other, and told to a state that was filled from the other one."""
    rows = [event(first), event(9259 + 2324 - first)]
    tables = {
        **world(1, 1, 1),
        "trips": table("trips", [(0, "a", 1, START + TEN_MINUTES, 1.0)]),
        "events": pl.DataFrame(rows, schema=EVENTS),
    }
    assert build(PLAN, tables)["event_id"].to_list() == [9259]
    assert asked(PLAN, tables, told(tables, rows)) == 9259
    half = {**tables, "events": tables["events"][:1]}
    state = Memory()
    seed(PLAN, half, state)
    assert asked(PLAN, tables, told(tables, rows[1:], state)) == 9259


def told(tables: Tables, rows: list[dict[str, Any]], state: Memory | None = None) -> Memory:
    state, reader = state or Memory(), EventReader(PLAN, "events")
    for row in rows:
        reader.put(reader.read(msgspec.json.encode(row)), state)
    return state


def asked(plan: FeaturePlan, tables: Tables, state: Memory) -> Any:
    values = compile_online(plan).features(record(plan, tables["trips"].row(0, named=True)), state)[0]
    return values[[feature.name for feature in plan.features].index("event_id")]


def test_a_key_that_the_source_has_not_is_refused_at_its_place() -> None:
    sources = {**SOURCES, "events": Source(read="events.parquet", key="idd", happened="seen")}
    with pytest.raises(SpecError, match='source events has no column "idd"') as refused:
        plan_of(project(Features(lookup={"event": FEATURES.lookup["event"]}), sources=sources, views={}))
    assert refused.value.where == "sources.events.key"
