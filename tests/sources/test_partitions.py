"""Folders called `year=2024/month=05` are columns, of whatever format their files are, whole and in parts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from treadle.errors import DataError
from treadle.sources import find, look, parts, parts_of
from treadle.spec import Source

ORDERS = Source(read="orders")


def put(root: Path, place: str, frame: pl.DataFrame) -> None:
    file = root / "orders" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    (frame.write_csv if file.suffix == ".csv" else frame.write_parquet)(file)


def rows(root: Path, source: Source = ORDERS) -> pl.DataFrame:
    return find(source, root).rows().collect()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_each_name_is_a_column_after_those_of_the_files(tmp_path: Path, ending: str) -> None:
    put(tmp_path, f"year=2024/month=05/a.{ending}", pl.DataFrame({"n": [1, 2]}))
    put(tmp_path, f"year=2024/month=05/b.{ending}", pl.DataFrame({"n": [3]}))
    put(tmp_path, f"year=2023/month=12/a.{ending}", pl.DataFrame({"n": [4]}))
    (tmp_path / "orders" / "_SUCCESS").touch()
    wanted = pl.DataFrame({"n": [4, 1, 2, 3], "year": [2023, 2024, 2024, 2024], "month": [12, 5, 5, 5]})
    assert_frame_equal(rows(tmp_path), wanted)
    assert_frame_equal(look(ORDERS, tmp_path).rows, wanted)
    assert rows(tmp_path, Source(read="orders/year=2024")).columns == ["n", "month"], "one that is named is no column"


def test_types_are_those_of_all_values_and_none_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "day=2024-05-01/shop=a%20b/x.parquet", pl.DataFrame({"n": [1]}))
    put(tmp_path, "day=2024-05-02/shop=7/x.parquet", pl.DataFrame({"n": [2]}))
    put(tmp_path, "day=__HIVE_DEFAULT_PARTITION__/shop=8/x.parquet", pl.DataFrame({"n": [3]}))
    assert rows(tmp_path).rows() == [(1, date(2024, 5, 1), "a b"), (2, date(2024, 5, 2), "7"), (3, None, "8")]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (("9" * 19, "1"), ["9" * 19, "1"]),  # more than a whole number holds
        (("9" * 18, "1"), [int("9" * 18), 1]),
        (("-1", "2"), [-1, 2]),
        (("2024-W18-3", "2024-W18-4"), ["2024-W18-3", "2024-W18-4"]),  # a day of a week is read as text, and not lost
        (("2024-05-01", "7"), ["2024-05-01", "7"]),
    ],
)
def test_no_value_is_lost_to_a_type(tmp_path: Path, values: tuple[str, ...], wanted: list[object]) -> None:
    for value in values:
        put(tmp_path, f"v={value}/a.parquet", pl.DataFrame({"n": [1]}))
    assert set(rows(tmp_path).get_column("v")) == set(wanted)


def test_a_name_is_escaped_as_a_value_is_and_where_no_value_is_said_it_is_text(tmp_path: Path) -> None:
    put(tmp_path, "the%20shop=__HIVE_DEFAULT_PARTITION__/a.parquet", pl.DataFrame({"n": [1]}))
    assert_frame_equal(rows(tmp_path), pl.DataFrame({"n": [1], "the shop": [None]}, schema_overrides={"the shop": str}))


def test_what_is_hidden_is_no_part_of_the_table(tmp_path: Path) -> None:
    put(tmp_path, "year=2024/a.csv", pl.DataFrame({"n": [1]}))
    for name in (".DS_Store", "_temporary", "year=2024/.a.csv.crc"):
        (tmp_path / "orders" / name).write_text("none of it")
    assert rows(tmp_path).rows() == [(1, 2024)]


def test_folders_lie_in_folders_up_to_a_bound(tmp_path: Path) -> None:
    put(tmp_path, "/".join(f"k{n}={n}" for n in range(6)) + "/a.csv", pl.DataFrame({"n": [7]}))
    assert rows(tmp_path).rows() == [(7, *range(6))]
    put(tmp_path / "deep", "/".join(f"k{n}={n}" for n in range(17)) + "/a.csv", pl.DataFrame({"n": [7]}))
    with pytest.raises(DataError, match="orders has more than 16 levels of folders"):
        find(ORDERS, tmp_path / "deep")


def test_where_a_file_lies_is_part_of_the_name_of_what_was_read(tmp_path: Path) -> None:
    put(tmp_path, "year=2024/a.parquet", pl.DataFrame({"n": [1]}))
    before = find(ORDERS, tmp_path).digest
    (tmp_path / "orders" / "year=2024").rename(tmp_path / "orders" / "year=2025")
    assert find(ORDERS, tmp_path).digest != before and rows(tmp_path).rows() == [(1, 2025)]


def test_a_file_may_hold_the_column_too_with_the_same_value(tmp_path: Path) -> None:
    put(tmp_path, "year=2024/a.parquet", pl.DataFrame({"year": ["2024", "2024"], "n": [1, 2]}))
    assert rows(tmp_path).rows() == [(1, 2024), (2, 2024)]
    put(tmp_path, "year=2023/a.parquet", pl.DataFrame({"year": ["2024"], "n": [1]}))
    with pytest.raises(DataError, match=r"a\.parquet lies in year=2023, and has a column year with other values"):
        rows(tmp_path)


def test_a_gap_in_a_file_is_another_value_than_its_folder_says(tmp_path: Path) -> None:
    put(tmp_path, "year=__HIVE_DEFAULT_PARTITION__/a.parquet", pl.DataFrame({"year": [None], "n": [1]}))
    put(tmp_path, "year=2024/a.parquet", pl.DataFrame({"year": [2024], "n": [2]}))
    assert set(rows(tmp_path).rows()) == {(1, None), (2, 2024)}
    put(tmp_path, "year=2024/a.parquet", pl.DataFrame({"year": [2024, None], "n": [2, 3]}))
    with pytest.raises(DataError, match="lies in year=2024, and has a column year with other values"):
        rows(tmp_path)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (("year=2024/a.csv", "month=05/a.csv"), "holds month=… and year=… at one level"),
        (("year=2024/a.csv", "b.csv"), "orders is partitioned, and holds b.csv at one level"),
        (("year=2024/a.csv", "more/a.csv"), "orders is partitioned, and holds more at one level"),
        (("more/a.csv",), "orders is a folder that holds the folder more"),
    ],
)
def test_what_is_no_partitioned_table_is_refused(tmp_path: Path, places: tuple[str, ...], said: str) -> None:
    for place in places:
        put(tmp_path, place, pl.DataFrame({"n": [1]}))
    with pytest.raises(DataError, match=said):
        find(ORDERS, tmp_path)


def test_parts_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for month in range(1, 4):
        frame = pl.DataFrame({"n": range(20), "x": [month / 3] * 20})
        put(tmp_path, f"year=2024/month=0{month}/a.parquet", frame)
    whole = rows(tmp_path)
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 100)
    made = parts_of(find(ORDERS, tmp_path), "")
    assert made is not None and made.rows == 60 and made.schema == whole.schema
    assert len(list(made.read())) > 3
    assert_frame_equal(pl.concat(made.read()), whole)
    for some in (["month"], ["x", "month"], ["year", "n"]):
        assert_frame_equal(pl.concat(made.read(some)), whole.select(some))


@pytest.mark.parametrize(
    ("place", "own"),
    [
        ("day=2024-05-01", [datetime(2024, 5, 1, 9), datetime(2024, 5, 1, 17, 30)]),
        ("m=5", [5.2, 5.9]),
        ("m=5", ["five", "5"]),
        ("day=__HIVE_DEFAULT_PARTITION__", ["hello", None]),
    ],
)
def test_a_column_that_says_more_than_its_folder_is_not_dropped(tmp_path: Path, place: str, own: list[object]) -> None:
    name = place.partition("=")[0]
    put(tmp_path, f"{place}/a.parquet", pl.DataFrame({"n": [1, 2], name: own}))
    put(tmp_path, f"{name}={'2024-05-02' if name == 'day' else 6}/a.parquet", pl.DataFrame({"n": [3]}))
    with pytest.raises(DataError, match=r"has a column .* with other values"):
        rows(tmp_path)


@pytest.mark.parametrize("own", [[5, 5], [5.0, 5.0], ["5", "05"]])
def test_a_column_that_says_what_its_folder_does_is_one(tmp_path: Path, own: list[object]) -> None:
    put(tmp_path, "m=05/a.parquet", pl.DataFrame({"n": [1, 2], "m": own}))
    assert rows(tmp_path).rows() == [(1, 5), (2, 5)]


def test_digits_of_other_scripts_are_text(tmp_path: Path) -> None:
    for value in ("٣", "4"):
        put(tmp_path, f"m={value}/a.parquet", pl.DataFrame({"n": [1]}))
    assert set(rows(tmp_path).get_column("m")) == {"٣", "4"}
