"""A small project with a feature of every kind, random tables for it, and events told as a caller tells them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
from hypothesis import strategies as st

from treadle.errors import RequestError
from treadle.expr import column_types
from treadle.features import EventReader, FeaturePlan, OnlineState, compile_online, make_plan
from treadle.features.plan import attribute
from treadle.spec import Brief, Features, Lookup, People, Predict, ProjectSpec, Source, View, Window

START = datetime(2024, 2, 28, 23, 30, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)

TAKES = {
    "n": "count(*)",
    "mean": "avg(v)",
    "total": "sum(v)",
    "spread": "stddev(v)",
    "low": "min(v)",
    "high": "max(v)",
    "known": "count(v)",
    "first": "first(v)",
    "last": "last(v)",
    "whole": "sum(w)",
    "most": "max(w)",
    "share": "avg(v > 1)",
    "any": "max(b)",
    "all": "sum(b)",
    "word": "last(s)",
    "word0": "first(s)",
    "words": "count(s)",
    "day": "last(d)",
    "moment": "first(seen)",
    "mixed": "avg(v * w)",
}

TRIPS = {"id": pl.Int64(), "k": pl.String(), "n": pl.Int64(), "at": pl.Datetime("us", "UTC"), "x": pl.Float64()}
EVENTS = {
    "id": pl.Int64(),
    "k": pl.String(),
    "n": pl.Int64(),
    "seen": pl.Datetime("us", "UTC"),
    "v": pl.Float64(),
    "w": pl.Int64(),
    "b": pl.Boolean(),
    "s": pl.String(),
    "d": pl.Date(),
}
PRICES = {
    "k": pl.String(),
    "n": pl.Int64(),
    "happened": pl.Datetime("us", "UTC"),
    "told": pl.Datetime("us", "UTC"),
    "price": pl.Float64(),
    "tag": pl.String(),
    "since": pl.Date(),
}
SIZES = {"k": pl.String(), "size": pl.Int64(), "note": pl.String()}
SCHEMAS: dict[str, dict[str, pl.DataType]] = {"trips": TRIPS, "events": EVENTS, "prices": PRICES, "sizes": SIZES}
Tables = dict[str, pl.DataFrame]


def project(features: Features | None = None, **changes: Any) -> ProjectSpec:
    """The project; with other features, or other parts."""
    made: dict[str, Any] = {
        "project": "world",
        "brief": Brief(people=People(owner="ada")),
        "sources": {
            "trips": Source(read="trips.parquet", key="id"),
            "events": Source(read="events.parquet", key="id"),
            "prices": Source(read="prices.parquet", key=("k", "happened"), happened="happened", known="told"),
            "sizes": Source(read="sizes.parquet", key="k"),
        },
        "views": {
            "seen": View(source="events", known="seen", key="k", columns={name: name for name in "vwbsd"}),
            "chosen": View(
                source="events",
                where="b and w > -2",
                known="seen + interval '10 minutes'",
                key="n",
                columns={"v": "v * 2 + 1", "late": "v > 1", "w": "w", "b": "b", "s": "upper(s)", "d": "d"},
            ),
        },
        "predict": Predict(name="y", each="trips", at="at", label="id > 0"),
        "features": features or FEATURES,
    }
    return ProjectSpec(**{**made, **changes})


FEATURES = Features(
    request=("k", "x"),
    row={"hour": "hour(at)", "third": "x / 3", "route": "k || '-' || coalesce(cast(n as varchar), '?')"},
    lookup={
        "price": Lookup(source="prices", on="k", take=("price", "tag", "since")),
        "fresh": Lookup(source="prices", on="k", take=("price",), no_older_than="20m"),
        "by_n": Lookup(source="prices", on="n", take=("tag",)),
        "size": Lookup(source="sizes", on="k", take=("size", "note")),
        "latest": Lookup(source="seen", on="k", take=("v", "s")),
        "picked": Lookup(source="chosen", on="n", take=("v", "late", "d"), no_older_than="30m"),
    },
    window={
        "seen": Window(source="seen", on="k", last=("10m", "30m", "1d"), take=TAKES),
        "chosen": Window(source="chosen", on="n", last=("20m", "2h"), take={**TAKES, "late": "avg(late)"}),
    },
)


def plan_of(spec: ProjectSpec) -> FeaturePlan:
    return make_plan(spec, {name: column_types(pl.Schema(schema)) for name, schema in SCHEMAS.items()})


def table(name: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMAS[name], orient="row")


# ---- random tables: few keys, times on a grid, so that ties are many

KEYS = ("a", "a", "a", "b", "", None)
NUMBERS = (1, 1, 1, 2, None)
DAYS_LATER = (0, 0, 0, 0, 1, 3, -25_000)
MICROSECONDS = (0, 0, 0, 0, 0, 1, -1)
FLOATS = (0.0, -0.0, 0.1, 0.2, 0.3, 1.0, 1.5, -7.25, 1e-9, 999.75, None, float("nan"), float("inf"))
SPOILERS = (1e17, -1e300, 5e-324, 1e308, 1_700_000_000.5)
"""What comes along with them spoils a sum that is not exact."""
WHOLE = (0, 1, -1, 2, 7, -7, 100, None, 2**53 + 1, 10**15, -(2**62))
BOOLS = (True, False, None)
WORDS = ("x", "", "日本", "a,b", None)
DAYS = (date(2024, 2, 29), date(1969, 12, 31), None)


def moment(days: int, tens: int, micro: int) -> datetime:
    return START + timedelta(days=days, microseconds=micro) + tens * TEN_MINUTES


_TIMES = st.builds(moment, st.sampled_from(DAYS_LATER), st.integers(0, 4), st.sampled_from(MICROSECONDS))
_SOME_TIMES = st.one_of(_TIMES, _TIMES, _TIMES, st.none())
_EVENT = st.tuples(
    *map(st.sampled_from, (KEYS, NUMBERS)), _SOME_TIMES, *map(st.sampled_from, (FLOATS + SPOILERS, WHOLE, BOOLS))
)
_MORE = st.tuples(*map(st.sampled_from, (WORDS, DAYS)))
_TRIP = st.tuples(*map(st.sampled_from, (KEYS, NUMBERS)), _TIMES, st.sampled_from(FLOATS))
_PRICE = st.tuples(
    *map(st.sampled_from, (KEYS, NUMBERS)), _SOME_TIMES, _SOME_TIMES, *map(st.sampled_from, (FLOATS, WORDS, DAYS))
)
_SIZES = (("a", 5, "big"), ("", None, None))


@st.composite
def worlds(draw: st.DrawFn) -> Tables:
    events = draw(st.lists(st.tuples(_EVENT, _MORE), max_size=14))
    ids = draw(st.permutations(range(8, 8 + len(events))))  # as text, 10 stands before 9
    return {
        "trips": table("trips", [(i, *row) for i, row in enumerate(draw(st.lists(_TRIP, min_size=1, max_size=6)))]),
        "events": table("events", [(i, *row, *more) for i, (row, more) in zip(ids, events, strict=True)]),
        "prices": table("prices", draw(st.lists(_PRICE, max_size=8))),
        "sizes": table("sizes", list(_SIZES[: draw(st.integers(0, 2))])),
    }


def world(seed: int, trips: int, events: int) -> Tables:
    """A larger one, of the same values."""
    draw = random.Random(seed)

    def time() -> datetime:
        return moment(draw.choice(DAYS_LATER), draw.randrange(40), draw.choice(MICROSECONDS))

    def keys() -> tuple[str | None, int | None]:
        return draw.choice(KEYS), draw.choice(NUMBERS)

    def values(*pools: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(draw.choice(pool) for pool in pools)

    def some_time() -> datetime | None:
        return draw.choice((None, *[time() for _ in range(9)]))

    return {
        "trips": table("trips", [(i, *keys(), time(), draw.choice(FLOATS)) for i in range(trips)]),
        "events": table(
            "events",
            [
                (i, *keys(), some_time(), *values(FLOATS, WHOLE, BOOLS, WORDS, DAYS))
                for i in draw.sample(range(events), events)
            ],
        ),
        "prices": table(
            "prices", [(*keys(), some_time(), some_time(), *values(FLOATS, WORDS, DAYS)) for _ in range(events)]
        ),
        "sizes": table("sizes", list(_SIZES)),
    }


# ---- events as they are told: posted as JSON, in the order in which they became known


def posts(plan: FeaturePlan, tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[datetime, str, bytes]]:
    """(known, name, body) of every row of every view and looked-up source, as they became known."""
    found: list[tuple[datetime, str, bytes]] = []
    names = dict.fromkeys([*plan.arguments, *(label.split(" by ")[0] for label in plan.lookup_streams)])
    for name in names:
        view = plan.views.get(name)
        source = view.source if view else name
        found += [(known_of(name, row), name, msgspec.json.encode(row)) for row in tables[source].iter_rows(named=True)]
    yield from sorted(found, key=lambda post: post[0])


def known_of(name: str, row: Mapping[str, Any]) -> datetime:
    """When a row becomes known; a row without time is told first, and refused."""
    never = moment(min(DAYS_LATER) - 1, 0, 0)  # before every trip
    match name:
        case "seen" | "events":
            return row["seen"] or never
        case "chosen":
            return row["seen"] + TEN_MINUTES if row["seen"] else never
        case "prices":
            return row["told"] or never
    return never


class Teller:
    """Posts rows to a state; what the reader refuses for want of a key or time is left out, as batch leaves it out."""

    def __init__(self, plan: FeaturePlan, state: OnlineState) -> None:
        self.plan, self.state = plan, state
        self.readers: dict[str, EventReader] = {}

    def tell(self, name: str, body: bytes) -> None:
        reader = self.readers.setdefault(name, EventReader(self.plan, name))
        try:
            reader.put(reader.read(body), self.state)
        except RequestError as refused:
            assert refused.rule == "required", refused


def play(
    plan: FeaturePlan,
    tables: Tables,
    state: OnlineState,
    *,
    since: datetime | None = None,
    again: Callable[[OnlineState], OnlineState] = lambda state: state,
) -> dict[int, tuple[Any, ...]]:
    """The examples' features by number, each asked at its `at` after all that was known by then.

    since: ask only those from here on; the state knows what was known before it, and is told everything again.
    again: the state as it is found before each example is asked.
    """
    teller, waiting, online = Teller(plan, state), deque(posts(plan, tables)), compile_online(plan)
    examples = sorted(enumerate(tables["trips"].iter_rows(named=True)), key=lambda pair: pair[1]["at"])
    out = {}
    for number, row in examples:
        while waiting and waiting[0][0] <= row["at"]:
            _, name, body = waiting.popleft()
            teller.tell(name, body)
        teller.state = again(teller.state)
        if since is None or row["at"] >= since:
            out[number] = online.features(record(plan, row), teller.state)[0]
    return out


def record(plan: FeaturePlan, row: Mapping[str, Any]) -> Any:
    made: Any = msgspec.defstruct("Record", [attribute(name) for name in plan.input_types])
    return made(**{attribute(name): row[name] for name in plan.input_types})


def differences(plan: FeaturePlan, batch: pl.DataFrame, online: Mapping[int, tuple[Any, ...]]) -> list[str]:
    """Cells that are not of one type and one value, to the last bit."""
    wrong = []
    for place, feature in enumerate(plan.features):
        values = batch.get_column(feature.name).to_list()
        for number, found in online.items():
            value, other = values[number], found[place]
            if type(value) is not type(other) or value != other:
                wrong.append(f"{feature.name} of trip {number}: batch {value!r}, online {other!r}")
    return wrong
