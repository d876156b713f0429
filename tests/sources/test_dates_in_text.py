"""Dates in text: the form is told where it can be, said where it cannot, and decided by the source where it says it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.sources import Table, find_own, read, tabled
from treadle.sources.dates import form_of, parsed
from treadle.spec import Layout, Source

PLAIN = Layout()


def of(folder: Path, cells: list[str], layout: Layout = PLAIN) -> Table:
    pl.DataFrame({"when": cells}).write_csv(folder / "t.csv")
    return tabled(find_own(folder / "t.csv", layout))


@pytest.mark.parametrize(
    ("cells", "first", "form"),
    [
        (["2024-01-31", "2024-02-01"], date(2024, 1, 31), ""),
        (["2024/01/31"], date(2024, 1, 31), ""),
        (["2024-01-31T10:00:00Z", "2024-01-31T10:00:00.5+02:00"], datetime(2024, 1, 31, 10, tzinfo=UTC), ""),
        (["2024-01-31 10:00"], datetime(2024, 1, 31, 10, tzinfo=UTC), ""),
        (["2024-01-31 10:00:00 UTC"], datetime(2024, 1, 31, 10, tzinfo=UTC), ""),
        (["1/2/2024", "12/31/2024"], date(2024, 1, 2), "%m/%d/%Y"),
        (["1/2/2024", "31/12/2024"], date(2024, 2, 1), "%d/%m/%Y"),
        (["01-02-2024", "12-31-2024"], date(2024, 1, 2), "%m-%d-%Y"),
        (["01.02.2024"], date(2024, 2, 1), "%d.%m.%Y"),
        (["1/5/2024 9:05 PM", "1/25/2024 9:05 AM"], datetime(2024, 1, 5, 21, 5, tzinfo=UTC), "%m/%d/%Y %I:%M %p"),
        (["31.12.2024 14:00:01"], datetime(2024, 12, 31, 14, 0, 1, tzinfo=UTC), "%d.%m.%Y %H:%M:%S%.f"),
    ],
)
def test_a_form_that_can_be_told_is_read(tmp_path: Path, cells: list[str], first: date, form: str) -> None:
    table = of(tmp_path, cells)
    assert table.frame["when"][0] == first and table.frame["when"].null_count() == 0
    assert [note.format for note in table.notes if note.kind == "date"] == ([form] if form else [])


def test_what_could_be_either_stays_text_and_is_said_until_the_source_decides(tmp_path: Path) -> None:
    table = of(tmp_path, ["01/01/2024", "05/04/2024", "01/02/2024"])
    assert table.frame["when"].dtype == pl.String
    (note,) = table.notes
    assert note.kind == "unsure" and "2024-04-05 or 2024-05-04" in note.said and "date_format" in note.said
    for form, first in (("%d/%m/%Y", date(2024, 4, 5)), ("%m/%d/%Y", date(2024, 5, 4))):
        assert of(tmp_path, ["05/04/2024", "01/02/2024"], Layout(date_format={"when": form})).frame["when"][0] == first


@pytest.mark.parametrize(
    "cells", [["13/13/2024", "1/1/2024"], ["2024-01-01", "x"], ["1.2.3"], ["2024-02-30"], ["31/12/2024", "12/31/2024"]]
)
def test_what_is_no_date_in_one_form_stays_text(tmp_path: Path, cells: list[str]) -> None:
    assert of(tmp_path, cells).frame["when"].to_list() == cells


def test_a_value_in_another_form_than_was_said_is_kept_as_it_was_written(tmp_path: Path) -> None:
    found = of(tmp_path, ["05/04/2024", "soon"], Layout(date_format={"when": "%m/%d/%Y"})).frame["when"]
    assert found.to_list() == ["2024-05-04", "soon"]  # so a contract sets the second aside, and not the first


def test_of_several_files_one_tells_what_the_others_leave_open(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when\n05/04/2024\n")
    (tmp_path / "b.csv").write_text("when\n05/31/2024\n")
    found = read(Source(read="*.csv"), tmp_path)[1].collect()["when"].to_list()
    assert found == [date(2024, 5, 4), date(2024, 5, 31)]


def test_a_file_with_types_of_its_own_keeps_its_texts_until_the_source_says_otherwise(tmp_path: Path) -> None:
    pl.DataFrame({"when": ["12/31/2024"], "n": ["5"]}).write_parquet(tmp_path / "t.parquet")
    table = tabled(find_own(tmp_path / "t.parquet"))
    assert table.frame.rows() == [("12/31/2024", "5")]
    assert [(note.kind, note.format) for note in table.notes] == [("written", "%m/%d/%Y")]
    layout = Layout(date_format={"when": "%m/%d/%Y"})
    assert tabled(find_own(tmp_path / "t.parquet", layout)).frame["when"][0] == date(2024, 12, 31)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y"]))
def test_a_date_is_never_read_as_another(day: date, form: str) -> None:
    values = pl.Series([day.strftime(form)])
    told = form_of(values)
    assert told is not None
    forms = (told.format, told.either) if told.either else (told.format,)
    assert day in [parsed(values, each)[0] for each in forms]
    if not told.either:
        assert parsed(values, told.format)[0] == day


@pytest.mark.parametrize(
    ("text", "form", "read"),
    [
        ("2024-01-31  10:00", "%Y-%m-%d %H:%M", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31 10:00 +02:00", "%Y-%m-%d %H:%M %#z", datetime(2024, 1, 31, 8, tzinfo=UTC)),
        ("2024-01-31 10:00+0200", "%Y-%m-%d %H:%M%#z", datetime(2024, 1, 31, 8, tzinfo=UTC)),
        ("2024-01-31 12:30 AM", "%Y-%m-%d %I:%M %p", datetime(2024, 1, 31, 0, 30, tzinfo=UTC)),
        ("2024-01-31T10:00:01.5", "%Y-%m-%dT%H:%M:%S%.f", datetime(2024, 1, 31, 10, 0, 1, 500_000, tzinfo=UTC)),
    ],
)
def test_the_form_of_one_text_is_told_to_its_end_and_reads_it(text: str, form: str, read: datetime) -> None:
    told = form_of(pl.Series([text]))
    assert told is not None and (told.format, told.either) == (form, "") and parsed(pl.Series([text]), form)[0] == read
    assert told.iso == ("%p" not in form)


def test_one_number_above_twelve_tells_the_order_for_all() -> None:
    for cells, form in ((["1/2/2024", "5/13/2024"], "%m/%d/%Y"), (["1/2/2024", "13/5/2024"], "%d/%m/%Y")):
        assert [(t.format, t.either) for t in [form_of(pl.Series(cells))] if t] == [(form, "")]
    either = form_of(pl.Series(["12/12/2024"]))
    assert either is not None and either.either == "%m/%d/%Y"


def test_a_sample_of_a_column_tells_that_it_is_no_date() -> None:
    cells = ["2024-01-31"] * 1000
    assert form_of(pl.Series(cells)) is not None
    cells[505] = "x"
    assert form_of(pl.Series(cells)) is None, "each fifth is looked at"
    assert form_of(pl.Series(["2024-01-31" + " " * 40 + "10:00"])) is None
