"""A large table with a mapping comes in parts, and is to the bit what the whole is: rows, order, notes, refusals."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from polars.testing import assert_frame_equal, assert_series_equal

from treadle.errors import DataError
from treadle.mapping import NotMade, NotThere
from treadle.sources import MappedRows, expected, find, laid, mapped_parts, mapped_parts_of, parts
from treadle.sources.laid import Scratch
from treadle.spec import Mapped, Source

RATES = "day,from,to,rate\n2024-01-01,USD,EUR,0.9\n2024-01-05,USD,EUR,0.95\n2024-01-03,GBP,EUR,1.17\n"
FROM, MISSING = "from", "missing"
MAPS: dict[str, Any] = {
    "id": "nr",
    "km": {FROM: "dist", "unit": {FROM: "mi", "to": "km"}, "otherwise": MISSING},
    "count": {FROM: "text", "type": "int", "otherwise": MISSING},
    "eur": {
        FROM: "price", "otherwise": MISSING,
        "currency": {"column": "code", "to": "EUR", "on": "day", "rates": "rates.csv"},
    },
    "at": {FROM: "clock", "zone": "Europe/Berlin", "otherwise": MISSING},
    "twice": {"expression": "dist * 2 + nr"},
    "city": "address.city",
    "one": {"expression": "1"},
}  # fmt: skip
ROW = st.fixed_dictionaries(
    {
        "dist": st.one_of(st.none(), st.floats(allow_nan=True, width=64)),
        "text": st.sampled_from(["1", "22", "x", "", None, " 7", "1e3"]),
        "price": st.one_of(st.none(), st.floats(-1e6, 1e6)),
        "code": st.sampled_from(["USD", "gbp ", "EUR", "XXX", None]),
        "day": st.one_of(st.none(), st.dates(date(2023, 12, 30), date(2024, 1, 9))),
        "clock": st.one_of(
            st.none(),
            st.integers(0, 400).map(lambda n: datetime(2024, 10, 27) + timedelta(minutes=n)),  # the hour that is twice
            st.integers(0, 400).map(lambda n: datetime(2024, 3, 31) + timedelta(minutes=n)),  # the hour that is not
        ),
        "address": st.fixed_dictionaries({"city": st.sampled_from(["ä", "b", None])}),
        "more": st.integers(-3, 3),
    }
)
SCHEMA = {
    "nr": pl.Int64, "dist": pl.Float64, "text": pl.String, "price": pl.Float64, "code": pl.String, "day": pl.Date,
    "clock": pl.Datetime("us"), "address": pl.Struct({"city": pl.String}), "more": pl.Int32,
}  # fmt: skip


def source_of(columns: dict[str, Any], *, unmapped: str = "keep") -> Source:
    import msgspec

    return msgspec.convert({"read": "t.parquet", "map": columns, "unmapped": unmapped}, Source)


def written(folder: Path, rows: list[dict[str, Any]], group: int) -> None:
    frame = pl.DataFrame([{"nr": n, **row} for n, row in enumerate(rows)], schema=SCHEMA)
    frame.write_parquet(folder / "t.parquet", row_group_size=group)
    (folder / "rates.csv").write_text(RATES, encoding="utf-8")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 200)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, max_size=40),
    group=st.integers(1, 12),
    names=st.sets(st.sampled_from(sorted(MAPS)), min_size=1),
    unmapped=st.sampled_from(["keep", "drop"]),
)
@pytest.mark.usefixtures("small")
def test_parts_are_the_whole(
    tmp_path: Path, rows: list[dict[str, Any]], group: int, names: set[str], unmapped: str
) -> None:
    written(tmp_path, rows, group)
    source = source_of({name: MAPS[name] for name in sorted(names)}, unmapped=unmapped)
    whole, found = find(source, tmp_path), find(source, tmp_path)
    assert isinstance(whole, MappedRows) and isinstance(found, MappedRows)
    wanted = whole.rows().collect()
    made = mapped_parts_of(found, "")
    if made is None:
        assert not rows
        return
    assert made.rows == len(rows) and dict(made.schema) == dict(wanted.schema)
    for _ in range(2):  # equal parts in equal order each time
        assert_frame_equal(pl.concat(made.read()), wanted, check_exact=True)
        assert found.notes == whole.notes
    for some in itertools.islice(itertools.combinations(wanted.columns, 2), 0, None, 4):
        assert_frame_equal(pl.concat(made.read(list(some))), wanted.select(some), check_exact=True)


@pytest.mark.usefixtures("small")
def test_what_is_refused_is_refused_at_its_row(tmp_path: Path) -> None:
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    del row["nr"]
    written(tmp_path, [{**row, "text": "x" if n in (31, 33, 39) else "1"} for n in range(40)], 4)
    found = find(source_of({"count": {"from": "text", "type": "int"}}), tmp_path)
    assert isinstance(found, MappedRows)
    made = mapped_parts_of(found, "here")
    assert made is not None
    with pytest.raises(NotMade, match=r'count \(from text\): "x" is no whole number \(row 32\b'):
        list(made.read())
    with pytest.raises(NotMade, match=r"\(row 32\b"):
        list(made.read(["count"]))


@pytest.mark.usefixtures("small")
def test_a_column_that_is_not_there_is_told_with_rows_to_find_it_by(tmp_path: Path) -> None:
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    del row["nr"]
    written(tmp_path, [{**row, "price": float(n)} for n in range(40)], 4)
    found = find(source_of({"id": "number"}), tmp_path)
    assert isinstance(found, MappedRows)
    with pytest.raises(NotThere) as caught:
        mapped_parts_of(found, "here")
    assert caught.value.rows.height > 0
    with pytest.raises(DataError, match="another one that is called so and is kept"):
        kept = find(source_of({"more": "nr"}), tmp_path)
        assert isinstance(kept, MappedRows)
        mapped_parts_of(kept, "here")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_times_that_come_with_a_zone_are_left_in_parts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, zone: str | None
) -> None:
    monkeypatch.setattr(laid, "LAID_FROM", 1)
    clock = pl.Series("clock", [datetime(2024, 7, 1, hour) for hour in range(24)]).dt.replace_time_zone(zone)
    frame = pl.DataFrame({"nr": range(24), "clock": clock})
    if name == "t.csv":
        frame.with_columns(clock.dt.to_string("%Y-%m-%dT%H:%M:%S%:z" if zone else "iso")).write_csv(tmp_path / name)
    else:
        frame.write_parquet(tmp_path / name, row_group_size=4)
    source = Source(read=name, map={"id": "nr", "at": Mapped(origin="clock", zone="Europe/Berlin")})
    whole, found = find(source, tmp_path), find(source, tmp_path)
    wanted = clock.dt.replace_time_zone(zone or "Europe/Berlin").dt.convert_time_zone("UTC").alias("at")
    assert_series_equal(whole.rows().collect()["at"], wanted)
    made = mapped_parts_of(found, "", Scratch(lambda: tmp_path / "scratch"))
    assert made is not None
    assert_series_equal(pl.concat(made.read())["at"], wanted)
    assert_series_equal(pl.concat(made.read(["at"]))["at"], wanted)


@pytest.mark.usefixtures("small")
def test_of_files_with_one_name_each_tells_whether_it_says_a_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later one's word is not that of all; and one that is gone meanwhile is refused."""
    clock = pl.Series("clock", [datetime(2024, 7, 1, 8)])
    for year, zone in ((2024, None), (2025, "Europe/Berlin")):
        (tmp_path / "in" / f"year={year}").mkdir(parents=True)
        clock.dt.replace_time_zone(zone).to_frame().write_parquet(tmp_path / "in" / f"year={year}" / "t.parquet")
    source = Source(read="in", map={"at": Mapped(origin="clock", zone="Europe/Berlin")})
    for read in (lambda found: found.rows(), lambda found: mapped_parts_of(found, "")):
        with pytest.raises(DataError, match=r"clock says its zone in t\.parquet, and not in"):
            read(find(source, tmp_path))
    (tmp_path / "in" / "year=2025" / "t.parquet").unlink()
    whole = mapped_parts.parts_of

    def then_gone(*asked: Any) -> Any:
        made = whole(*asked)
        (tmp_path / "in" / "year=2024" / "t.parquet").unlink()
        return made

    monkeypatch.setattr(mapped_parts, "parts_of", then_gone)
    with pytest.raises(DataError, match="cannot be read as parquet"):
        mapped_parts_of(find(source, tmp_path), "")


