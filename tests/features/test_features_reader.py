"""Posted rows: what is taken, and what is refused with its field, value and rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from worlds import START, plan_of, project, world

from treadle.errors import RequestError
from treadle.features import EventReader, FeaturePlan, Memory, seed
from treadle.features.state import History
from treadle.spec import Features, Predict, Source, View, Window

PLAN = plan_of(project())
ROW = {
    "id": 1,
    "k": "a",
    "n": 1,
    "seen": "2024-02-28T23:30:00Z",
    "v": 0.5,
    "w": 2,
    "b": True,
    "s": "x",
    "d": "2024-02-29",
}


def put(name: str, body: Any, state: Memory | None = None) -> int:
    reader = EventReader(PLAN, name)
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return reader.put(reader.read(sent), state or Memory())


def history(state: Memory, key: Any = "a", view: str = "seen") -> History:
    found = state.history(view, key)
    assert found is not None
    return found


def test_one_row_or_many_are_taken() -> None:
    state = Memory()
    assert put("seen", ROW, state) == 1
    assert put("seen", [ROW, {**ROW, "id": 2}], state) == 2
    assert history(state).ids == ["1", "2"]
    assert put("seen", [], state) == 0


def test_a_row_that_the_view_leaves_out_is_not_counted() -> None:
    assert put("chosen", [ROW, {**ROW, "b": False}, {**ROW, "b": None}, {**ROW, "w": -5}]) == 1


def test_a_field_that_is_absent_is_null_and_one_that_is_not_read_is_passed_over() -> None:
    state = Memory()
    assert put("seen", {"id": 1, "k": "a", "seen": "2024-02-28T23:30:00Z", "colour": "red"}, state) == 1
    assert history(state).count(0, 0, 1) == 0


@pytest.mark.parametrize("when", ["2024-02-28T23:30:00Z", "2024-02-28T23:30:00", "2024-02-29T00:30:00+01:00"])
def test_a_time_is_read_in_utc(when: str) -> None:
    state = Memory()
    put("seen", {**ROW, "seen": when}, state)
    assert history(state).known == [int(START.timestamp()) * 1_000_000]


def test_values_have_their_types() -> None:
    state = Memory()
    put("seen", ROW, state)
    row = state.versions("seen by k", "a")
    assert row is not None
    found = row.find(2**62, None)
    assert found is not None and {"x", 0.5} <= set(found)
    dates = [h for h in history(state).values if type(h[0]) is date]
    assert dates == [[date(2024, 2, 29)]]


@pytest.mark.parametrize(
    ("name", "body", "field", "value", "rule"),
    [
        ("seen", {**ROW, "w": "two"}, "w", "two", "expected int | null, got str"),
        ("seen", {**ROW, "w": 2.5}, "w", 2.5, "expected int | null, got float"),
        ("seen", {**ROW, "w": True}, "w", True, "expected int | null, got bool"),
        ("seen", {**ROW, "w": 2**63}, "w", 2**63, "9223372036854775807"),
        ("seen", {**ROW, "v": "NaN"}, "v", "NaN", "expected float | null, got str"),
        ("seen", {**ROW, "b": 1}, "b", 1, "expected bool | null, got int"),
        ("seen", {**ROW, "s": 5}, "s", 5, "expected str | null, got int"),
        ("seen", {**ROW, "d": "2024-02-30"}, "d", "2024-02-30", "invalid RFC3339"),
        ("seen", {**ROW, "d": "29.2.2024"}, "d", "29.2.2024", "invalid RFC3339"),
        ("seen", {**ROW, "seen": "yesterday"}, "seen", "yesterday", "invalid RFC3339"),
        ("seen", {**ROW, "seen": 1709163000}, "seen", 1709163000, "expected datetime | null, got int"),
        ("seen", {**ROW, "seen": "0001-01-01T00:00:00+05:00"}, "[0].seen", "0001-01-01T00:00:00+05:00", "9999 UTC"),
        ("seen", [ROW, {**ROW, "v": []}], "[1].v", [], "expected float | null, got array"),
        ("seen", [ROW, 5], "[1]", 5, "expected object, got int"),
        ("seen", "text", "", "text", "expected"),
        ("seen", {**ROW, "k": None}, "[0].k", None, "required"),
        ("seen", [ROW, {**ROW, "seen": None}], "[1].seen", None, "required"),
        ("chosen", {**ROW, "n": None}, "[0].n", None, "required"),
        ("prices", {"k": None, "n": None, "happened": START, "told": START}, "[0].k", None, "required"),
        ("prices", {"k": "a", "n": 1, "happened": START, "told": None}, "[0].told", None, "required"),
        ("prices", {"k": "a", "n": 1, "happened": None, "told": START}, "[0].happened", None, "required"),
        ("sizes", {"size": 5}, "[0].k", None, "required"),
        ("seen", b"", "", None, "json"),
        ("seen", b'{"id": 1', "", None, "json"),
        ("seen", b'{"v": NaN}', "", None, "json"),
        ("seen", b'{"v": 1e999}', "v", None, "out of range"),
        ("seen", b'{"s": "\xff"}', "", None, "json"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_with_its_field_value_and_rule(
    name: str, body: Any, field: str, value: object, rule: str
) -> None:
    with pytest.raises(RequestError) as caught:
        put(name, body)
    error = caught.value
    assert (error.field, error.value) == (field, value)
    assert rule in error.rule
    assert error.mend


def test_of_a_batch_with_a_wrong_row_nothing_is_taken() -> None:
    state = Memory()
    with pytest.raises(RequestError):
        put("seen", [ROW, {**ROW, "id": 2, "k": None}], state)
    assert state.history("seen", "a") is None and state.versions("seen by k", "a") is None


def test_a_row_without_the_key_of_one_lookup_serves_the_other() -> None:
    state = Memory()
    row = {"k": None, "n": 1, "happened": START, "told": START, "price": 1.0, "tag": "x"}
    assert put("prices", row, state) == 1
    assert state.versions("prices by n", 1) is not None and state.versions("prices by k", None) is None
    assert put("prices", [row, {**row, "k": "a", "n": None}], state) == 2


def test_rows_may_come_in_any_order_and_more_than_once() -> None:
    rows = [{**ROW, "id": i, "seen": START + timedelta(minutes=i), "v": float(i)} for i in range(5)]
    straight, mixed = Memory(), Memory()
    put("seen", rows, straight)
    for number in (3, 1, 4, 1, 0, 2, 3):
        put("seen", rows[number], mixed)
    one, other = history(straight), history(mixed)
    assert one.packed() == other.packed()
    assert one.total(0, 1, 4) == other.total(0, 1, 4) == 6.0


def test_a_row_told_again_with_another_value_replaces_the_first() -> None:
    state = Memory()
    put("seen", ROW, state)
    put("seen", {**ROW, "v": 9.5}, state)
    assert history(state).values[0] == [9.5] and history(state).total(0, 0, 1) == 9.5


def test_what_came_too_late_to_be_seen_is_passed_over() -> None:
    state = Memory()
    put("seen", [{**ROW, "id": i, "seen": START + timedelta(days=i)} for i in range(9)], state)
    kept = history(state)
    assert kept.floor > int(START.timestamp()) * 1_000_000 and "0" not in kept.ids
    before = list(kept.known)
    put("seen", {**ROW, "id": 99}, state)
    assert kept.known == before


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.Int64(), [10, 9, -1]),
        (pl.String(), ["b", "", "日本"]),
        (pl.Float64(), [1e-7, 1e22, 0.1]),
        (pl.Boolean(), [True, False]),
        (pl.Date(), [date(2024, 2, 29), date(1, 1, 1)]),
        (pl.Datetime("us", "UTC"), [START, START + timedelta(microseconds=1), datetime(1, 1, 1, tzinfo=UTC)]),
    ],
)
def test_a_seeded_row_that_is_told_again_counts_once_whatever_its_key(dtype: pl.DataType, values: list[Any]) -> None:
    types = {"id": dtype, "k": pl.String(), "seen": pl.Datetime("us", "UTC"), "v": pl.Float64()}
    events = pl.DataFrame([(value, "a", START, 1.0) for value in values], schema=types, orient="row")
    plan = _small_plan(types)
    state, reader = Memory(), EventReader(plan, "seen")
    seed(plan, {"events": events, "trips": world(1, 1, 1)["trips"]}, state)
    before = history(state).ids
    for row in events.iter_rows(named=True):
        reader.put(reader.read(msgspec.json.encode(row)), state)
    assert history(state).ids == before and len(before) == len(values)


def _small_plan(events: dict[str, pl.DataType]) -> FeaturePlan:
    from treadle.expr import column_types
    from treadle.features import make_plan

    spec = project(
        Features(window={"w": Window(source="seen", on="k", last=("1h",), take={"n": "avg(v)"})}),
        sources={"trips": Source(read="trips.parquet", key="id"), "events": Source(read="events.parquet", key="id")},
        views={"seen": View(source="events", known="seen", key="k", columns={"v": "v"})},
        predict=Predict(name="y", each="trips", at="at", label="id > 0"),
    )
    trips = column_types(world(1, 1, 1)["trips"])
    return make_plan(spec, {"trips": trips, "events": column_types(pl.Schema(events))})
