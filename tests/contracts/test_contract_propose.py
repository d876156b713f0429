"""A proposed contract holds on the rows that it was proposed from, and says something."""

from __future__ import annotations

import math
import re
import string
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from treadle.contracts import check, load, propose

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def loaded(tmp_path, text):
    file = tmp_path / "p.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_proposal_of_a_table(tmp_path):
    frame = pl.DataFrame(
        {
            "id": range(60),
            "level": ["no", "yes", "1"] * 20,
            "many": [str(i) for i in range(60)],
            "amount": [float(i) for i in range(60)],
            "gap": [None, *range(-59, 0)],
            "day": [date(2020, 1, 1)] * 60,
            "at": [datetime(2020, 1, 1)] * 60,
            "flag": [True] * 60,
            "nothing": [None] * 60,
            "list": [[1]] * 60,
        }
    )
    made = loaded(tmp_path, propose(frame, "t", ("id",)))
    report = check(frame, made, now=NOW)
    assert report.ok and report.bad_rows == 0
    by_name = {rule.id: rule for rule in made.rules}
    assert by_name["id_unique"] and "id_range" not in by_name
    assert by_name["level_is_known"].text == "level must be one of 1, no, yes"
    assert "many_is_known" not in by_name
    assert by_name["amount_range"].expression == "amount >= 0 and amount <= 89"
    assert by_name["gap_range"].expression == "gap >= -88 and gap <= 28"
    assert by_name["amount_range"].soft and by_name["level_is_known"].soft and not by_name["id_unique"].soft
    assert "gap_required" not in by_name and "nothing_required" not in by_name
    assert made.columns["list"] is None and made.columns["at"] == "timestamp"


def test_few_rows_tell_no_range(tmp_path):
    few, more = (loaded(tmp_path, propose(pl.DataFrame({"vat": [19.0] * n}), "t")) for n in (19, 20))
    assert not any(rule.soft for rule in few.rules) and any(rule.id == "vat_range" for rule in more.rules)
    assert check(pl.DataFrame({"vat": [19.0] * 4 + [27.0]}), few, now=NOW).ok


def test_the_label_is_hard_and_what_was_seen_is_soft(tmp_path):
    frame = pl.DataFrame({"level": ["no", "yes", "maybe"] * 20, "size": [0.1, 0.7, 4.3] * 20, "a b": range(60)})
    made = loaded(tmp_path, propose(frame, "t", label="level"))
    assert {rule.id: rule.soft for rule in made.rules if rule.kind in ("set", "expression")} == {
        "level_is_known": False,
        "size_range": True,
        "a b_range": True,
    }
    few = frame[:59].vstack(pl.DataFrame({"level": ["yes"], "size": [99.0], "a b": [7]}))
    report = check(few, made, now=NOW)
    assert report.ok and report.bad_rows == 0 and len(report.warnings) == 1
    other = check(frame.with_columns(size=pl.col("size") * 1000), made, now=NOW)
    assert not other.ok and "size <= 6.4" in other.broken[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([-4.2, 0.0], "x >= -6.3 and x <= 2.1"),
        ([0.07, 0.11], "x >= 0.05 and x <= 0.13"),
        ([1e-9, 3e-9], "x >= 0 and x <= 4e-09"),
        ([1.5e22, 2e22], "x >= 1.2e+22 and x <= 2.3e+22"),
        ([3.0, 3.0], "x >= 1.5 and x <= 4.5"),
        ([1.0, 3.0, float("inf"), float("nan")], "x >= 0 and x <= 4"),
    ],
)
def test_figures_can_be_read(tmp_path, values, said):
    made = loaded(tmp_path, propose(pl.DataFrame({"x": values * 10}), "t"))
    assert [rule.expression for rule in made.rules if rule.id == "x_range"] == [said]


def test_key_of_two_columns_is_unique_together(tmp_path):
    frame = pl.DataFrame({"a": [1, 1], "b": [1, 2]})
    made = loaded(tmp_path, propose(frame, "t", ("a", "b")))
    assert check(frame, made, now=NOW).ok
    assert [rule.columns for rule in made.rules if rule.kind == "unique"] == [("a", "b")]


_CELLS = {
    "i": st.none() | st.integers(-(2**63), 2**63 - 1),
    "f": st.none() | st.floats(allow_infinity=False),
    "s": st.none() | st.sampled_from(["", "no", "1", "null", "~", "é", "'", ": #", "2020-01-01", "\t"]),
    "t": st.none() | st.text(string.printable, max_size=5),
    "b": st.none() | st.booleans(),
}
_SCHEMA = {"i": pl.Int64, "f": pl.Float64, "s": pl.String, "t": pl.String, "b": pl.Boolean}


@given(rows=st.lists(st.fixed_dictionaries(_CELLS), max_size=12), times=st.sampled_from([1, 6]))
@example(rows=[{name: "null" if name == "s" else None for name in _CELLS}] * 6, times=6)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_holds_on_its_own_rows(tmp_path, rows, times):
    frame = pl.DataFrame(rows * times, schema=_SCHEMA)
    report = check(frame, loaded(tmp_path, propose(frame, "tä: b")), now=NOW)
    assert report.ok and report.bad_rows == 0, report.quarantine


_ROWS = 24
"""Enough rows for a range to be proposed of them."""


@st.composite
def _numbers(draw):
    """A column of numbers of one magnitude: near a power of ten or of two, or a few steps from any number."""
    if draw(st.booleans()):
        middle = draw(st.sampled_from([10**power for power in range(19)] + [2**power for power in range(63)]))
        wide = draw(st.sampled_from([0, 1, 2, 10, 5_000, 10**9, 2**62]))
        sign = draw(st.sampled_from([1, -1]))
        near = st.integers(max(-(2**63), sign * middle - wide), min(2**63 - 1, sign * middle + wide))
        some = draw(st.lists(near, min_size=1, max_size=6))
        return pl.Series("x", (some * _ROWS)[:_ROWS], dtype=pl.Int64)
    middle = draw(st.integers(-320, 308).map(lambda power: float(f"1e{power}")) | st.floats(allow_nan=False))
    steps = st.integers(0, draw(st.sampled_from([1, 10, 10**6])))
    some = [_stepped(middle, step) for step in draw(st.lists(steps, min_size=1, max_size=6))]
    return pl.Series("x", (some * _ROWS)[:_ROWS], dtype=pl.Float64)


def _stepped(value, steps):
    moved = value + steps * math.ulp(value)
    return moved if math.isfinite(moved) else value


@given(values=_numbers())
@example(values=pl.Series("x", [10**18 + step for step in range(_ROWS)]))
@example(values=pl.Series("x", [1e9 + step / 1e4 for step in range(_ROWS)]))
@example(values=pl.Series("x", [-(10**15) - step for step in range(_ROWS)]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_number_lies_beyond_the_limits_that_are_made_of_it(tmp_path, values):
    made = loaded(tmp_path, propose(values.to_frame(), "t"))
    report = check(values.to_frame(), made, now=NOW)
    assert report.ok and not report.bad_rows and not report.warnings, report.warnings
    for rule in made.rules:
        if rule.id == "x_range" and values.dtype == pl.Int64:
            assert re.fullmatch(r"(x [<>]= -?\d+( and )?)+", rule.expression)