@pytest.mark.parametrize("second", ["soon", "01.07.2024 06:30 +0000"])
def test_texts_beside_an_odd_value_keep_their_zone_in_parts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    monkeypatch.setattr(laid, "LAID_FROM", 1)
    for name, other in (("a", "2024-07-01T08:30:00+02:00"), ("b", second)):
        first = "2024-07-01T08:00:00+02:00" if other[2] != "." else "01.07.2024 06:00 +0000"
        (tmp_path / f"{name}.csv").write_text(f"clock,n\n{first},1\n{other},2\n", encoding="utf-8")
    at = Mapped(origin="clock", zone="Europe/Berlin", otherwise="missing")
    source = replace(expected(Source(read="*.csv", map={"at": at}), {}), types={"clock": "timestamp"})
    whole = find(source, tmp_path).rows().collect()
    made = mapped_parts_of(find(source, tmp_path), "", Scratch(lambda: tmp_path / "scratch"))
    assert made is not None
    assert_frame_equal(pl.concat(made.read()), whole)
    assert [f"{each:%H:%M}" for each in whole["at"].drop_nulls()] == ["06:00", "06:30", "06:00", "06:30"][
        : whole["at"].count()
    ]


@pytest.mark.parametrize(
    ("other", "form", "refused"),
    [
        ("13.07.2024 08:00", "", True),
        ("2024-07-13 08:00", "", True),
        ("13.07.2024", "", True),
        ("2024-07-13 08:00", "%d.%m.%Y %H:%M %z", True),
        ("14.07.2024 08:00 +0100", "%d.%m.%Y %H:%M %z", False),
        ("2024-07-13T08:00:00Z", "", False),
    ],
)
def test_a_text_that_says_its_zone_in_one_file_alone_is_refused_in_parts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, form: str, refused: bool
) -> None:
    monkeypatch.setattr(laid, "LAID_FROM", 1)
    for name, text in (("a", "13.07.2024 08:00 +0200"), ("b", other)):
        (tmp_path / f"{name}.csv").write_text(f"clock,n\n{text},1\n", encoding="utf-8")
    dated = {"clock": form} if form else {}
    source = Source(read="*.csv", date_format=dated, map={"at": Mapped(origin="clock", zone="Europe/Berlin")})
    scratch = Scratch(lambda: tmp_path / "scratch")
    if not refused:
        made = mapped_parts_of(find(source, tmp_path), "", scratch)
        assert made is not None
        assert_frame_equal(pl.concat(made.read()), find(source, tmp_path).rows().collect())
        return
    for read in (lambda found: found.rows(), lambda found: mapped_parts_of(found, "", scratch)):
        with pytest.raises(DataError, match=r"clock says its zone in a\.csv, and not in b\.csv"):
            read(find(source, tmp_path))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("filled", [True, False])
def test_a_large_file_without_a_value_says_nothing_of_the_zone_of_others(tmp_path: Path, filled: bool) -> None:
    clock = pl.Series("clock", [datetime(2024, 7, 1, hour) for hour in range(24)])
    frame = pl.DataFrame({"nr": range(24), "clock": clock.dt.replace_time_zone("UTC")})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=4)
    last = pl.Series("clock", [None] * 23 + [clock[0] if filled else None], dtype=pl.Datetime("us"))
    frame.with_columns(last).write_parquet(tmp_path / "b.parquet", row_group_size=4)
    source = Source(read="*.parquet", map={"at": Mapped(origin="clock", zone="Europe/Berlin")})
    if filled:
        with pytest.raises(DataError, match=r"clock says its zone in a\.parquet, and not in b\.parquet"):
            mapped_parts_of(find(source, tmp_path), "")
        return
    made = mapped_parts_of(find(source, tmp_path), "")
    assert made is not None
    assert_frame_equal(pl.concat(made.read()), find(source, tmp_path).rows().collect())
