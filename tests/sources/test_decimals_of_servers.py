"""Decimals come as text, in parts, and are told apart as decimals of files are."""

from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from treadle.address import Address
from treadle.sources.databases import gathered
from treadle.sources.decimals import as_written
from treadle.sources.reader import Wanted
from treadle.spec import Layout

NUMBERS = st.decimals(min_value=-(10**19), max_value=10**19, places=3) | st.integers(-(2**60), 2**60).map(Decimal)
WANTED = Wanted(Address("sqlite:x.db", ""), "sqlite:x.db", Path(), Layout())
CUTS = st.lists(st.lists(NUMBERS | st.none(), min_size=1, max_size=6), min_size=1, max_size=4)


@given(CUTS)
def test_however_parts_are_cut_no_value_becomes_another(cuts: list[list[Decimal | None]]) -> None:
    written = [[None if each is None else f"{each:f}" for each in cut] for cut in cuts]
    parts = [pl.DataFrame([as_written(pl.Series("x", cut, dtype=pl.String))]) for cut in written]
    frame = gathered(iter(parts), WANTED).frame
    values = [each for cut in cuts for each in cut]
    assert frame["x"].n_unique() == len(set(values))
    for value, kept in zip(values, frame["x"].to_list(), strict=True):
        assert (value is None) == (kept is None)
        if value is not None:
            assert Decimal(str(kept)) == value or abs(Decimal(kept) - value) <= abs(value) * Decimal(2) ** -53
