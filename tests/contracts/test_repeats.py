"""Rows that repeat an earlier one's values, beside what Polars says of the values themselves."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.contracts.repeats import repeats

NUMBERS = st.none() | st.sampled_from([0.0, -0.0, math.nan, -math.nan, 1.0, 1e300, math.inf])
TEXTS = st.none() | st.sampled_from(["", "a", "é", "e\u0301", "a\x00"])


@given(st.lists(st.tuples(NUMBERS, TEXTS), max_size=20))
def test_one_column_and_two(rows: list[tuple[float | None, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"n": pl.Float64, "t": pl.String}, orient="row")
    assert repeats(frame.select("n")).to_list() == (~frame["n"].is_first_distinct()).to_list()
    assert repeats(frame.select("t")).to_list() == (~frame["t"].is_first_distinct()).to_list()
    assert repeats(frame).to_list() == (~frame.to_struct().is_first_distinct()).to_list()


def test_equal_hashes_are_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.DataFrame, "hash_rows", lambda frame, *_: pl.Series([7] * frame.height, dtype=pl.UInt64))
    assert repeats(pl.DataFrame({"n": [1, 2, 1, 3, 2, 1]})).to_list() == [False, False, True, False, True, True]
