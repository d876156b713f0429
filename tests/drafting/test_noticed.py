"""What `treadle init` says of a table before anything is made of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from treadle.drafting.drafts import Wanted
from treadle.drafting.writing import write_project

ROWS = 60


def said(folder: Path, text: str, target: str = "y") -> list[str]:
    (folder / "given.csv").write_text(text, encoding="utf-8")
    asked = Wanted(folder=str(folder / "made"), source=str(folder / "given.csv"), target=target, owner="ada")
    return write_project(asked).guesses


def rows(header: str, *cells: str) -> str:
    """A table of 60 rows; y is 0, 1, 0, … and `cells` follow it, `{n}` as the row's number."""
    return "\n".join([header, *(",".join([str(n % 2), *(c.format(n=n % 7) for c in cells)]) for n in range(ROWS))])


def test_rows_without_a_label_are_counted(tmp_path: Path) -> None:
    text = rows("y,a", "{n}").replace("\n0,", "\n,", 5)
    assert "5 of 60 rows have no y: they are left out, of training as of tests" in said(tmp_path, text)


def test_a_column_of_numbers_and_a_few_texts_is_told(tmp_path: Path) -> None:
    text = rows("y,a,b", "{n}.5", "{n}").replace(",6.5,", ",unknown,").replace(",5.5,0", ",n/k,0")
    told = [line for line in said(tmp_path, text) if line.startswith("a: ")]
    count = 'a: 8 of 60 values are not numbers, such as "unknown"'
    assert told == [f"{count}: they are missing values of a column of numbers (null_values)"]
    assert "null_values: {a: [unknown]}" in (tmp_path / "made" / "treadle.yaml").read_text(encoding="utf-8")
    assert not [line for line in said_twice(tmp_path) if line.startswith("colour: ")]


def said_twice(tmp_path: Path) -> list[str]:
    folder = tmp_path / "second"
    folder.mkdir()
    return said(folder, rows("y,colour,b", "red", "{n}"))


def test_doubled_headers_are_told_with_what_they_are_called(tmp_path: Path) -> None:
    told = said(tmp_path, rows("y,a,a,a", "{n}", "1{n}", "2{n}"))
    assert 'the header has "a" 3 times: they are called a, a_duplicated_0 and a_duplicated_1' in told


def test_a_header_without_a_name_is_told(tmp_path: Path) -> None:
    told = said(tmp_path, rows("y,a,,", "{n}", "1{n}", "2{n}"))
    assert "column 3 has no name in the header: it is called column_3" in told
    assert "column 4 has no name in the header: it is called column_4" in told


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (" a ", 'the name " a " begins or ends with a blank or a quotation mark, which belongs to it'),
        ("'a'", "the name \"'a'\" begins or ends with a blank or a quotation mark, which belongs to it"),
    ],
)
def test_quotation_marks_and_blanks_of_headers_are_told(tmp_path: Path, header: str, told: str) -> None:
    assert told in said(tmp_path, rows(f"y,{header},b", "{n}", "{n}"))


def test_a_plain_table_has_nothing_to_be_told(tmp_path: Path) -> None:
    told = said(tmp_path, rows('y,"a b",b', "{n}", "{n}"))
    assert not [line for line in told if "header" in line or "not numbers" in line or "left out, of" in line]


def test_a_parquet_table_has_no_header(tmp_path: Path) -> None:
    pl.DataFrame({"y": [n % 2 for n in range(ROWS)], "a": list(range(ROWS))}).write_parquet(tmp_path / "t.parquet")
    asked = Wanted(folder=str(tmp_path / "made"), source=str(tmp_path / "t.parquet"), target="y", owner="ada")
    assert not [line for line in write_project(asked).guesses if "header" in line]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["12/31/2024"], "when: 12/31/2024 is read as 2024-12-31, the month first"),
        (["12/31/24"], "when: it looks like dates, such as 12/31/24, and is read as text"),
        (["2-Jan-2024"], "when: it looks like dates, such as 2-Jan-2024, and is read as text"),
        (["2024-12-31", "31.12.2024", "12/31/2024"], "when: it looks like dates in 3 forms, such as "),
        (["Dec 31, 2024", "Jan 1, 2025"], "when: it looks like dates, such as Dec 31, 2024, and is read as text"),
        (["05/04/2024"], "when: 05/04/2024 could be 2024-04-05 or 2024-05-04, so it is read as text"),
    ],
)
def test_dates_that_could_be_read_in_two_ways_are_told(tmp_path: Path, cells: list[str], told: str) -> None:
    lines = [f'{n % 2},{n % 7},"{cells[n % len(cells)]}"' for n in range(ROWS)]
    found = said(tmp_path, "\n".join(["y,a,when", *lines]))
    assert [line for line in found if line.startswith(told)], found


@pytest.mark.parametrize("cell", ["2024-12-31", "2024-12-31T10:00:00", "A-12-31-9", "12", "1.2.3"])
def test_what_is_a_time_or_no_date_is_not_told(tmp_path: Path, cell: str) -> None:
    found = said(tmp_path, rows("y,a,when", "{n}", cell))
    assert not [line for line in found if line.startswith("when: ")], found


def test_an_unusual_way_to_write_a_table_is_told(tmp_path: Path) -> None:
    found = said(tmp_path, rows("y,a,b", "{n}", "{n}").replace(",", ";"))
    assert "written with fields between semicolons, and read so" in found


def test_dates_in_less_than_most_of_a_column_are_not_told(tmp_path: Path) -> None:
    for dates, told in ((48, True), (47, False)):
        folder = tmp_path / str(dates)
        folder.mkdir()
        lines = [f"{n % 2},{n % 7},{'12/31/24' if n < dates else 'soon'}" for n in range(ROWS)]
        found = [line for line in said(folder, "\n".join(["y,a,when", *lines])) if line.startswith("when: ")]
        assert bool(found) is told, found


def test_each_thing_is_told_once(tmp_path: Path) -> None:
    told = said(tmp_path, rows("y,a,a,when", "{n}", "1{n}", "05/04/2024"))
    assert len([line for line in told if "header" in line]) == 1
    assert len([line for line in told if line.startswith("when: ")]) == 1


@pytest.mark.parametrize(
    ("cells", "read", "other"),
    [("1,234;7", "decimals", "."), ("1,234;5.678", "thousands", ",")],
)
def test_a_number_that_could_be_two_is_told_with_how_it_is_read(
    tmp_path: Path, cells: str, read: str, other: str
) -> None:
    lines = [f"{n % 2};{n % 7};{cells}" for n in range(ROWS)]
    (line,) = [line for line in said(tmp_path, "\n".join(["y;a;p;q", *lines])) if "behind the sign" in line]
    assert line.startswith("numbers such as 1,234 could") and f"are read as {read};" in line
    assert f'with decimal: "{other}"' in line
