"""What reads what: held to the plan's own list of columns, and both directions to each other."""

from __future__ import annotations

import polars as pl
import pytest

from treadle import expr
from treadle.features import FeaturePlan, make_plan
from treadle.features.columns import Part, above, below, reads, values
from treadle.spec import load

FLIGHTS = "examples/flights"


@pytest.fixture(scope="module")
def flights() -> FeaturePlan:
    project = load(FLIGHTS)
    schemas = {
        name: expr.column_types(dict(pl.read_parquet_schema(project.root / source.read)))
        for name, source in project.spec.sources.items()
    }
    return make_plan(project.spec, schemas)


def column(name: str) -> Part:
    return Part("column", name)


def test_the_columns_that_are_read_are_those_that_the_plan_takes_and_each_feature_is_told_of(flights):
    known = reads(flights)
    named = {part.name for each in known.values() for part in each if part.kind == "column"}
    assert named == {f"{source}.{name}" for source, names in flights.sources().items() for name in names}
    assert {part.name for part in known if part.kind == "feature"} == {f.name for f in flights.features}


def test_below_is_above_turned_around(flights):
    known = reads(flights)
    parts = {*known, *(part for each in known.values() for part in each)}
    for one in parts:
        for other in above(known, one):
            assert one in below(known, other)
        for other in below(known, one):
            assert one in above(known, other)
        assert one not in above(known, one)


def test_a_window_is_made_of_its_argument_and_of_what_decides_which_rows_count(flights):
    known, feature = reads(flights), Part("feature", "origin_departures_late_share_3h")
    assert above(known, feature) == {
        *map(column, ("flights.dep_at", "flights.sched_dep", "flights.origin", "flights.flight_id")),
        Part("view column", "departures.delay"),
        Part("rows of", "departures"),
        Part("match of", "origin_departures"),
        Part("role", "at"),
    }
    assert values(known, feature.name) == {"flights.dep_at", "flights.sched_dep"}
    assert values(known, "origin_departures_n_3h") == frozenset()


def test_a_lookup_is_made_of_its_column_its_keys_and_its_times(flights):
    known = reads(flights)
    weather = above(known, Part("feature", "weather_temp"))
    assert {p.name for p in weather if p.kind == "column"} == {
        "flights.origin", "flights.sched_dep", "weather.known_at", "weather.observed_at", "weather.origin",
        "weather.temp",
    }  # fmt: skip
    assert values(known, "weather_temp") == {"weather.temp"}
    plane = above(known, Part("feature", "plane_year"))
    assert {p.name for p in plane if p.kind == "column"} == {"flights.tailnum", "planes.tailnum", "planes.year"}
    assert Part("role", "at") not in plane, "a table without time is looked up as it is"


def test_row_features_read_columns_and_each_other_and_roles_are_told_apart():
    spec = load(FLIGHTS).spec
    import msgspec

    features = msgspec.structs.replace(
        spec.features, row={"late_hour": "hour > 20", "hour": "hour(sched_dep)"}, lookup={}, window={}
    )
    split = msgspec.structs.replace(spec.predict.split, group="dest")
    predict = msgspec.structs.replace(spec.predict, weight="distance", split=split)
    spec = msgspec.structs.replace(spec, features=features, predict=predict, views={})
    spec = msgspec.structs.replace(
        spec,
        features=msgspec.structs.replace(features, request=("carrier",)),
        sources={"flights": spec.sources["flights"]},
    )
    types = {
        name: expr.column_types(dict(pl.read_parquet_schema(f"{FLIGHTS}/data/{name}.parquet"))) for name in ("flights",)
    }
    known = reads(make_plan(spec, types))
    assert above(known, Part("feature", "late_hour")) == {Part("feature", "hour"), column("flights.sched_dep")}
    assert {p.name for p in below(known, column("flights.sched_dep"))} == {"hour", "late_hour", "at"}
    assert above(known, Part("role", "label")) == {column("flights.arr_delay")}
    assert above(known, Part("role", "label_known")) == {column("flights.arr_at")}
    assert above(known, Part("role", "key")) == {column("flights.flight_id")}
    assert above(known, Part("role", "group")) == {column("flights.dest")}
    assert above(known, Part("role", "weight")) == {column("flights.distance")}
    assert below(known, Part("role", "label")) == frozenset()


def test_a_lookup_in_a_view_reads_its_derived_columns():
    import msgspec

    spec = load(FLIGHTS).spec
    features = msgspec.structs.replace(
        spec.features,
        window={},
        lookup={
            "last": msgspec.convert(
                {"from": "arrivals", "on": "tailnum", "take": ["delay"]},
                type(next(iter(spec.features.lookup.values()))),
            )
        },
    )
    spec = msgspec.structs.replace(spec, features=features)
    types = {
        name: expr.column_types(dict(pl.read_parquet_schema(f"{FLIGHTS}/{source.read}")))
        for name, source in spec.sources.items()
    }
    known = reads(make_plan(spec, types))
    assert values(known, "last_delay") == {"flights.arr_delay"}
    assert Part("rows of", "arrivals") in above(known, Part("feature", "last_delay"))
    assert column("flights.arr_at") in above(known, Part("feature", "last_delay"))
