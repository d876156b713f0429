"""From one unit to another, exactly; what is no unit, or measures something else, is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import MissingExtra, SpecError
from treadle.mapping import between, same_dimension, units


@pytest.mark.parametrize(
    ("origin", "to", "value", "wanted"),
    [
        ("mi", "km", 1, 1.609344),
        ("km", "mi", 1.609344, 1.0),
        ("degF", "degC", 212, 100.0),
        ("degF", "degC", -40, -40.0),
        ("degC", "kelvin", 0, 273.15),
        ("°C", "°F", 37, 98.6),
        ("lb", "kg", 100, 45.359237),
        ("km/h", "m/s", 36, 10.0),
        ("%", "", 5, None),
        ("m**2", "hectare", 10_000, 1.0),
        ("ft", "m", 3, 0.9144),
        ("kWh", "MJ", 1, 3.6),
        ("m^2/s^-1", "m**2*s**(1)", 5, 5.0),
        ("ft**-2", "m**(-2)", 0.09290304, 1.0),
    ],
)
def test_values_are_as_they_should_be(origin: str, to: str, value: float, wanted: float | None) -> None:
    if wanted is None:
        with pytest.raises(SpecError, match="is no unit"):
            between(origin, to)
        return
    assert between(origin, to).of_one(value) == wanted
    assert between(origin, to).of(pl.Series([value, None])).to_list() == [wanted, None]


@pytest.mark.parametrize(
    ("origin", "to", "where", "said", "mend"),
    [
        ("km", "kg", "x.unit", "km is length, and kg is mass", "name two units of one thing"),
        ("m/s", "m", "x.unit", "m/s is length / time, and m is length", "name two units"),
        ("kilometrs", "km", "x.unit.from", 'there is no unit "kilometrs"', 'did you mean "kilometer"?'),
        ("km", "parsnip", "x.unit.to", 'there is no unit "parsnip"', "capitals count"),
        ("2 km", "m", "x.unit.from", '"2 km" is no unit', ""),
        ("km; import os", "m", "x.unit.from", "is no unit", ""),
        ("m**99999999", "km", "x.unit.from", "is no unit", ""),
        ("m^9^9^9", "km", "x.unit.from", "is no unit", ""),
        ("m**(99*99*99)", "km", "x.unit.from", "is no unit", ""),
        ("m**2 **9**9", "km", "x.unit.from", "is no unit", ""),
        ("m**((9))**9", "km", "x.unit.from", "is no unit", ""),
        ("m*" * 3000 + "m", "km", "x.unit.from", "is no unit", ""),
        ("m" * 100_000, "km", "x.unit.from", "…", ""),
        ("(" * 31 + "m" + ")" * 31, "km", "x.unit.from", "no unit", ""),
        ("dBm", "mW", "x.unit", "not in proportion", "expression"),
        ('"', "m", "x.unit.from", "is no unit", ""),
    ],
)
def test_what_cannot_be_converted_is_refused(origin: str, to: str, where: str, said: str, mend: str) -> None:
    with pytest.raises(SpecError) as told:
        between(origin, to, "x.unit")
    assert said in told.value.what and told.value.where == where and mend in told.value.mend


UNITS = ["mm", "m", "km", "mi", "ft", "inch", "yard", "nautical_mile"]


@given(
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
    st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: abs(x) > 1e-9),
)
def test_there_and_back_is_where_it_began(one: str, other: str, value: float) -> None:
    back = between(other, one).of_one(between(one, other).of_one(value))
    assert back == pytest.approx(value, rel=1e-13)


@given(st.sampled_from(["degC", "degF", "kelvin", "degR"]), st.sampled_from(["degC", "degF", "kelvin", "degR"]))
def test_temperatures_are_those_of_pint(one: str, other: str) -> None:
    import pint

    registry = pint.UnitRegistry()
    for value in (-40.0, 0.0, 98.6):
        wanted = registry.Quantity(value, one).to(other).magnitude
        assert between(one, other).of_one(value) == pytest.approx(wanted, abs=1e-9)


def test_units_of_one_thing_are_told_from_others() -> None:
    assert same_dimension("mi", "km") and same_dimension("°C", "degF")
    assert not same_dimension("mi", "kg") and not same_dimension("USD", "EUR") and not same_dimension("", "")


def test_without_pint_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(units, "find_spec", lambda name: None if name == "pint" else real(name))
    between.cache_clear()
    with pytest.raises(MissingExtra) as told:
        between("mi", "km", "x.unit")
    assert told.value.mend == 'pip install "treadle[units]"'
    assert not same_dimension("mi", "km")
    between.cache_clear()


def test_whoever_names_no_unit_does_not_load_pint(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, treadle.sources, treadle.mapping; print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_too_large_on_the_way_alone_is_converted() -> None:
    found = between("mi", "km")
    (made,) = found.of(pl.Series([1e308]))
    assert made == found.of_one(1e308) == pytest.approx(1.609344e308, rel=1e-12)
    assert found.of(pl.Series([1.0, None, 1e309]))[2] == found.of_one(1e309) == float("inf")
    assert found.of_one(1.7e308) == float("inf")
