"""Sources whose columns are mapped: read whole, little by little, from files and databases; by rates that change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest

from treadle.errors import DataError, SpecError
from treadle.sources import (
    Known,
    definition_of,
    expected,
    find,
    find_new,
    look,
    mapped,
    mapped_own,
    read_own,
    read_rates,
    refuse_increment,
)
from treadle.spec import Exchange, Mapped, New, Source, Units
from treadle.spec.trust import Place, trust

MONEY = Exchange(origin="USD", to="EUR", rates="rates.csv", on="day")
MAP = {
    "n": Mapped(origin="ID"),
    "km": Mapped(origin="miles", unit=Units(origin="mi", to="km")),
    "eur": Mapped(origin="usd", currency=MONEY),
}
FROM_DATABASE = Source(
    read="sqlite:shop.db", table="t", key="n", map=MAP, new=New(by="n"), date_format={"day": "%Y-%m-%d"}
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "rates.csv").write_text("day,from,to,rate\n2024-01-01,USD,EUR,0.5\n", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        db.execute("create table t (ID integer, miles real, usd real, day text)")
        db.commit()
    add(tmp_path, 1, 2)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("ID,miles,usd,day\n1,1,10,2024-01-02\n", encoding="utf-8")
    return tmp_path


def add(folder: Path, *numbers: int) -> None:
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.executemany("insert into t values (?, ?, ?, '2024-01-02')", [(n, n, n * 10) for n in numbers])
        db.commit()


def test_what_was_read_is_named_by_the_rates_too(place: Path) -> None:
    source = Source(read="in/a.csv", key="n", map=MAP)
    found = find(source, place)
    assert found.rows().collect().rows() == [(1, 1.609344, 5.0, date(2024, 1, 2))]
    assert look(source, place).rows.columns == ["n", "km", "eur", "day"]
    (place / "rates.csv").write_text("day,from,to,rate\n2024-01-01,USD,EUR,0.25\n", encoding="utf-8")
    other = find(source, place)
    assert other.digest != found.digest and other.rows().collect()["eur"].to_list() == [2.5]


@pytest.mark.parametrize("source", [FROM_DATABASE, Source(read="in", key="n", map=MAP, new="files")])
def test_an_increment_is_mapped_as_all_of_it_is(place: Path, source: Source) -> None:
    first = find_new(source, place, Known(), "")
    assert first.rows()["eur"].to_list()[0] == 5.0 and [each.written for each in first.rates] == ["rates.csv"]
    assert find_new(source, place, Known(first.mark, first.seen), "").nothing
    add(place, 3)
    (place / "in" / "b.csv").write_text("ID,miles,usd,day\n3,3,30,2024-01-02\n", encoding="utf-8")
    more = find_new(source, place, Known(first.mark, first.seen), "")
    assert more.rows()["n"].to_list() == [3] and more.rows()["km"].to_list() == [3 * 1.609344]


def test_a_database_is_asked_for_new_rows_alone_where_the_column_is_a_name(place: Path) -> None:
    add(place, *range(3, 2000))
    first = find_new(FROM_DATABASE, place, Known(), "")
    add(place, 3000)
    more = find_new(FROM_DATABASE, place, Known(first.mark, first.seen), "")
    assert more.rows()["n"].to_list() == [3000] and more.size < first.size / 20


def test_reading_begins_anew_where_the_map_or_its_rates_change(place: Path) -> None:
    before = definition_of(FROM_DATABASE, place)
    assert before == definition_of(FROM_DATABASE, place)
    (place / "rates.csv").write_text("day,from,to,rate\n2024-01-01,USD,EUR,0.25\n", encoding="utf-8")
    after = definition_of(FROM_DATABASE, place)
    assert {name for name in after if after[name] != before[name]} == {"rates rates.csv"}
    assert "map" not in definition_of(Source(read="in", new="files"), place)


def test_an_api_or_a_place_outside_gives_no_rates(place: Path) -> None:
    for rates, said in (
        ("https://x.example/r.csv", "is a URL"),
        ("../r.csv", "there is no file"),
        ("no.csv", "no file"),
    ):
        money = Exchange(origin="USD", to="EUR", rates=rates, on="day")
        source = Source(read="in/a.csv", map={"e": Mapped(origin="usd", currency=money)})
        with pytest.raises((DataError, SpecError), match=said):
            find(source, place)


def test_a_file_of_ones_own_is_mapped_as_far_as_it_goes(place: Path) -> None:
    source = Source(read="in/a.csv", key="n", map=MAP)
    (place / "own.csv").write_text("miles,other\n2,x\n", encoding="utf-8")
    rows, _ = mapped(read_own(place / "own.csv", source), source, read_rates(source, place), "--from", partly=True)
    assert rows.to_dicts() == [{"km": 3.218688, "other": "x"}]


def test_a_list_where_an_object_was_is_told(place: Path) -> None:
    source = Source(read="x.json", map={"city": "address.city"})
    (place / "x.json").write_text('[{"address": {"city": "Bonn"}}, {"address": null}, {}]', encoding="utf-8")
    assert find(source, place).rows().collect()["city"].to_list() == ["Bonn", None, None]
    (place / "x.json").write_text('[{"address": [{"city": "Bonn"}]}]', encoding="utf-8")
    with pytest.raises(DataError, match="it goes through a list") as told:
        find(source, place).rows()
    assert "items[0].sku" in told.value.mend


BERLIN = Mapped(origin="At", zone="Europe/Berlin")
OFFSET = "2024-05-01T08:00:00+02:00"


def placed_in(folder: Path, source: Source) -> list[str]:
    return [f"{at:%H:%M}" for at in find(source, folder).rows().collect()["at"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", f"At,n\n{OFFSET},1\n2024-05-01T06:00:00Z,2\n"),
        ("a.csv", "At,n\n01.05.2024 08:00 +02:00,1\n01.05.2024 06:00 +00:00,2\n"),
        ("a.json", f'[{{"At": "{OFFSET}", "n": 1}}, {{"At": "2024-05-01T06:00:00Z", "n": 2}}]'),
    ],
)
def test_texts_that_all_say_their_offset_are_the_instants_that_they_say(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    source = Source(read=name, map={"at": BERLIN, "raw": "At"})
    assert placed_in(tmp_path, source) == ["06:00", "06:00"]
    assert [*find(source, tmp_path).rows().collect().schema.values()][:2] == [pl.Datetime("us", "UTC")] * 2
    assert look(source, tmp_path).rows["at"].to_list() == look(source, tmp_path).rows["raw"].to_list()
    own, _ = mapped(read_own(tmp_path / name, source), source, (), "--from", partly=True)
    assert own["at"].to_list() == own["raw"].to_list() and own.schema["at"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize(("zone", "wanted"), [(None, "06:00"), ("UTC", "08:00"), ("America/New_York", "12:00")])
def test_times_that_come_with_a_zone_are_left_and_those_of_a_clock_are_placed(
    tmp_path: Path, zone: str | None, wanted: str
) -> None:
    rows = pl.DataFrame({"At": pl.Series([datetime(2024, 5, 1, 8)]).dt.replace_time_zone(zone), "n": [1]})
    rows.write_parquet(tmp_path / "a.parquet")
    assert placed_in(tmp_path, Source(read="a.parquet", map={"at": BERLIN})) == [wanted]
    rows.select(who=pl.struct("At", "n")).write_parquet(tmp_path / "b.parquet")
    inside = Mapped(origin="who.At", zone="Europe/Berlin")
    assert placed_in(tmp_path, Source(read="b.parquet", map={"at": inside})) == [wanted]


@pytest.mark.parametrize(("told", "wanted"), [(OFFSET, "06:00"), ("2024-05-01 08:00", "06:00")])
@pytest.mark.parametrize("mapped_to", [{}, {"At": "At"}, {"At": BERLIN}, {"At": Mapped(origin="At", type="timestamp")}])
def test_rows_are_read_by_instants_as_they_are(
    tmp_path: Path, told: str, wanted: str, mapped_to: dict[str, str | Mapped]
) -> None:
    (tmp_path / "a.csv").write_text(f"At,n\n{told},1\n", encoding="utf-8")
    source = Source(read="a.csv", map=mapped_to, new=New(by="At", time_zone="Europe/Berlin"))
    found = find_new(source, tmp_path, Known(), "")
    assert f"{found.rows()['At'][0]:%H:%M}" == wanted and found.mark.last == "2024-05-01T06:00:00.000000+00:00"
    own, _ = mapped_own(read_own(tmp_path / "a.csv", source), source, (), "--from")
    assert own["At"].to_list() == found.rows()["At"].to_list()


def test_each_text_that_rows_are_read_by_tells_whether_it_says_its_offset(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"At,n\n{OFFSET},1\n2024-05-01 08:30,2\n", encoding="utf-8")
    columns = {"at": Mapped(origin="At", type="timestamp")}
    source = Source(read="a.csv", map=columns, new=New(by="at", time_zone="Europe/Berlin"))
    found = find_new(source, tmp_path, Known(), "").rows()["at"].to_list()
    assert found == [datetime(2024, 5, 1, 6, minute, tzinfo=UTC) for minute in (0, 30)]
    assert find_new(source, tmp_path, Known(), "").mark.definition == definition_of(source, tmp_path)


def test_a_file_that_has_the_columns_of_the_table_already_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("at,n\n2024-05-01T08:00:00,1\n", encoding="utf-8")
    source = Source(read="a.csv", map={"at": "At"}, new=New(by="at", time_zone="Europe/Berlin"))
    own, _ = mapped_own(read_own(tmp_path / "own.csv", source), source, (), "--from")
    assert own["at"].to_list() == [datetime(2024, 5, 1, 8, tzinfo=UTC)]


@pytest.mark.parametrize("mapped_to", [{}, {"At": "At"}, {"At": Mapped(origin="At", type="timestamp")}])
def test_a_look_refuses_no_time_that_a_reading_takes(tmp_path: Path, mapped_to: dict[str, str | Mapped]) -> None:
    """Clocks in Berlin never showed this one, which says that it is in UTC."""
    source = Source(read="a.csv", map=mapped_to, new=New(by="At", time_zone="Europe/Berlin"))
    for text in ("2024-03-31T02:30:00Z", "2024-03-31T02:30:00"):
        (tmp_path / "a.csv").write_text(f"At,n\n{text},1\n", encoding="utf-8")
        if text.endswith("Z"):
            seen = look(source, tmp_path)
            refuse_increment(source, seen.rows, None, instants=seen.instants)
            assert seen.rows.schema["At"] == pl.Datetime("us", "UTC")
        else:
            with pytest.raises(DataError, match=r"never showed|showed never"):
                seen = look(source, tmp_path)
                refuse_increment(source, seen.rows, None, instants=seen.instants)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source(read="a.csv", new=New(by="At", time_zone="Europe/Berlin")), True),
        (Source(read="a.csv", map={"at": BERLIN}, new="files"), True),
        (Source(read="a.csv", map={"at": "At"}, new=New(by="at")), False),
    ],
)
def test_how_zones_are_read_is_part_of_what_is_asked_where_a_clock_is_said(
    tmp_path: Path, source: Source, told: bool
) -> None:
    assert ("how zones are read" in definition_of(source, tmp_path)) == told


@pytest.mark.parametrize("stated", [{"At": "%Y-%m-%dT%H:%M:%S%z"}, {}])
def test_an_odd_value_does_not_take_the_zone_of_the_others(tmp_path: Path, stated: dict[str, str]) -> None:
    source = Source(read="*.csv", date_format=stated, map={"at": msgspec.structs.replace(BERLIN, otherwise="missing")})
    (tmp_path / "a.csv").write_text(f"At,n\n{OFFSET},1\nsoon,2\n", encoding="utf-8")
    asked = msgspec.structs.replace(expected(source, {}), types={"At": "timestamp"})
    at = [datetime(2024, 5, 1, 6, tzinfo=UTC), None]
    assert find(asked, tmp_path).rows().collect()["at"].to_list() == at
    (tmp_path / "b.csv").write_text(f"At,n\n{OFFSET},1\n{OFFSET},2\n", encoding="utf-8")
    assert find(asked, tmp_path).rows().collect()["at"].to_list() == [*at, at[0], at[0]]


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
def test_a_database_says_which_times_are_instants(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setenv("SHOP_URL", postgres)
    trust(tmp_path, (Place("${SHOP_URL}", "server"),))
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute('create table t ("At" timestamptz, local timestamp)')
        db.execute("insert into t values ('2024-05-01 08:00+02', '2024-05-01 08:00')")
    columns = {"at": BERLIN, "there": Mapped(origin="local", zone="Europe/Berlin")}
    found = find(Source(read="${SHOP_URL}", table="t", map=columns), tmp_path).rows().collect()
    assert found.rows() == [(datetime(2024, 5, 1, 6, tzinfo=UTC),) * 2]


@pytest.mark.parametrize("other", ["2024-05-01T08:00:00", "2024-05-01"])
def test_a_column_that_says_its_zone_in_one_file_alone_is_refused(tmp_path: Path, other: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(f"At,n\n{OFFSET},1\n", encoding="utf-8")
    (tmp_path / "in" / "b.csv").write_text(f"At,n\n{other},2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"At says its zone in a\.csv, and not in b\.csv"):
        find(Source(read="in", map={"at": BERLIN}), tmp_path).rows()
    assert placed_in(tmp_path, Source(read="in", map={"at": "At"})) == ["06:00", "08:00" if "T" in other else "00:00"]


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("%d.%m.%Y %H:%M %z", "2024-05-01 08:00", "06:00"),
        ("%d.%m.%Y %H:%M %z", "01.05.2024 08:00 +0200", "06:00"),
        ("%d.%m.%Y %H:%M", "2024-05-01T08:00:00Z", "08:00"),
        ("%d.%m.%Y Uhrzeit %H:%M", "01.05.2024 Uhrzeit 08:00", "06:00"),
    ],
)
def test_the_form_in_which_texts_are_times_tells_whether_it_says_a_zone(
    tmp_path: Path, form: str, text: str, wanted: str
) -> None:
    """That is the stated one, or of a file in which no text is in that one of ISO 8601."""
    source = Source(read="*.csv", date_format={"At": form}, map={"at": BERLIN})
    (tmp_path / "a.csv").write_text(f"At,n\n{text},1\n", encoding="utf-8")
    assert placed_in(tmp_path, source) == [wanted]
    if text.startswith("2024-05-01 "):
        (tmp_path / "b.csv").write_text("At,n\n01.05.2024 08:00 +0200,1\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"At says its zone in b\.csv, and not in a\.csv"):
            find(source, tmp_path).rows()


@pytest.mark.parametrize("zoned", [False, True])
def test_a_file_without_a_value_says_nothing_of_the_zone_of_others(tmp_path: Path, zoned: bool) -> None:
    """As pandas writes what is missing throughout: of a type without a zone."""
    at = pl.Series("At", [datetime(2024, 5, 1, 8)]).dt.replace_time_zone("UTC" if zoned else None)
    at.to_frame().write_parquet(tmp_path / "a.parquet")
    none = pl.Series("At", [None], dtype=pl.Datetime("ns", None if zoned else "Europe/Berlin"))
    none.to_frame().write_parquet(tmp_path / "b.parquet")
    rows = find(Source(read="*.parquet", map={"at": BERLIN}), tmp_path).rows().collect()
    assert [each and f"{each:%H:%M}" for each in rows["at"]] == ["08:00" if zoned else "06:00", None]
