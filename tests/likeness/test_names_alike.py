"""Names of columns that mean one thing in other spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.likeness import name_likeness


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer_id", "CustomerID"), ("Straße", "strasse"), ("order date", "order-date"), ("naïve", "NAIVE"),
        ("address.city", "address_city"), ("HTTPCode", "http_code"), ("ﬁeld", "field"),
    ],
)  # fmt: skip
def test_spelt_otherwise_is_the_same(one: str, other: str) -> None:
    assert name_likeness(one, other) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("qty", "quantity", "quality_score"),
        ("cust_no", "customer_number", "order_number"),
        ("amt", "amount", "automatic"),
        ("Ort", "city", "sort"),
        ("dob", "birth_date", "data"),
        ("dist_miles", "distance_km", "duration_km"),
        ("lat", "latitude", "late"),
        ("orderDt", "order_date", "order_total"),
        ("colour", "color", "column"),
    ],
)
def test_short_forms_and_meanings_are_nearer_than_what_looks_so(one: str, other: str, far: str) -> None:
    assert name_likeness(one, other) >= 0.6 and name_likeness(one, other) > name_likeness(one, far)


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= name_likeness(one, other) <= 1
    assert name_likeness(one, other) == name_likeness(other, one)
    assert name_likeness(one, one) == 1.0
