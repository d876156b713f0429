"""Few rows out of many hold no more than themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from buffers import held
from treadle.store import owned

MANY = pl.DataFrame({"text": [f"a text that is long, of the row {n}" for n in range(50_000)]}).with_columns(
    bytes=pl.col("text").cast(pl.Binary), within=pl.struct("text"), several=pl.concat_list("text", "text")
)


@pytest.mark.parametrize("column", MANY.columns)
def test_rows_that_were_filtered_let_the_others_go(column: str) -> None:
    few = MANY.select(column).filter(pl.int_range(pl.len()) % 1000 == 0)
    assert held(few) > 20 * few.estimated_size(), "else there is nothing to mend"
    kept = owned(few)
    assert_frame_equal(kept, few)
    assert held(kept) < 3 * few.estimated_size()


def test_rows_are_what_they_were() -> None:
    rows = pl.DataFrame(
        {
            "n": [1, None, -3],
            "whole": pl.Series([2**63, 0, None], dtype=pl.UInt64),
            "share": [float("nan"), float("inf"), -0.0],
            "text": ["", None, "ein Wort, das länger als zwölf Bytes ist 🙂"],
            "day": [date(1, 1, 1), None, date(9999, 12, 31)],
            "at": pl.Series([datetime(2024, 3, 31, 2, 30), None, None]).dt.replace_time_zone("UTC"),
            "took": [timedelta(days=-1), None, timedelta(microseconds=1)],
            "money": pl.Series([Decimal("0.10"), None, Decimal("-12345678901234567890.12")]),
            "kind": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
            "level": pl.Series(["x", None, "x"], dtype=pl.Categorical),
            "yes": [True, None, False],
            "none": [None, None, None],
        }
    )
    for some in (rows, rows.head(0), rows.select("none"), pl.DataFrame()):
        assert_frame_equal(owned(some), some, check_exact=True)
        assert owned(some).schema == some.schema
