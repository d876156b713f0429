"""What a feature may see: rows known strictly before `at`, in windows that begin with their first moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from worlds import START, Tables, differences, plan_of, play, project, record, table

from treadle.features import FeaturePlan, Memory, build, compile_online, seed
from treadle.spec import Features, Lookup, Window

MICRO = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
AT = START + 10 * HOUR
PLAN = plan_of(
    project(
        Features(
            lookup={
                "price": Lookup(source="prices", on="k", take=("price",)),
                "fresh": Lookup(source="prices", on="k", take=("price",), no_older_than="2h"),
                "latest": Lookup(source="seen", on="k", take=("v",)),
            },
            window={"w": Window(source="seen", on="k", last=("1h",), take={"n": "count(*)", "last": "last(v)"})},
        )
    )
)


def event(number: int, known: datetime | None, value: float, key: str | None = "a") -> tuple[Any, ...]:
    return (number, key, 1, known, value, 1, True, "x", None)


def price(happened: datetime | None, told: datetime | None, value: float) -> tuple[Any, ...]:
    return ("a", 1, happened, told, value, None, None)


def features(
    events: Sequence[Any] = (), prices: Sequence[Any] = (), at: datetime = AT, key: str | None = "a"
) -> dict[str, Any]:
    """The features of one trip, equal in batch and online."""
    tables: Tables = {
        "trips": table("trips", [(0, key, 1, at, 1.0)]),
        "events": table("events", list(events)),
        "prices": table("prices", list(prices)),
        "sizes": table("sizes", []),
    }
    batch = build(PLAN, tables)
    assert not differences(PLAN, batch, play(PLAN, tables, Memory()))
    return batch.select(f.name for f in PLAN.features).row(0, named=True)


@pytest.mark.parametrize(
    ("known", "seen"),
    [
        (AT, False),
        (AT + MICRO, False),
        (AT - MICRO, True),
        (AT - HOUR, True),
        (AT - HOUR - MICRO, False),
        (AT - HOUR + MICRO, True),
    ],
)
def test_a_window_holds_what_was_known_from_its_first_moment_until_before_at(known: datetime, seen: bool) -> None:
    found = features([event(1, known, 5.0)])
    assert found["w_n_1h"] == (1 if seen else 0)
    assert found["w_last_1h"] == (5.0 if seen else None)


@pytest.mark.parametrize(("known", "seen"), [(AT, False), (AT - MICRO, True), (START, True), (None, False)])
def test_a_lookup_sees_what_was_known_before_at_however_long_ago(known: datetime | None, seen: bool) -> None:
    assert features([event(1, known, 5.0)])["latest_v"] == (5.0 if seen else None)
    assert features(prices=[price(START, known, 7.0)])["price_price"] == (7.0 if seen else None)


def test_a_lookup_takes_what_happened_last_and_not_what_was_told_last() -> None:
    late = [price(START + HOUR, START + 2 * HOUR, 1.0), price(START, START + 3 * HOUR, 2.0)]
    assert features(prices=late)["price_price"] == 1.0
    mended = [price(START, START + 2 * HOUR, 1.0), price(START, START + 3 * HOUR, 2.0)]
    assert features(prices=mended)["price_price"] == 2.0
    assert features(prices=mended, at=START + 3 * HOUR)["price_price"] == 1.0


def test_the_age_of_a_lookup_counts_from_when_it_happened() -> None:
    told = AT - HOUR
    assert features(prices=[price(AT - 2 * HOUR, told, 1.0)])["fresh_price"] == 1.0
    assert features(prices=[price(AT - 2 * HOUR - MICRO, told, 1.0)])["fresh_price"] is None
    # what is too old is not replaced by something older still that was told later
    assert (
        features(prices=[price(AT - 3 * HOUR, told, 1.0), price(AT - 4 * HOUR, told + MICRO, 2.0)])["fresh_price"]
        is None
    )


def test_rows_of_one_moment_stand_in_the_order_of_their_keys_as_text() -> None:
    together = [event(9, AT - MICRO, 9.0), event(10, AT - MICRO, 10.0), event(8, AT - MICRO, 8.0)]
    for events in (together, together[::-1]):
        found = features(events)
        assert (found["w_last_1h"], found["latest_v"], found["w_n_1h"]) == (9.0, 9.0, 3)


def test_a_row_that_stands_twice_counts_once_as_it_stands_last() -> None:
    found = features([event(1, AT - MICRO, 1.0), event(1, AT - MICRO, 2.0)])
    assert (found["w_n_1h"], found["w_last_1h"]) == (1, 2.0)


def test_without_a_key_nothing_is_known() -> None:
    nothing = {"price_price": None, "fresh_price": None, "latest_v": None, "w_n_1h": 0, "w_last_1h": None}
    assert features([event(1, AT - MICRO, 1.0, key=None)], key=None) == nothing
    assert features([event(1, AT - MICRO, 1.0)], key="other") == nothing
    assert features() == nothing


def windows(take: dict[str, str], values: list[Any], column: str = "v") -> dict[str, Any]:
    """Aggregates of an hour over values that became known one after another, in batch and online."""
    plan: FeaturePlan = plan_of(project(Features(window={"w": Window(source="seen", on="k", last=("1h",), take=take)})))
    place = ["id", "k", "n", "seen", "v", "w", "b", "s", "d"].index(column)
    rows = []
    for number, value in enumerate(values):
        row = list(event(number, AT - HOUR + number * MICRO, 0.0))
        row[place] = value
        rows.append(tuple(row))
    tables = {
        "trips": table("trips", [(0, "a", 1, AT, 1.0), (1, "b", 1, AT, 1.0)]),
        "events": table("events", rows),
        "prices": table("prices", []),
        "sizes": table("sizes", []),
    }
    batch = build(plan, tables)
    assert not differences(plan, batch, play(plan, tables, Memory()))
    assert {f.name: batch.schema[f.name] for f in plan.features} == {
        f.name: {"int": pl.Int64(), "float": pl.Float64(), "str": pl.String(), "bool": pl.Boolean()}[f.type]
        for f in plan.features
    }
    return {name.removeprefix("w_").removesuffix("_1h"): batch[name][0] for name in (f.name for f in plan.features)}


NUMBERS = {"n": "count(*)", "known": "count(v)", "sum": "sum(v)", "mean": "avg(v)", "low": "min(v)", "high": "max(v)"}


def test_null_and_nan_are_counted_as_rows_and_not_as_values() -> None:
    found = windows(NUMBERS, [None, float("nan"), 2.0, float("inf"), 4.0])
    assert found == {"n": 5, "known": 2, "sum": 6.0, "mean": 3.0, "low": 2.0, "high": 4.0}


def test_of_nothing_known_there_is_no_sum() -> None:
    for values in ([], [None, None]):
        found = windows({**NUMBERS, "spread": "stddev(v)", "first": "first(v)", "last": "last(v)"}, values)
        assert {value for name, value in found.items() if name not in ("n", "known")} == {None}
        assert (found["n"], found["known"]) == (len(values), 0)


def test_the_spread_of_one_value_is_not_known() -> None:
    assert windows({"spread": "stddev(v)"}, [2.0]) == {"spread": None}
    assert windows({"spread": "stddev(v)"}, [2.0, 2.0]) == {"spread": 0.0}
    assert windows({"spread": "stddev(v)"}, [1.0, 3.0]) == {"spread": 2.0**0.5}


def test_a_sum_that_is_infinite_is_null() -> None:
    found = windows({**NUMBERS, "spread": "stddev(v)"}, [1e308, 1e308])
    assert (found["sum"], found["mean"], found["spread"], found["high"]) == (None, 1e308, 0.0, 1e308)


def test_a_sum_of_whole_numbers_that_64_bits_do_not_hold_is_null() -> None:
    take = {"sum": "sum(w)", "high": "max(w)", "low": "min(w)", "mean": "avg(w)"}
    found = windows(take, [2**63 - 1, 2**63 - 1, -(2**63)], "w")
    assert (found["sum"], found["high"], found["low"]) == (None, 2**63 - 1, -(2**63))
    assert windows(take, [2**62, 2**62, -(2**62), 5], "w")["sum"] == 2**62 + 5
    assert windows(take, [2**62, 2**62, 2**62], "w")["sum"] is None
    assert windows(take, [2**53 + 1, 1], "w")["high"] == 2**53 + 1


def test_truth_is_counted_and_its_extremes_are_whole_numbers() -> None:
    take = {"share": "avg(b)", "sum": "sum(b)", "any": "max(b)", "all": "min(b)", "last": "last(b)"}
    assert windows(take, [True, False, None, True], "b") == {"share": 2 / 3, "sum": 2, "any": 1, "all": 0, "last": True}


@pytest.mark.parametrize("take", ["sum(v)", "stddev(v)"])
def test_a_huge_value_that_left_the_window_leaves_no_trace(take: str) -> None:
    window = Window(source="seen", on="k", last=("1h",), take={"x": take})
    plan = plan_of(project(Features(window={"w": window})))
    recent = [event(number, AT - HOUR + number * MICRO, float(number)) for number in range(1, 4)]
    found = []
    for events in (recent, [event(0, AT - 2 * HOUR, 1e17), *recent]):
        tables = {"trips": table("trips", [(0, "a", 1, AT, 1.0)]), "events": table("events", events)}
        found.append(build(plan, tables)["w_x_1h"][0])
    assert found[0] == found[1]


def test_when_it_is_not_known_when_the_prediction_is_made_a_window_has_no_answer() -> None:
    """Not 0 either: there is no window of which nothing is known."""
    rows = [event(number, AT - number * MICRO, 1.0, key) for number, key in enumerate(("a", "a", None, "b"), 1)]
    tables: Tables = {
        "trips": table(
            "trips",
            [(i, key, 1, at, 1.0) for i, (key, at) in enumerate((k, t) for k in ("a", None, "c") for t in (None, AT))],
        ),
        "events": table("events", [*rows, event(9, None, 1.0)]),
        "prices": table("prices", [price(START, START, 7.0), price(None, None, 8.0)]),
        "sizes": table("sizes", []),
    }
    batch, online = build(PLAN, tables), {}
    state = Memory()
    seed(PLAN, tables, state)
    for number, row in enumerate(tables["trips"].iter_rows(named=True)):
        online[number] = compile_online(PLAN).features(record(PLAN, row), state)[0]
    assert not differences(PLAN, batch, online)
    assert batch["w_n_1h"].to_list() == [None, 2, None, 0, None, 0]
    assert batch["price_price"].to_list() == [None, 7.0, None, None, None, None]
    assert batch["latest_v"].to_list() == [None, 1.0, None, None, None, None]
