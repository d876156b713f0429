"""Columns paired with those of a target: by name, type and values, each at most once."""

from __future__ import annotations

import itertools
import random
from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.likeness import described, proposals, stated
from treadle.likeness.proposing import _assigned

MINE = pl.DataFrame(
    {
        "CustID": [1, 2, 3, 4],
        "dist_km": [1.6, 16.0, 160.0, 80.0],
        "Ort": ["Bonn", "Ulm", "Köln", "Bonn"],
        "orderDt": [date(2024, 1, n) for n in (1, 2, 3, 4)],
        "amt": ["1.5", "2", "3", "4"],
        "lists": [[1], [2], [3], [4]],
    }
)
THEIRS = pl.DataFrame(
    {
        "customer_id": [1, 2, 3, 5],
        "distance_miles": [1.0, 10.0, 100.0, 50.0],
        "city": ["Bonn", "Ulm", "Bonn", "Berlin"],
        "order_date": [date(2024, 1, n) for n in (1, 2, 3, 5)],
        "amount": [1.5, 2.0, 3.0, 5.0],
        "is_new": [True, False, True, True],
    }
)


def test_each_finds_its_own_with_the_reasons() -> None:
    found = {each.target: each for each in proposals(described(MINE), described(THEIRS))}
    assert {name: each.column for name, each in found.items()} == {
        "customer_id": "CustID", "distance_miles": "dist_km", "city": "Ort", "order_date": "orderDt", "amount": "amt",
        "is_new": "",
    }  # fmt: skip
    assert all(0 <= each.score <= 1 and each.why for each in found.values())
    assert found["distance_miles"].unit == ("km", "miles") and "km becomes miles" in found["distance_miles"].why
    assert found["amount"].type == "float" and found["city"].sure and not found["is_new"].sure


def test_columns_may_be_called_as_what_is_counted() -> None:
    names = ("rows", "value", "form", "count")
    frame = pl.DataFrame({name: ["10 kg", "12 kg", "A-1"] for name in names})
    assert [(each.name, each.forms) for each in described(frame)] == [
        (name, frozenset({"9 a", "A-9"})) for name in names
    ]


def test_values_decide_between_names_that_are_equally_near() -> None:
    mine = pl.DataFrame(
        {"date_a": [date(2024, 1, 1)] * 3, "date_b": [date(1990, 1, 1), date(1991, 1, 1), date(1999, 1, 1)]}
    )
    theirs = pl.DataFrame({"date_of_birth": [date(1980, 1, 1), date(1990, 1, 1), date(2000, 1, 1)]})
    (found,) = proposals(described(mine), described(theirs))
    assert found.column == "date_b" and found.second == "date_a" and found.second_score < found.score


def test_what_is_not_told_is_not_sure() -> None:
    (money,) = proposals(stated({"fare_usd": "float"}, {}), stated({"fare": "float"}, {}))
    assert money.column == "fare_usd" and not money.sure and "one is in USD, the other does not say" in money.why
    (other,) = proposals(stated({"weight_kg": "float"}, {}), stated({"weight_km": "float"}, {}))
    assert not other.sure and "kg is no km" in other.why
    for written in ("Poids (kg)", "poids [kg]", "Poids kg "):
        (weight,) = proposals(stated({written: "float"}, {}), stated({"poids kg": "float"}, {}))
        assert weight.sure and not any("does not say" in why for why in weight.why), "both say kg"
    twins = proposals(stated({"a_id": "int", "id_a": "int"}, {}), stated({"id": "int"}, {}))
    assert not twins[0].sure and twins[0].second


def test_nothing_to_pair_is_no_mistake() -> None:
    assert proposals([], []) == [] and proposals(described(MINE), []) == []
    (found,) = proposals([], stated({"a": "int"}, {}))
    assert found.column == "" and found.score == 0
    assert [each.type for each in described(pl.DataFrame({"a": [None, None]}, schema={"a": pl.String}))] == [None]


@settings(max_examples=60)
@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_pairing_is_the_best_that_there_is(rows: int, columns: int, chance: random.Random) -> None:
    scores = {pair: round(chance.uniform(0.3, 1), 3) for pair in itertools.product(range(rows), range(columns))}
    got = _assigned(scores, rows, columns)
    assert len(set(got.values())) == len(got)
    small, large = sorted((rows, columns))
    ways = itertools.permutations(range(large), small)
    best = max(sum(scores[(n, w) if rows <= columns else (w, n)] for n, w in enumerate(way)) for way in ways)
    assert abs(sum(scores[one, other] for other, one in got.items()) - best) < 1e-9


def test_ten_thousand_columns_are_paired() -> None:
    names = [f"sensor_{n}_{('temp', 'hum', 'pres')[n % 3]}" for n in range(10_000)]
    mine = stated(dict.fromkeys(names, "float"), {})
    theirs = stated({name.title().replace("_", ""): "float" for name in reversed(names)}, {})
    assert all(each.sure for each in proposals(mine, theirs))


def test_names_of_any_signs_are_columns() -> None:
    odd = {'a "b"\nc': "int", "": "int", "日付": "date", "%": "float"}
    found = proposals(stated(odd, {}), stated(odd, {}))  # type: ignore[arg-type]
    assert [each.column for each in found] == list(odd)


def test_names_that_differ_in_what_may_be_a_unit_are_for_a_person() -> None:
    """Else heat in one unit would stand, with a tick, in a column of another."""
    for mine, theirs in (("temp_f", "temperature_c"), ("heat_k", "heat_r"), ("volume_gal", "volume_ltr")):
        (found,) = proposals(
            described(pl.DataFrame({mine: [60.0, 70.5]})), described(pl.DataFrame({theirs: [61.0, 70.0]}))
        )
        assert not found.sure or found.unit is not None, (mine, found)
    (found,) = proposals(
        described(pl.DataFrame({"temp_f": [50.0, 212.0]})), described(pl.DataFrame({"temp_c": [10.0, 100.0]}))
    )
    assert found.unit == ("°F", "°C") and found.sure and found.column == "temp_f"
    (same,) = proposals(
        described(pl.DataFrame({"heat_k": [1.0, 2.0]})), described(pl.DataFrame({"heat_k": [1.0, 2.0]}))
    )
    assert same.sure
