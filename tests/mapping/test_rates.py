"""The last rate on or before the day of each row, and never a later one."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.mapping import rates_of

DAY = date(2024, 1, 1)
COLUMNS = ("day", "from", "to", "rate")


def table(*lines: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame([dict(zip(COLUMNS, line, strict=True)) for line in lines], infer_schema_length=None)


def one(rates: pl.DataFrame, code: str | None, day: date | None, to: str = "EUR") -> float | None:
    per_unit = rates_of(rates, "rates.csv", "").per_unit(
        pl.Series([code], dtype=pl.String), pl.Series([day], dtype=pl.Date), to
    )
    found: float | None = per_unit[0]
    return found


def test_the_last_rate_on_or_before_the_day_counts() -> None:
    known = table(
        (date(2024, 1, 5), "USD", "EUR", 0.9), (DAY, "USD", "EUR", 0.8), (date(2024, 1, 3), "EUR", "USD", 1.25)
    )
    assert one(known, "USD", DAY) == 0.8
    assert one(known, "USD", date(2024, 1, 2)) == 0.8
    assert one(known, "USD", date(2024, 1, 4)) == 1 / 1.25  # the other way, turned
    assert one(known, "USD", date(2030, 1, 1)) == 0.9
    assert one(known, "USD", date(2023, 12, 31)) is None
    assert one(known, "EUR", date(2023, 12, 31)) == 1.0
    assert one(known, "GBP", DAY) is None and one(known, None, DAY) is None and one(known, "USD", None) is None
    assert one(known, "EUR", DAY, "USD") == 1 / 0.8


def test_a_rate_of_this_way_counts_before_a_turned_one_of_the_same_day() -> None:
    assert one(table((DAY, "EUR", "USD", 1.0), (DAY, "USD", "EUR", 0.5)), "USD", DAY) == 0.5


def test_codes_are_read_in_any_case_and_a_line_may_stand_twice() -> None:
    assert one(table((DAY, " usd", "eur", 0.5), (DAY, "USD", "EUR", 0.5)), "USD", DAY) == 0.5


def test_times_are_days() -> None:
    assert one(table((datetime(2024, 1, 1, 16), "USD", "EUR", 0.5)), "USD", DAY) == 0.5


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (pl.DataFrame({"day": [DAY], "from": ["USD"], "rate": [1.0]}), 'rates.csv has no column "to"'),
        (
            pl.DataFrame(schema={"day": pl.Date, "from": pl.String, "to": pl.String, "rate": pl.Float64}),
            "holds no rate",
        ),
        (table((DAY, "USD", "EUR", -0.9)), "-0.9 in row 1 is no rate above 0"),
        (table((DAY, "USD", "EUR", 0.9), (DAY, "GBP", "EUR", 0.0)), "0.0 in row 2 is no rate above 0"),
        (table((DAY, "USD", "EUR", float("nan"))), "nan in row 1 is no rate above 0"),
        (table((DAY, "USD", "EUR", float("inf"))), "inf in row 1 is no rate above 0"),
        (table((DAY, "USD", "EUR", None)), "holds no numbers"),
        (table((DAY, "USD", "EUR", "0,9")), "`rate` holds no numbers, such as '0,9'"),
        (table(("1/2/2024", "USD", "EUR", 0.9)), "`day` holds no days, such as '1/2/2024'"),
        (table((None, "USD", "EUR", 0.9), (DAY, "USD", "EUR", 0.9)), "None in row 1 is no day"),
        (table((DAY, "dollars", "EUR", 0.9)), "'dollars' in row 1 is no currency"),
        (table((DAY, None, "EUR", 0.9)), "None in row 1 is no currency"),
        (table((DAY, "EUR", "EUR", 1.0)), "'EUR' in row 1 is what it is from"),
        (
            table((DAY, "USD", "EUR", 0.9), (DAY, "USD", "EUR", 0.8)),
            "two rates from USD to EUR on 2024-01-01: 0.9 and 0.8",
        ),
    ],
)
def test_rates_that_do_not_hold_together_are_refused(rates: pl.DataFrame, said: str) -> None:
    with pytest.raises(DataError) as told:
        rates_of(rates, "rates.csv", "treadle.yaml:7:3: sources.orders")
    assert said in told.value.what and told.value.where == "treadle.yaml:7:3: sources.orders" and told.value.mend


@settings(max_examples=60)
@given(
    st.dictionaries(st.integers(0, 60), st.floats(0.1, 10, allow_nan=False), min_size=1),
    st.lists(st.integers(-5, 70), max_size=30),
    st.randoms(),
)
def test_what_a_row_gets_is_what_a_person_would_look_up(
    by_day: dict[int, float], asked: list[int], chance: object
) -> None:
    lines = [(DAY + timedelta(days=day), "USD", "EUR", rate) for day, rate in by_day.items()]
    chance.shuffle(lines)  # type: ignore[attr-defined]
    days = sorted(by_day)
    wanted = [by_day[days[at - 1]] if (at := bisect_right(days, day)) else None for day in asked]
    codes = pl.Series(["USD"] * len(asked), dtype=pl.String)
    got = rates_of(table(*lines), "r", "").per_unit(
        codes, pl.Series([DAY + timedelta(days=day) for day in asked], dtype=pl.Date), "EUR"
    )
    assert got.to_list() == wanted
