"""A proof finds what differs between batch and online, and names the cell."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from worlds import FEATURES, plan_of, project, world

from treadle.features import Memory, OnlineFeatures, compile_online, prove
from treadle.features.exact import Totals
from treadle.spec import Features, Lookup, Predict, View, Window

TABLES = world(5, 60, 200)
PLAN = plan_of(project())
ONLINE = compile_online(PLAN)


def wrong(feature: str, change: Callable[[Any], Any]) -> OnlineFeatures:
    """The online features, one of which is given out changed."""
    place = [f.name for f in PLAN.features].index(feature)

    def features(record: Any, state: Any) -> tuple[tuple[Any, ...], Any]:
        values, at = ONLINE.features(record, state)
        return (*values[:place], change(values[place]), *values[place + 1 :]), at

    return replace(ONLINE, features=features)


def test_true_features_are_proved_over_every_cell() -> None:
    progress: list[tuple[float, float, str]] = []
    proof = prove(PLAN, TABLES, progress=lambda *told: progress.append(told))
    assert proof.ok and proof.differing == 0 and proof.max_abs_difference == 0.0
    assert (proof.rows, proof.features, proof.cells) == (60, len(PLAN.features), 60 * len(PLAN.features))
    assert proof.events > 200 and progress


def test_some_rows_are_spread_over_all_history() -> None:
    proof = prove(PLAN, TABLES, rows=10)
    assert proof.ok and proof.rows == 10


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("third", lambda value: None if value is None else value * (1 + 1e-8)),
        ("third", lambda value: 0.0 if value is None else value),
        ("third", lambda value: value * 2 if value is not None and abs(value) < 1e-8 else value),
        ("hour", lambda value: value + 1),
        ("hour", float),
        ("seen_n_30m", lambda value: value + 0.25),
        ("seen_any_1d", lambda value: None if value is None else bool(value)),
        ("route", lambda value: f"{value} "),
        ("seen_day_1d", lambda value: None if value is None else value.isoformat()),
        ("picked_late", lambda value: not value),
        ("price_price", lambda value: None if value is None else value + 1e-9),
    ],
)
def test_a_wrong_online_feature_is_found_with_its_cell(feature: str, change: Callable[[Any], Any]) -> None:
    proof = prove(PLAN, TABLES, online=wrong(feature, change))
    assert not proof.ok
    assert [f.name for f in proof.by_feature if f.differing] == [feature]
    cell = proof.examples[0]
    assert cell.feature == feature
    before = eval(cell.batch, {"datetime": datetime})  # a cell is told as Python writes it
    assert cell.online == repr(change(before))
    assert cell.key in {str(number) for number in TABLES["trips"]["id"]}


def test_a_difference_in_numbers_is_measured() -> None:
    proof = prove(PLAN, TABLES, online=wrong("hour", lambda value: value + 2))
    assert proof.max_abs_difference == 2.0
    assert proof.differing == 60
    assert len(proof.examples) == 3, "three cells of a feature are shown, the rest are counted"


def test_a_window_that_sees_the_present_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Online code that takes what is known exactly at `at`: bisect_right in place of bisect_left."""
    source = ONLINE.source.replace("bisect_left(h_seen_by_k.known, t)", "bisect_left(h_seen_by_k.known, t + 1)")
    assert source != ONLINE.source
    names: dict[str, Any] = dict(ONLINE.features.__globals__)  # type: ignore[attr-defined]
    exec(source, names)
    proof = prove(PLAN, TABLES, online=replace(ONLINE, features=names["features"]))
    differing = {f.name for f in proof.by_feature if f.differing}
    assert {"seen_n_10m", "seen_n_1d"} <= differing
    assert all(name.startswith("seen_") for name in differing)


def test_a_state_that_adds_up_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Totals.sum

    def off(self: Totals, values: Any, lo: int, hi: int) -> int:
        total = honest(self, values, lo, hi)
        return total - (total >> 1) if hi - lo > 2 else total

    monkeypatch.setattr(Totals, "sum", off)
    proof = prove(PLAN, TABLES)
    assert {"mean", "total", "whole", "share"} <= {f.name.split("_")[1] for f in proof.by_feature if f.differing}


def test_a_derived_column_may_have_the_name_of_what_it_is_made_of() -> None:
    view = View(source="events", known="seen", key="k", columns={"v": "v * 2 + 1", "w": "v"})
    window = Window(source="seen", on="k", last=("1d",), take={"v": "last(v)", "w": "last(w)"})
    plan = plan_of(project(Features(window={"w": window}), views={"seen": view}))
    proof = prove(plan, TABLES)
    assert proof.ok and proof.events


def test_features_and_views_of_any_name_are_kept_apart() -> None:
    seen, chosen = project().views["seen"], project().views["chosen"]
    take = {"n": "count(*)", "größe": "avg(v)", "a-b": "last(v)"}
    named = Features(
        row={
            "price_row": "x + 1",
            "my-view_by_k": "x + 2",
            "größe": "x + 3",
            "a b": "x + 4",
            "v0": "x + 5",
            "None": "x + 6",
        },
        lookup={**FEATURES.lookup, "latest": Lookup(source="my-view", on="k", take=("v",))},
        window={
            "my window": Window(source="my-view", on="k", last=("1h",), take=take),
            "another": Window(source="my-view", on="k", last=("1h",), take=take),
            "class": Window(source="chosen", on="n", last=("1h",), take=take),
        },
    )
    plan = plan_of(project(named, views={"my-view": seen, "chosen": chosen}))
    assert prove(plan, TABLES).ok
    assert len(set(TABLES["trips"]["x"])) > 5, "or mixed-up names would not be seen"


def test_tables_without_time_are_proved_too() -> None:
    features = Features(request=("k",), lookup={"size": Lookup(source="sizes", on="k", take=("size", "note"))})
    plan = plan_of(project(features, views={}, predict=Predict(name="y", each="trips", label="id > 0")))
    proof = prove(plan, {**TABLES, "trips": TABLES["trips"].with_columns(k=pl.lit("a"))}, state=Memory())
    assert proof.ok and proof.rows == 60
