"""Files as they really come: each is read right, or refused in one sentence with its line and what mends it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.sources import Table, find_own, tabled
from treadle.sources.delimited import called
from treadle.spec import Layout

PLAIN = Layout()


def of(folder: Path, content: str | bytes, layout: Layout = PLAIN, name: str = "t.csv") -> Table:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tabled(find_own(folder / name, layout, where="--from"), "--from")


@pytest.mark.parametrize(
    ("content", "layout", "said"),
    [
        ("a,b\n1,2\n3\n4,5\n", Layout(), r"t.csv, line 3, .*the row has 1 field by the comma, and the header 2"),
        ("a,b\n1,2\n\n3,4,5\n", Layout(), r"t.csv, line 4, .*the row has 3 fields"),
        ('a,b\n"x\ny",2\n3\n', Layout(), r"t.csv, line 4, .*the row has 1 field"),
        ("a;b\n1,5;2\n1;2;3\n2;2\n", Layout(), r"line 3, .*3 fields by the semicolon"),
        ("top\n\na,b\n1,2,3\n", Layout(skip_rows=2), r"t.csv, line 4, .*3 fields"),
        ('a,b\n1,2\n3,"4\n5,6\n', Layout(), "line 3, .*a quotation mark opens in this line and is never closed"),
        ('a,b\n1,2\n3,"' + "4,5\n" * 5_000_000, Layout(), "line 3, .*more than 16,777,216 characters"),
        ('a,b\n1,"x"y\n', Layout(), "line 2, .*marks of quotation do not fit"),
        ("report\n\na,b\n1,2\n", Layout(), r"line 3(.|\n)*skip_rows"),
        ("", Layout(), "the file is empty"),
        (b"a,b\n1,\x00\n", Layout(), "line 2, .*byte of zero"),
        ("a,b\n1,ß\n".encode("latin-1"), Layout(encoding="utf-8"), r"line 2, .*not written in utf-8(.|\n)*leave out"),
        ("a\n1\n", Layout(encoding="klingon"), 'there is no encoding "klingon"'),
        (
            "a\n1\n",
            Layout(null_values={"aa": ("x",)}),
            r'no column "aa", of which `null_values` speaks(.|\n)*did you mean "a"',
        ),
        ("a\n1\n", Layout(date_format={"aa": "%Y"}), 'no column "aa", of which `date_format` speaks'),
        ("a\nx\n", Layout(date_format={"a": "%Y-%m-%d"}), 'no value is written as %Y-%m-%d, such as "x"'),
        (b"PAR1" + b"x" * 20, Layout(), r"by its first bytes it is a Parquet file(.|\n)*format: parquet"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, content: str | bytes, layout: Layout, said: str
) -> None:
    with pytest.raises(DataError, match=said) as found:
        of(tmp_path, content, layout)
    assert found.value.where == "--from" and found.value.mend


@pytest.mark.parametrize(
    ("content", "layout", "rows"),
    [
        ("a,b\n1,2\n\n3,4\n", Layout(), [(1, 2), (3, 4)]),
        ("a,b\n1,2\n,\n3,\n", Layout(), [(1, 2), (3, None)]),
        ("a,b\r1,2\r3,4\r", Layout(), [(1, 2), (3, 4)]),
        ('a,b\n1,5" pipe\n2,"x"\n', Layout(), [(1, '5" pipe'), (2, "x")]),
        ('a,b\n1,"x,""y""\nz"\n', Layout(), [(1, 'x,"y"\nz')]),
        ("ä,b\n1,ß\n".encode("utf-16-le"), Layout(), [(1, "ß")]),
        ("ä,b\n1,ß\n".encode("cp850"), Layout(encoding="cp850"), [(1, "ß")]),
        ("a^b\n1^2\n", Layout(separator="^"), [(1, 2)]),
        ("a b\n1 2\n", Layout(separator=" "), [(1, 2)]),
        ("a,b\n1,'x,y'\n", Layout(quote_char="'"), [(1, "x,y")]),
        ("top\n\na,b\n1,2\n", Layout(skip_rows=2), [(1, 2)]),
        ("id\n18446744073709551615\n1\n", Layout(), [("18446744073709551615",), ("1",)]),
        ("t\n14:30:00\n", Layout(), [("14:30:00",)]),
        ("a,b\nTRUE,x\nFalse,y\n", Layout(), [(True, "x"), (False, "y")]),
        ("a\n 1\n 2.5 \n", Layout(), [(1.0,), (2.5,)]),
        ("age,b\n5,x\nunknown,-\n", Layout(null_values={"age": ("unknown",)}), [(5, "x"), (None, "-")]),
        ("age,b\n5,x\n-,-\n", Layout(null_values=("-",)), [(5, "x"), (None, None)]),
    ],
)
def test_what_can_be_read_is_read_right(
    tmp_path: Path, content: str | bytes, layout: Layout, rows: list[tuple[object, ...]]
) -> None:
    assert of(tmp_path, content, layout).frame.rows() == rows


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["a", "a", "a"], ["a", "a_duplicated_0", "a_duplicated_1"]),
        (["", "b", " "], ["column_1", "b", "column_3"]),
        (["a_duplicated_0", "a", "a"], ["a_duplicated_0", "a", "a_duplicated_1"]),
        (["column_2", ""], ["column_2", "column_2_duplicated_0"]),
    ],
)
def test_every_column_gets_a_name_of_its_own(header: list[str], names: list[str]) -> None:
    assert called(header) == names


@given(st.lists(st.sampled_from(["", " ", "a", "a_duplicated_0", "column_1", "column_2"]), max_size=8))
def test_names_never_stand_twice(header: list[str]) -> None:
    made = called(header)
    assert len(set(made)) == len(made) == len(header) and all(name.strip() for name in made)


@pytest.mark.parametrize("dtype", [pl.UInt64, pl.Int128, pl.UInt128])
@pytest.mark.parametrize(("value", "kept"), [(7, 7), (2**63, str(2**63))])
def test_whole_numbers_beyond_64_bits_are_texts(
    tmp_path: Path, dtype: type[pl.DataType], value: int, kept: int | str
) -> None:
    pl.DataFrame({"a": pl.Series([value, 1], dtype=dtype)}).write_ipc(tmp_path / "t.arrow")
    assert tabled(find_own(tmp_path / "t.arrow")).frame["a"].to_list() == [kept, type(kept)(1)]


def test_times_of_day_and_durations_are_read(tmp_path: Path) -> None:
    from datetime import time, timedelta

    frame = pl.DataFrame({"t": [time(14, 30), None], "d": [timedelta(minutes=2), None]})
    frame.write_ipc(tmp_path / "t.arrow")
    assert tabled(find_own(tmp_path / "t.arrow")).frame.rows() == [("14:30:00", 120.0), (None, None)]


CELLS = st.sampled_from(["", "1", "x", 'a"b', "a,b", "a\nb", "-1.5", " "])


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12), st.sampled_from([",", ";", "\t", "|"]))
def test_what_is_written_by_the_book_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], separator: str
) -> None:
    wanted = pl.DataFrame([("x", "y", "z"), *rows], schema=["k", "l", "m"], orient="row")
    wanted = wanted.with_columns(pl.all().replace("", None))
    folder = tmp_path_factory.mktemp("t")
    found = of(folder, wanted.write_csv(separator=separator)).frame
    kept = wanted.filter(~pl.all_horizontal(pl.all().is_null()))
    assert found.height == kept.height and found.columns == kept.columns
    assert found.filter(pl.lit(True)).select(pl.all().cast(pl.String)).row(0) == ("x", "y", "z")
