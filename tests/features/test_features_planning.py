"""What a plan refuses, with the place in the project file; and what it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from worlds import SCHEMAS, plan_of, project, world

from treadle.errors import SpecError
from treadle.expr import column_types
from treadle.features import FeatureColumn, FeaturePlan, build, make_plan, suspects
from treadle.spec import Features, Lookup, Predict, Split, View, Window, load

YAML = """\
project: world
brief:
  people: {owner: ada}
sources:
  trips: {read: trips.parquet, key: id}
  events: {read: events.parquet, key: id}
  prices: {read: prices.parquet, key: k, happened: happened, known: told}
  sizes: {read: sizes.parquet, key: k}
views:
  seen:
    from: events
    where: "b"
    known: seen
    key: k
    columns:
      v: "v * 2"
predict:
  name: y
  each: trips
  at: at
  label: "id > 0"
features:
  request: [k, x]
  row:
    hour: "hour(at)"
    late: "hour > 12"
  lookup:
    price: {from: prices, on: k, take: [price, tag], no_older_than: 1h}
    size: {from: sizes, on: k, take: [size]}
  window:
    seen:
      from: seen
      on: k
      last: [1h, 1d]
      take:
        mean: "avg(v)"
        n: "count(*)"
"""


def planned(folder: Path, text: str) -> FeaturePlan:
    (folder / "treadle.yaml").write_text(text, encoding="utf-8")
    loaded = load(folder)
    try:
        return make_plan(loaded.spec, {name: column_types(pl.Schema(schema)) for name, schema in SCHEMAS.items()})
    except SpecError as bad:
        raise loaded.located(bad) from bad


def test_features_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    plan = planned(tmp_path, YAML)
    assert [f"{f.origin} {f.name} {f.type}" for f in plan.features] == [
        "request k str",
        "request x float",
        "row hour int",
        "row late bool",
        "lookup price_price float",
        "lookup price_tag str",
        "lookup size_size int",
        "window seen_mean_1h float",
        "window seen_n_1h int",
        "window seen_mean_1d float",
        "window seen_n_1d int",
    ]
    assert [(i.name, i.feature) for i in plan.inputs] == [("k", True), ("x", True), ("at", False), ("id", False)][:3]
    assert plan.sources()["events"] == {"id", "k", "seen", "v", "b"}


def test_a_plan_is_data_and_comes_back_from_json() -> None:
    plan = plan_of(project())
    again = msgspec.json.decode(msgspec.json.encode(plan), type=FeaturePlan)
    assert again == plan
    tables = world(2, 20, 40)
    assert build(again, tables).equals(build(plan, tables))


def test_row_features_may_stand_in_any_order() -> None:
    plan = plan_of(project(Features(row={"c": "b + 1", "b": "a + 1", "a": "x + 1"})))
    assert [row.name for row in plan.rows] == ["a", "b", "c"]
    plan = plan_of(project(Features(row={"double": '"size (cm)" * 2', "size (cm)": "x * 2.54"})))
    assert [row.name for row in plan.rows] == ["size (cm)", "double"]


@pytest.mark.parametrize(
    ("old", "new", "place", "what", "mend"),
    [
        ("[k, x]", "[kk, x]", "23:3", 'source trips has no column "kk"', 'mean "k"?'),
        ('"hour(at)"', '"hour(att)"', "25:5", 'there is no column "att"', 'did you mean "at"?'),
        ('"hour(at)"', '"hour(x)"', "25:5", "hour takes timestamp in place 1, found float", "cast"),
        ('"hour(at)"', '"hour + 1"', "25:5", 'there is no column "hour"', "known here"),
        ('"hour(at)"', '"case when late then 1 end"', "25:5", "in a circle: hour, late", ""),
        ('"hour(at)"', "\"interval '1 hour'\"", "25:5", "a feature cannot be of type interval", "minutes_between"),
        ('hour: "hour(at)"', 'k: "x"', "26:5", 'there is no column "hour"', ""),
        ('late: "hour > 12"', 'k: "x"', "22:1", "two features have one name: k", "rename one"),
        ("[price, tag]", "[prise, tag]", "28:34", 'prices has no column "prise"', 'did you mean "price"?'),
        ("[price, tag]", "[]", "28:34", "at least one is wanted here", ""),
        ("from: prices, on: k", "from: prices, on: kk", "28:27", 'source trips has no column "kk"', 'mean "k"?'),
        ("from: sizes, on: k", "from: sizes, on: n", "29:25", "n is int, but sizes.k is str", "one type"),
        ("from: sizes, on: k", "from: sizes, on: [k, n]", "29:25", "sizes is keyed by k, not by 2 columns", "key:"),
        ("from: sizes, on: k", "from: seen, on: [k, n]", "29:24", "seen is keyed by k, not by 2 columns", "one column"),
        ("take: [size]", "take: [size], no_older_than: 1h", "29:46", "sizes has no time", "happened:"),
        ("no_older_than: 1h", "no_older_than: 1 month", "28:54", '"1 month" is not a length of time', "3h"),
        ("no_older_than: 1h", "no_older_than: 0h", "28:54", '"0h" is no time at all', "1h"),
        ("from: sizes", "from: size", "29:12", 'there is no source or view "size" (did you mean "sizes"?)', ""),
        ("      from: seen", "      from: sean", "32:7", 'there is no view "sean" (did you mean "seen"?)', ""),
        ("      from: seen", "      from: events", "32:7", 'there is no view "events"', ""),
        ("      on: k", "      on: n", "33:7", "n is int, but events.k is str", "one type"),
        ("last: [1h, 1d]", "last: [1h, 1 year]", "34:7", '"1 year" is not a length of time', "3h"),
        ("last: [1h, 1d]", "last: []", "34:7", "at least one is wanted here", ""),
        ("last: [1h, 1d]", "last: [1h, 1h]", "22:1", "two features have one name: seen_mean_1h", "rename"),
        ('"avg(v)"', '"avg(w)"', "36:9", 'there is no column "w"', "known here"),
        ('"avg(v)"', '"v + 1"', "36:9", "an aggregate is wanted here", "avg, count"),
        ('"avg(v)"', '"avg(k)"', "36:9", "avg takes numbers, found str", ""),
        ('"avg(v)"', '"min(k)"', "36:9", "min over a window takes numbers, found str", "first or last"),
        ('"avg(v)"', '"last(null)"', "36:9", "last over a window cannot take null", "column"),
        ("from: events", "from: event", "11:5", 'there is no source "event" (did you mean "events"?)', ""),
        ('where: "b"', 'where: "w"', "12:5", "`where` must be true or false, found int", ""),
        ('where: "b"', 'where: "bb"', "12:5", 'there is no column "bb"', 'did you mean "b"?'),
        ("known: seen", "known: sean", "13:5", 'there is no column "sean"', 'did you mean "seen"?'),
        ("known: seen", "known: w", "13:5", "a time is wanted here, found int", "timestamp"),
        ("    key: k\n", "    key: kk\n", "14:5", 'source events has no column "kk"', 'did you mean "k"?'),
        ('v: "v * 2"', 'v: "u * 2"', "16:7", 'there is no column "u"', ""),
        ('v: "v * 2"', 'v: "null"', "16:7", "a column cannot be of type null", "cast"),
        ('v: "v * 2"', 'k: "upper(k)"', "16:7", "rows are kept by the source's own k", "another name"),
        ("events.parquet, key: id", "events.parquet", "10:3", "source events has no key", "sources.events"),
        ("each: trips", "each: trip", "19:3", 'there is no source "trip" (did you mean "trips"?)', ""),
        ("  at: at\n", "  at: x\n", "20:3", "`at` must be a time, found float", "timestamp"),
        ("  at: at\n", "", "27:5", "prices has a time, so a lookup needs to know", "at:"),
        ('"id > 0"', '"k"', "21:3", "a classification label must be bool or int or float, found str", "expression"),
        ('"id > 0"', '"xd > 0"', "21:3", 'there is no column "xd"', 'did you mean "x"?'),
        ("happened: happened", "happened: happend", "7:3", 'there is no column "happend"', 'did you mean "happened"?'),
    ],
)  # fmt: skip
def test_what_a_plan_cannot_be_made_of_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, place: str, what: str, mend: str
) -> None:
    assert YAML.count(old) == 1, "the part of the file is not found"
    with pytest.raises(SpecError) as caught:
        planned(tmp_path, YAML.replace(old, new))
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert caught.value.where.startswith(f"treadle.yaml:{place}"), caught.value.where


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"predict": Predict(name="y", each="nope", label="id > 0")}, "predict.each"),
        ({"views": {"seen": View(source="nope", known="seen", key="k", columns={})}}, "views.seen.from"),
        ({"features": Features(lookup={"a": Lookup(source="nope", on="k", take=("v",))})}, "features.lookup.a.from"),
        (
            {"features": Features(window={"a": Window(source="nope", on="k", last=("1h",), take={"n": "count(*)"})})},
            "features.window.a.from",
        ),
        ({"features": Features()}, "features"),
        (
            {"predict": Predict(name="y", each="trips", at="at", label="id > 0", split=Split(group="g"))},
            "predict.split.group",
        ),
    ],
)
def test_a_project_built_in_python_is_refused_alike(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan_of(project(**changes))
    assert caught.value.where == where


def test_a_label_may_be_known_by_an_expression() -> None:
    known = "at + interval '1 hour'"
    plan = plan_of(project(predict=Predict(name="y", each="trips", at="at", label="id > 0", label_known=known)))
    made = build(plan, world(3, 5, 5))
    assert (made["__label_known__"] - made["__at__"]).dt.total_hours().unique().to_list() == [1]


@pytest.mark.parametrize(
    ("features", "label", "known", "where"),
    [
        (Features(request=("k", "x")), "x > 0", None, "features.request"),
        (Features(request=("k",), row={"third": "x / 3"}), "x > 0", None, "features.row.third"),
        (Features(request=("k",), row={"b": "a * 2", "a": "x / 3"}), "x > 0", None, "features.row.a"),
        (Features(request=("x",), row={"a": "n * 2"}), "x > n", None, "features.request"),
        (Features(request=("k", "x")), "n > 0", "case when x > 0 then at end", "features.request"),
        (Features(request=("x",), lookup={"p": Lookup(source="prices", on="n", take=("tag",))}), "n > 1", None,
         "features.lookup.p.on"),
        (Features(request=("x",), window={"w": Window(source="chosen", on="n", last=("2h",), take={"c": "count(*)"})}),
         "n > 1", None, "features.window.w.on"),
    ],
)  # fmt: skip
def test_a_request_or_row_feature_that_says_the_label_is_refused(
    features: Features, label: str, known: str | None, where: str
) -> None:
    predict = Predict(name="y", each="trips", at="at", label=label, label_known=known)
    with pytest.raises(SpecError) as caught:
        plan_of(project(features, predict=predict))
    assert caught.value.where == where
    assert "is made of the column" in caught.value.what and "lookup or a window" in caught.value.mend


def test_what_reads_the_label_is_told_feature_by_feature() -> None:
    timed = Predict(name="y", each="trips", at="at", label="x > 0", label_known="case when n > 0 then at end")
    with pytest.raises(SpecError) as caught:
        plan_of(project(Features(request=("k", "x"), row={"a": "n * 2", "b": "a + 1"}), predict=timed))
    late = "which is not known when the prediction is made"
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("features.request", f"the label is made of the column x, {late}"),
        ("features.row.a", f"a reads n: the time when the label is known is made of the column n, {late}"),
        ("features.row.b", f"b reads n: the time when the label is known is made of the column n, {late}"),
    ]
    assert caught.value.what.startswith("3 features are made of what is not known when the prediction is made")
    assert caught.value.where == "features.request" and "lookup or a window" in caught.value.mend
    with pytest.raises(SpecError) as caught:
        plan_of(project(Features(request=("k", "x")), predict=timed))
    assert not caught.value.faults and caught.value.what == f"the label is made of the column x, {late}"


def test_a_request_feature_that_says_a_part_of_the_label_is_suspect() -> None:
    both = Predict(name="y", each="trips", at="at", label="x > n", label_known="at")
    plan = plan_of(project(Features(request=("k", "n"), row={"k2": "k || 'a'"}), predict=both))
    assert [(s.feature, s.column, s.where) for s in suspects(plan)] == [("n", "n", "features.request")]


def test_what_only_shares_a_column_with_the_label_is_left_to_the_evaluation() -> None:
    """Late is arrived after due: that it was due is known in time, which the plan cannot know and a reviewer does."""
    predict = Predict(name="y", each="trips", at="at", label="x > n")
    plan = plan_of(project(Features(request=("k",), row={"a": "n * 2"}), predict=predict))
    assert [(s.feature, s.column) for s in suspects(plan)] == [("a", "n")]
    timed = Predict(name="y", each="trips", at="at", label="hour(at) > x")
    plan = plan_of(project(Features(request=("k", "at"), row={"h": "hour(at)"}), predict=timed))
    assert suspects(plan) == [], "what `at` is made of is known"


def test_lookups_and_windows_may_see_what_the_label_is_made_of() -> None:
    """Of earlier rows, as far as known: what a late flight before this one says."""
    assert suspects(plan_of(project(predict=Predict(name="y", each="events", at="seen", label="w > 0"),
                                    features=Features(request=("k",), window={
                                        "seen": Window(source="seen", on="k", last=("1d",), take={"m": "avg(w)"})
                                    })))) == []  # fmt: skip


@pytest.mark.parametrize(
    ("weight", "change", "where", "said"),
    [
        ("tt", ("", ""), "predict.weight", 'no column "tt"'),
        ("k", ("", ""), "predict.weight", "a weight must be a number, and k is str"),
        ("x", ("", ""), "features.request", "x weighs the rows, so no feature may read it, and x does"),
        ("n", ("hour > 12", "hour > n"), "features.row.late", "so no feature may read it, and late does"),
    ],
)
def test_a_weight_is_a_number_that_no_feature_reads(tmp_path, weight, change, where, said) -> None:
    text = YAML.replace('  label: "id > 0"', f'  label: "id > 0"\n  weight: {weight}').replace(*change)
    with pytest.raises(SpecError, match=said) as found:
        planned(tmp_path, text)
    assert where in found.value.where


def test_a_weight_is_kept_for_training_and_is_no_feature(tmp_path: Path) -> None:
    plan = planned(tmp_path, YAML.replace('  label: "id > 0"', '  label: "id > 0"\n  weight: id'))
    assert plan.weight == "id" and "id" in plan.each_types
    assert "id" not in [f.name for f in plan.features] and "id" not in plan.input_types


COUNTS = YAML.replace('  label: "id > 0"', "  label: n\n  kind: counts\n  exposure: EXPOSURE").replace("[k, x]", "[k]")


@pytest.mark.parametrize(
    ("exposure", "said"),
    [("tt", 'no column "tt"'), ("at", "an exposure must be a number, and at is timestamp"), ("k", "k is the exposure")],
)
def test_an_exposure_is_a_number_that_is_asked_with_and_not_learnt_from(tmp_path, exposure, said) -> None:
    with pytest.raises(SpecError, match=said):
        planned(tmp_path, COUNTS.replace("EXPOSURE", exposure))


def test_an_exposure_is_the_last_of_what_a_model_is_asked_with(tmp_path: Path) -> None:
    plan = planned(tmp_path, COUNTS.replace("EXPOSURE", "x"))
    assert plan.exposure == "x" and plan.features[-1] == FeatureColumn("x", "float", "exposure")
    assert [f.name for f in plan.features].count("x") == 1 and plan.input_types["x"] == "float"
