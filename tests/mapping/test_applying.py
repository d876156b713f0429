"""Columns of a source made into those of a target, each value by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import DataError, ExpressionError
from treadle.mapping import Applied, NotThere, apply, rates_of
from treadle.spec import Exchange, Mapped, Units

RATES = {
    "rates.csv": rates_of(
        pl.DataFrame({"day": [date(2024, 1, 1)] * 2, "from": ["USD", "GBP"], "to": ["EUR"] * 2, "rate": [0.5, 2.0]}),
        "rates.csv",
        "",
    )
}
MONEY = Exchange(column="cur", to="EUR", rates="rates.csv", on="day")
ROWS = pl.DataFrame(
    {
        "miles": [1.0, None, float("nan"), 100.0],
        "price": ["1", "2.5", None, "x"],
        "amount": [10, 20, None, 40],
        "cur": ["USD", "gbp ", None, "EUR"],
        "day": [date(2024, 1, 4), date(2024, 1, 6), None, date(2030, 1, 1)],
        "local": [
            datetime(2024, 10, 27, 2, 30, tzinfo=UTC),
            datetime(2024, 6, 1, 12, tzinfo=UTC),
            None,
            datetime(2024, 1, 1, 12, tzinfo=UTC),
        ],
        "items": [[{"sku": "a"}], [], None, [{"sku": "b"}, {"sku": "c"}]],
        "doc": ['{"a":{"b b":[1,2]}}', "no json", None, '{"a":3}'],
        "address.city": ["Bonn", "Ulm", None, "Köln"],
        'we"ird\nname': [1, 2, 3, 4],
        "^a.*$": [1, 2, 3, 4],
    }
)


def made(keep: bool = False, partly: bool = False, rows: pl.DataFrame = ROWS, **columns: Mapped) -> Applied:
    return apply(rows, columns, keep=keep, rates=RATES, where="treadle.yaml:7:3: sources.orders", partly=partly)


def values(mapped: Mapped, rows: pl.DataFrame = ROWS) -> list[Any]:
    return made(rows=rows, x=mapped).rows["x"].to_list()


@pytest.mark.parametrize(
    ("mapped", "wanted"),
    [
        (Mapped(origin="address.city"), ["Bonn", "Ulm", None, "Köln"]),
        (Mapped(origin='we"ird\nname'), [1, 2, 3, 4]),
        (Mapped(origin="^a.*$"), [1, 2, 3, 4]),
        (Mapped(origin="items[0].sku"), ["a", None, None, "b"]),
        (Mapped(origin="items[1].sku"), [None, None, None, "c"]),
        (Mapped(origin="doc.a.b b[1]", type="int"), [2, None, None, None]),
        (Mapped(expression='amount * 2 + "^a.*$"'), [21, 42, None, 84]),
        (Mapped(expression="1 + 1"), [2, 2, 2, 2]),
        (Mapped(origin="amount", type="str"), ["10", "20", None, "40"]),
        (Mapped(origin="amount", unit=Units(origin="degF", to="degC")), [-110 / 9, -60 / 9, None, 40 / 9]),
        (Mapped(origin="price", type="float", otherwise="missing"), [1.0, 2.5, None, None]),
        (Mapped(origin="price", type="int", otherwise="missing"), [1, None, None, None]),
        (Mapped(origin="amount", currency=MONEY), [5.0, 40.0, None, 40.0]),
    ],
)
def test_a_column_is_made(mapped: Mapped, wanted: list[Any]) -> None:
    assert values(mapped) == pytest.approx(wanted) if "degF" in str(mapped) else values(mapped) == wanted


def test_nan_stays_what_it_was_and_a_missing_value_missing() -> None:
    found = values(Mapped(origin="miles", unit=Units(origin="mi", to="km")))
    assert found[0] == 1.609344 and found[1] is None and found[2] != found[2] and found[3] == 160.9344


@pytest.mark.parametrize(
    ("rule", "hour"),
    [("earlier", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)), ("later", datetime(2024, 10, 27, 1, 30, tzinfo=UTC))],
)
def test_a_clock_is_read_by_its_zone(rule: Any, hour: datetime) -> None:
    found = values(Mapped(origin="local", zone="Europe/Berlin", ambiguous=rule))
    assert found == [hour, datetime(2024, 6, 1, 10, tzinfo=UTC), None, datetime(2024, 1, 1, 11, tzinfo=UTC)]


def test_times_with_a_zone_within_lists_are_instants_already() -> None:
    asked = Mapped(origin="items[0].at", zone="Europe/Berlin")
    for zone, hour in (("UTC", 10), (None, 8)):
        at = datetime(2024, 6, 1, 10, tzinfo=UTC if zone else None)
        kind = pl.List(pl.Struct({"at": pl.Datetime("us", zone)}))
        assert values(asked, pl.DataFrame({"items": [[{"at": at}]]}, schema={"items": kind})) == [
            datetime(2024, 6, 1, hour, tzinfo=UTC)
        ]


@pytest.mark.parametrize(
    ("mapped", "kind", "said", "mend"),
    [
        (Mapped(origin="milez"), NotThere, 'the source has no column "milez"', 'did you mean "miles"?'),
        (Mapped(expression="milez + 1"), NotThere, 'the source has no column "milez"', 'did you mean "miles"?'),
        (Mapped(origin="items"), NotThere, "items is a list", "items[0].sku"),
        (Mapped(origin="items.sku"), NotThere, "it goes through a list", "items[0].sku"),
        (Mapped(origin="items[0]"), NotThere, "items[0] is an object", "items[0].sku"),
        (Mapped(origin="items[0].skU"), NotThere, "no field is called skU", 'did you mean "sku"?'),
        (Mapped(origin="items[last]"), NotThere, "is no place in a row", "a[0]"),
        (Mapped(origin="doc.a\\b"), NotThere, "is no name of a field in JSON that is a text", "by an expression"),
        (Mapped(origin="doc.*"), NotThere, "is no name of a field in JSON that is a text", "by an expression"),
        (Mapped(origin="doc" + ".a" * 20_000), NotThere, "goes 20000 steps deep", "at most 32 steps"),
        (Mapped(origin="miles.km"), NotThere, "it goes through no object", "plain"),
        (Mapped(expression="miles +"), ExpressionError, "not an expression", ""),
        (Mapped(expression="milesx()"), ExpressionError, "", ""),
        (
            Mapped(origin="price", type="int"),
            DataError,
            '"2.5" is no whole number (row 2, and 1 more)',
            "otherwise: missing",
        ),
        (Mapped(origin="miles", type="str"), DataError, "holds numbers, which are not read as str", "expression"),
        (
            Mapped(origin="price", unit=Units(origin="mi", to="km")),
            DataError,
            'has a unit, and holds String, such as "1"',
            "type: float",
        ),
        (
            Mapped(origin="local", zone="Europe/Berlin"),
            DataError,
            "showed 2024-10-27 02:30:00 twice (row 1)",
            "ambiguous: earlier",
        ),
        (
            Mapped(origin="amount", currency=Exchange(origin="CHF", to="EUR", rates="rates.csv", on="day")),
            DataError,
            "no rate from CHF to EUR on or before 2024-01-04: it has no rate of CHF in EUR (row 1, and 2 more)",
            "add the rate",
        ),
        (
            Mapped(origin="amount", currency=Exchange(column="amount", to="EUR", rates="rates.csv", on="day")),
            DataError,
            "says the currency of each row, and holds Int64",
            "codes",
        ),
        (
            Mapped(origin="amount", currency=Exchange(column="cur", to="EUR", rates="rates.csv", on="price")),
            DataError,
            "price says the day of each row, and holds String",
            "date_format",
        ),
        (
            Mapped(origin="amount", currency=Exchange(column="cur", to="EUR", rates="rates.csv", on="nope")),
            NotThere,
            'no column "nope"',
            "",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(mapped: Mapped, kind: type[DataError], said: str, mend: str) -> None:
    with pytest.raises(kind) as told:
        values(mapped)
    assert said in told.value.what and told.value.mend and mend in told.value.mend
    assert told.value.where.startswith("treadle.yaml:7:3: sources.orders.map.x")


def test_an_hour_that_the_clocks_never_showed_is_refused_or_missing() -> None:
    rows = pl.DataFrame({"local": [datetime(2024, 3, 31, 2, 30, tzinfo=UTC), datetime(2024, 3, 31, 4, tzinfo=UTC)]})
    asked = Mapped(origin="local", zone="Europe/Berlin", ambiguous="later")
    with pytest.raises(DataError, match="never showed 2024-03-31 02:30:00"):
        values(asked, rows)
    told = made(rows=rows, x=Mapped(origin="local", zone="Europe/Berlin", otherwise="missing"))
    assert told.rows["x"].to_list() == [None, datetime(2024, 3, 31, 2, tzinfo=UTC)]
    assert (
        told.notes[0]
        == "x (from local): clocks in Europe/Berlin never showed 2024-03-31 02:30:00 (row 1): missing here"
    )


@pytest.mark.parametrize("part", ["cur", "day"])
def test_an_amount_without_currency_or_day_is_refused(part: str) -> None:
    rows = ROWS.with_columns(pl.lit(None).cast(ROWS.schema[part]).alias(part))
    with pytest.raises(DataError, match="10 has no"):
        values(Mapped(origin="amount", currency=MONEY), rows)


def test_a_number_that_becomes_too_large_is_refused() -> None:
    rows = pl.DataFrame({"a": [1e308, float("inf")]})
    with pytest.raises(DataError, match=r"1e\+308 is too large to be converted \(row 1\)"):
        values(Mapped(origin="a", unit=Units(origin="km", to="mm")), rows)


def test_a_time_has_the_rate_of_its_own_day() -> None:
    rates = pl.DataFrame(
        {"day": [date(2024, 1, 1), date(2024, 1, 2)], "from": ["USD"] * 2, "to": ["EUR"] * 2, "rate": [0.5, 0.25]}
    )
    midnight = datetime(2024, 1, 2, tzinfo=UTC)
    rows = pl.DataFrame({"amount": [10, 10], "at": [midnight - timedelta(microseconds=1), midnight]})
    money = Exchange(origin="USD", to="EUR", rates="r.csv", on="at")
    known = {"r.csv": rates_of(rates, "r.csv", "")}
    found = apply(rows, {"eur": Mapped(origin="amount", currency=money)}, keep=False, rates=known)
    assert found.rows["eur"].to_list() == [5.0, 2.5]


def test_an_amount_that_becomes_too_large_is_refused() -> None:
    rows = pl.DataFrame({"amount": [1e308], "cur": ["GBP"], "day": [date(2024, 1, 1)]})
    with pytest.raises(DataError, match=r"1e\+308 is too large to be converted \(row 1\)"):
        values(Mapped(origin="amount", currency=MONEY), rows)


def test_all_that_is_gone_is_told_at_once() -> None:
    with pytest.raises(NotThere) as told:
        made(a=Mapped(origin="one"), b=Mapped(origin="two.x"), c=Mapped(origin="miles"), d=Mapped(expression="1"))
    assert [each.target for each in (told.value, *told.value.others)] == ["a", "b"]
    assert told.value.rows is not None and told.value.rows.columns == [n for n in ROWS.columns if n != "miles"]
    assert told.value.others[0].origin == "two.x"


def test_what_is_not_mapped_is_kept_or_left_out() -> None:
    km = Mapped(origin="miles", unit=Units(origin="mi", to="km"))
    kept = made(keep=True, km=km, eur=Mapped(origin="amount", currency=MONEY)).rows
    assert kept.columns[:2] == ["km", "eur"] and {"cur", "day", "price"} <= {*kept.columns}
    assert not {"miles", "amount"} & {*kept.columns}  # something was made of them
    left = made(km=km)
    assert left.rows.columns == ["km"] and "not mapped, and left out: price, amount, cur" in left.notes[0]
    again = made(keep=True, miles=km).rows
    assert again.columns[0] == "miles" and again.width == ROWS.width


def test_a_column_does_not_take_the_place_of_another_one() -> None:
    with pytest.raises(DataError, match='a column "amount" is made, and the source has another one') as told:
        made(keep=True, amount=Mapped(origin="miles"))
    assert "given_amount: amount" in told.value.mend
    assert made(amount=Mapped(origin="miles")).rows.columns == ["amount"]


def test_a_file_that_has_the_columns_of_the_target_stays_as_it_is() -> None:
    rows = pl.DataFrame({"km": [1.0], "amount": [2]})
    found = made(
        partly=True, rows=rows, km=Mapped(origin="miles"), x=Mapped(expression="amount + 1"), y=Mapped(origin="z.z")
    )
    assert found.rows.to_dicts() == [{"x": 3, "km": 1.0, "amount": 2}]


def test_a_column_without_values_takes_the_type_that_is_asked() -> None:
    rows = pl.DataFrame({"a": pl.Series([None, None], dtype=pl.String)})
    for mapped, kind in (
        (Mapped(origin="a", type="int"), pl.Int64()),
        (Mapped(origin="a", zone="Europe/Berlin"), pl.Datetime("us", "UTC")),
        (Mapped(origin="a", unit=Units(origin="mi", to="km")), pl.Float64()),
    ):
        assert made(rows=rows, x=mapped).rows.schema["x"] == kind
    assert made(rows=rows.clear(), x=Mapped(origin="a", type="int")).rows.shape == (0, 1)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False, width=32)),
            st.sampled_from([None, "USD", "usd", "EUR", "XXX"]),
            st.one_of(st.none(), st.dates(date(2023, 12, 1), date(2024, 3, 1))),
            st.one_of(st.none(), st.datetimes(datetime(2024, 3, 30), datetime(2024, 4, 1))),
        ),
        max_size=20,
    ),
    st.integers(0, 20),
)
def test_rows_in_parts_are_mapped_as_they_are_together(given_rows: list[tuple[Any, ...]], cut: int) -> None:
    schema = {"amount": pl.Float64, "cur": pl.String, "day": pl.Date, "local": pl.Datetime("us")}
    rows = pl.DataFrame(given_rows, schema=schema, orient="row").with_columns(
        pl.col("local").dt.replace_time_zone("UTC")
    )
    columns = {
        "c": Mapped(origin="amount", unit=Units(origin="degF", to="degC")),
        "eur": Mapped(expression="amount * 2", currency=MONEY, otherwise="missing"),
        "at": Mapped(origin="local", zone="Europe/Berlin", ambiguous="earlier", otherwise="missing"),
    }
    whole = made(rows=rows, **columns).rows
    parts = [made(rows=part, **columns).rows for part in (rows[:cut], rows[cut:])]
    assert pl.concat(parts).equals(whole)


def test_ten_thousand_columns_are_mapped() -> None:
    rows = pl.DataFrame({f"c{n}": [n] for n in range(10_000)})
    found = apply(rows, {f"d{n}": Mapped(origin=f"c{n}") for n in range(10_000)}, keep=True, rates={}).rows
    assert found.width == 10_000 and found["d9999"].to_list() == [9999]
