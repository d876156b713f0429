"""What looks like personal data is told, masked, and nothing else is."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.profiling import Asked, profile, profile_page
from treadle.profiling.found import ColumnProfile
from treadle.profiling.personal import masked
from treadle.profiling.units import unit_of


def column(values: list[object], name: str = "x") -> ColumnProfile:
    return profile(pl.DataFrame({name: values}).lazy(), Asked("t")).columns[0]


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("e-mail addresses", ["ada.lovelace@example.org", "g+x@mail.example.com"]),
        ("IBANs", ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"]),
        ("card numbers", ["4111 1111 1111 1111", "5500-0000-0000-0004"]),
        ("US social security numbers", ["123-45-6789", "987-65-4321"]),
        ("IP addresses", ["192.168.0.1", "8.8.8.8"]),
        ("phone numbers", ["+49 170 1234567", "(0170) 123-4567"]),
    ],
)
def test_values_tell(what: str, values: list[str]) -> None:
    found = column(values * 5)
    assert [(sign.what, sign.share) for sign in found.personal] == [(what, 1.0)]
    for value in values:
        assert value not in found.personal[0].example
        assert all(value not in level.value for level in found.top) and value not in found.levels
        assert value not in profile_page(profile(pl.DataFrame({"x": values * 5}).lazy(), Asked("t")))


@pytest.mark.parametrize(
    "values",
    [
        ["DE00370400440532013000"],  # no check digit
        ["4111 1111 1111 1112"],
        ["300.1.1.1"],
        ["2024-05-01"],
        ["12345678"],
        ["a@b"],
        ["hello", "world"],
        ["1.5"],
    ],
)
def test_what_only_looks_a_little_so_is_none(values: list[str]) -> None:
    assert column(values * 5).personal == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("firstName", "names of people"),
        ("customer_email", "e-mail addresses"),
        ("date_of_birth", "dates of birth"),
        ("IBAN", "bank accounts"),
        ("Zip", "places of people"),
    ],
)
def test_a_name_tells_too(name: str, what: str) -> None:
    assert [(sign.what, sign.share) for sign in column([1, 2, 3], name).personal] == [(what, None)]


@pytest.mark.parametrize("name", ["amount", "carrier", "flight", "description", "platform", "companion", "position"])
def test_an_ordinary_name_tells_nothing(name: str) -> None:
    assert column([1, 2, 3], name).personal == []


def test_a_share_is_told_of_a_mixed_column() -> None:
    found = column(["ada@example.org", "none", "none", "none"] * 5)
    assert [sign.share for sign in found.personal] == [0.25]


@given(st.text(max_size=40))
def test_a_mask_never_shows_a_whole_word(text: str) -> None:
    hidden = masked(text)
    assert len(hidden) == len(text)
    for word in re.finditer(r"\w+", text):
        shown = hidden[word.start() : word.end()]
        assert shown != word[0] and len(shown.replace("•", "")) <= min(2, len(shown) // 2)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("distance_km", "km"),
        ("priceUsd", "USD"),
        ("temp_celsius", "°C"),
        ("km", "km"),
        ("skim", ""),
        ("year", ""),
        ("ha", ""),
        ("größe (m²)", "m²"),
        ("area_m2", "m²"),
        ("length (m)", "m"),
        ("length_m", ""),
        ("price [€]", "EUR"),
        ("off (%)", "%"),
    ],
)
def test_a_unit_by_the_end_of_a_name(name: str, unit: str) -> None:
    assert unit_of(name, None) == unit


def test_a_unit_by_what_values_carry() -> None:
    assert column(["$12.50", "$3"] * 3).unit == "$"
    assert column(["12 kg", "3 kg", "unknown"] * 3).unit == "kg"
    assert column(["12", "3"] * 3).unit == ""
