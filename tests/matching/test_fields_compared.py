"""Two values of a field are at one level: missing, equal, or so far alike."""

from __future__ import annotations

import builtins
import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from matching_people import entity

from treadle import expr
from treadle.errors import DataError, MissingExtra
from treadle.matching.comparing import Field, fields_of


def field(said: Any, values: list[Any]) -> Field:
    frame = pl.DataFrame({"x": values})
    asked = entity(**{"from": {"crm": {"x": "x"}}, "match": {"compare": {"x": said}, "block": ["x"]}})
    return fields_of("e", asked, expr.column_types(frame), frame, frame)[0]


def levels(said: Any, values: list[Any]) -> list[str]:
    """The level of the first value beside each other one."""
    found = field(said, values)
    others = np.arange(1, len(values), dtype=np.int32)
    return [found.levels[n] for n in found.compare(np.zeros(len(others), np.int32), others)]


def test_texts() -> None:
    jaro = {"by": "jaro_winkler", "at": [0.96, 0.9]}
    assert levels(jaro, ["martha", "martha", "marhta", "marta", "dixon", None]) == [
        "equal", "at least 0.96 alike", "at least 0.96 alike", "unlike", "missing",
    ]  # fmt: skip
    edits = {"by": "levenshtein", "at": [0.8, 0.6]}
    assert levels(edits, ["12345", "12346", "12366", "98765"]) == ["at least 0.8 alike", "at least 0.6 alike", "unlike"]
    assert levels("token_set", ["anna maria schmidt", "schmidt anna", "bruno"]) == ["at least 0.95 alike", "unlike"]


def test_numbers_and_times() -> None:
    near = {"by": "numeric", "within": [1, 5]}
    assert levels(near, [10, 10, 11, 15, 16, None]) == ["equal", "within 1.0", "within 5.0", "unlike", "missing"]
    days = {"by": "date", "within": ["1d", "31d"]}
    day = dt.date(2024, 1, 1)
    later = [day + dt.timedelta(days=n) for n in (0, 1, 31, 32)]
    assert levels(days, [day, *later, None]) == ["equal", "within 1d", "within 31d", "unlike", "missing"]
    at = [dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, 13, tzinfo=dt.UTC)]
    assert levels(days, at) == ["within 31d"]
    assert levels("exact", ["a", "a", "A"]) == ["equal", "unlike"]


def test_numbers_are_as_far_apart_as_they_are_written() -> None:
    near = {"by": "numeric", "within": [0.1]}
    for far in (0.0, 20.0, 1e6, 1e9):
        assert levels(near, [far + 0.09, far - 0.01]) == ["within 0.1"], far
        assert levels(near, [far + 0.09, far - 0.0101]) == ["unlike"], far
    assert levels({"by": "numeric", "within": [1]}, [2**52, 2**52 + 1, 2**52 + 2]) == ["within 1.0", "unlike"]
    half = {"by": "numeric", "within": [0.5]}
    for whole in (1.6e15, 1e15, 2.0**49):
        assert levels(half, [whole, whole + 1]) == ["unlike"], "whole numbers are exact"
    assert levels(half, [2.0**51, 2.0**51 + 0.5, 2.0**51 + 1.5]) == ["within 0.5", "unlike"]
    times = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, 0, 0, 0, 1, tzinfo=dt.UTC)]
    assert levels({"by": "date", "within": ["1d"]}, times) == ["unlike"]


def test_a_field_of_another_type_is_refused() -> None:
    for said, values, what in (
        ("jaro_winkler", [1, 2], "jaro_winkler compares str, and x is int"),
        ({"by": "numeric", "within": [1]}, ["a"], "numeric compares int or float, and x is str"),
        ({"by": "date", "within": ["1d"]}, [1.5], "date compares date or timestamp, and x is float"),
    ):
        with pytest.raises(DataError, match=what):
            field(said, values)


def test_without_rapidfuzz_the_line_is_told_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def hidden(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("rapidfuzz"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", hidden)
    assert levels("exact", ["a", "b"]) == ["unlike"]
    with pytest.raises(MissingExtra) as told:
        field("jaro_winkler", ["a", "b"])
    assert "rapidfuzz" in str(told.value) and told.value.mend == 'pip install "treadle[matching]"'


def test_where_all_values_are_missing_nothing_is_said() -> None:
    assert levels({"by": "numeric", "within": [1]}, [None, 1, None]) == ["missing", "missing"]
    none = pl.DataFrame({"x": pl.Series([None, None], dtype=pl.String)})
    asked = entity(**{"from": {"crm": {"x": "x"}}, "match": {"compare": {"x": "jaro_winkler"}, "block": ["x"]}})
    found = fields_of("e", asked, expr.column_types(none), none, none)[0]
    assert found.compare(np.array([0], np.int32), np.array([1], np.int32)).tolist() == [0]
