"""Numbers as people write them, and words among them."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.sources import Table, Words, find_own, tabled, words_of
from treadle.sources.databases import own_rows
from treadle.sources.figures import Signs, numbers, plain, signs_of
from treadle.sources.harmony import told_by_type
from treadle.spec import Layout, Source

PLAIN = Layout()


def of(folder: Path, text: str, layout: Layout = PLAIN) -> Table:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return tabled(find_own(folder / "t.csv", layout))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('p\n"$1,000"\n"$2,500.50"\n', [1000.0, 2500.5]),
        ('p\n"1,000"\n5\n', [1000, 5]),
        ("p\n5%\n7.5%\n", [5.0, 7.5]),
        ("p\n(3.50)\n-1\n", [-3.5, -1.0]),
        ("p\n€ 12\n-€3\n", [12, -3]),
        ("p\n1 000\n12 345\n", [1000, 12345]),
        ("p;q\n1.234,56;a\n2,5;b\n", [1234.56, 2.5]),
        ("p;q\n1.234;1,5\n3.456;2,5\n", [1234, 3456]),
        ('p\n"1,00"\n2\n', ["1,00", "2"]),
        ("p\n$5\nmany\n", ["$5", "many"]),
        ("p\n555-1234\n555-9876\n", ["555-1234", "555-9876"]),
        ("p\nA1\nB2\n", ["A1", "B2"]),
    ],
)
def test_a_column_of_numbers_with_marks_is_numbers(tmp_path: Path, text: str, rows: list[object]) -> None:
    assert of(tmp_path, text).frame["p"].to_list() == rows


def test_numbers_with_marks_are_said_and_plain_ones_are_not(tmp_path: Path) -> None:
    said = [note.said for note in of(tmp_path, 'p,q\n"$1,000",1.5\n').notes]
    assert said == ['p: numbers with marks are read as numbers, "$1,000" as 1000']
    assert of(tmp_path, "p;q\n1,5;2\n").notes == ()


@pytest.mark.parametrize(
    ("layout", "value"),
    [(Layout(), 1.234), (Layout(decimal=","), 1.234), (Layout(thousands=","), 1234), (Layout(decimal="."), 1234)],
)
def test_a_comma_that_could_be_either_is_said_and_decided_by_the_source(
    tmp_path: Path, layout: Layout, value: float
) -> None:
    table = of(tmp_path, "p;q\n1,234;x\n", layout)
    assert table.frame["p"][0] == value
    assert table.dialect is not None and bool(table.dialect.unsure) == (layout == Layout())


@given(st.integers(-(10**12), 10**12), st.sampled_from([",", ".", " ", "'"]), st.sampled_from(["", "$", "€ "]))
def test_a_whole_number_is_read_back_however_its_thousands_are_parted(number: int, sign: str, money: str) -> None:
    text = f"{'-' if number < 0 else ''}{money}{abs(number):,}".replace(",", sign)
    signs = Signs(",", ". '") if sign == "." else Signs()
    found = numbers(plain(pl.Series([text]), signs))
    assert found is not None and found[0] == number


def filled(words: list[str], count: int, rows: int) -> str:
    return "\n".join(["a", *(words[n % len(words)] if n < count else str(n) for n in range(rows))])


@pytest.mark.parametrize(
    ("text", "count", "why"),
    [
        (filled(["unknown", "n/a", "-"], 20, 100), 20, ""),
        (filled(["unknown"], 21, 100), 21, "more than 20% are"),
        (filled([f"PC {n}" for n in range(21)], 21, 300), 21, "more than 20 are different"),
    ],
)
def test_words_among_numbers_are_counted_up_to_a_share(tmp_path: Path, text: str, count: int, why: str) -> None:
    (words,) = words_of(of(tmp_path, text), find_own(tmp_path / "t.csv"))
    assert (words.count, words.why, words.numbers) == (count, why, not why)


@pytest.mark.parametrize("text", ["a\nx\ny\n1\n", "a\n2024-01-01\nx\n", "a\n1\n2\n", "a\n\n\n"])
def test_a_column_that_is_no_numbers_has_no_words(tmp_path: Path, text: str) -> None:
    assert words_of(of(tmp_path, text), find_own(tmp_path / "t.csv")) == []


def test_what_a_file_calls_text_stays_text(tmp_path: Path) -> None:
    pl.DataFrame({"zip": ["N/A", *(str(10_000 + n) for n in range(20))]}).write_parquet(tmp_path / "t.parquet")
    reading = find_own(tmp_path / "t.parquet")
    (words,) = words_of(tabled(reading), reading)
    assert not words.numbers and words.why == "parquet calls the column text"


def test_two_brackets_are_a_minus_and_one_is_no_number() -> None:
    cells = pl.Series(["(5)", "(5", "5)", "( $7 )", "USD5EUR", "$5%", "0,123"])
    assert plain(cells, Signs()).to_list() == ["-5", None, None, "-7", None, None, None]


@pytest.mark.parametrize(
    ("cells", "two"),
    [
        (["$5", "€6"], "$5 and €6"),
        (["7%", "$5"], "7% and $5"),
        (["50%", "0.5"], "50% and 0.5"),
        (["1", "5 EUR", "6 USD"], "5 EUR and 6 USD"),
        (["50%", "0", "5%"], ""),
        (["$5", "USD 6", "7"], ""),
    ],
)
def test_signs_that_are_not_of_one_kind_make_no_numbers(tmp_path: Path, cells: list[str], two: str) -> None:
    table = of(tmp_path, "\n".join(["p", *cells]))
    assert (table.frame["p"].dtype == pl.String) == bool(two)
    assert not two or [note.said for note in table.notes] == [
        f"p: {two} are no numbers of one kind, so it is read as text"
    ]
    assert words_of(of(tmp_path, "\n".join(["p", *(cells * 4), "x"])), find_own(tmp_path / "t.csv")) == [] or not two


@pytest.mark.parametrize(
    ("values", "kind", "found"),
    [
        (["9007199254740993", "9007199254740992", None], (20, 0), [2**53 + 1, 2**53, None]),
        (["1000000000000000000000", "1"], (38, 0), ["1000000000000000000000", "1"]),
        (["1.25", "3"], (10, 2), [1.25, 3.0]),
        (["0.1", "3.3"], (38, 18), [0.1, 3.3]),
        (["9007199254740993", "9007199254740992"], (38, 1), [2**53 + 1, 2**53]),
        (["9007199254740992.5", "9007199254740992.2"], (38, 1), ["9007199254740992.5", "9007199254740992.2"]),
        (["9999999999999.997", "9999999999999.996"], (16, 3), ["9999999999999.997", "9999999999999.996"]),
        (
            ["9999999999999.997", "9999999999999.996", "-1.5"],
            (20, 3),
            ["9999999999999.997", "9999999999999.996", "-1.500"],
        ),
        (
            ["-9999999999999.997", "-9999999999999.996", "1.5"],
            (20, 3),
            ["-9999999999999.997", "-9999999999999.996", "1.500"],
        ),
        ([f"{2**63}.0", f"{2**63 + 1}.0"], (38, 1), [f"{2**63}.0", f"{2**63 + 1}.0"]),
        (["1", "2"], (19, 0), [1, 2]),
    ],
)
def test_decimals_that_a_file_tells_apart_stay_apart(
    tmp_path: Path, values: list[str | None], kind: tuple[int, int], found: list[object]
) -> None:
    column = pl.Series("p", [None if each is None else Decimal(each) for each in values], dtype=pl.Decimal(*kind))
    pl.DataFrame([column]).write_parquet(tmp_path / "t.parquet")
    assert tabled(find_own(tmp_path / "t.parquet")).frame["p"].to_list() == found
    assert told_by_type(pl.Decimal(*kind)) == (kind == (10, 2))


FAR = [str(2**53 + n) for n in range(1, 5)]


@pytest.mark.parametrize(
    ("odd", "value"), [("7.0", 7), ("1e3", 1000), ("1.50E+1", 15), ("1.5", None), ("inf", None), ("1e300", None)]
)
def test_whole_numbers_beyond_a_float_are_told_apart_beside_a_fraction(
    tmp_path: Path, odd: str, value: int | None
) -> None:
    table = of(tmp_path, "\n".join(["p", *FAR, odd]))
    assert table.frame["p"].to_list() == ([*map(int, FAR), value] if value else [*FAR, odd])
    assert [note.kind for note in table.notes] == ([] if value else ["long"])
    records = ",".join(f'{{"p": {{"q": {n}}}}}' for n in [*FAR, odd if odd != "inf" else "0.5"])
    (tmp_path / "t.json").write_text(f"[{records}]")
    assert tabled(find_own(tmp_path / "t.json")).frame["p.q"].to_list()[:4] == [int(n) if value else n for n in FAR]
    database = sqlite3.connect(tmp_path / "s.db")
    database.execute("create table t (p)")
    database.executemany("insert into t values (?)", [(int(n),) for n in FAR] + [(float(odd),)])
    database.commit()
    database.close()
    found = own_rows(Source(read="sqlite:s.db", table="t"), tmp_path, "")[0]["p"]
    assert found.to_list()[:4] == [int(n) if value else n for n in FAR]


@pytest.mark.parametrize(
    "cells",
    [
        ["-9007199254740993", "-9007199254740992", "0.5"],
        ["9223372036854775809", "9223372036854775808", "0.5"],
        ["9007199254740993", "12345678901234567.5"],  # which is a whole number as a float
        ["9007199254740993", "4503599627370497.5"],
        ["9007199254740993", "4.5035996273704975e15"],
        ["9007199254740993", "4503599627370494.9", "7.0"],
    ],
)
def test_numbers_that_a_float_would_round_stay_as_they_are_written(tmp_path: Path, cells: list[str]) -> None:
    assert of(tmp_path, "\n".join(["p", *cells])).frame["p"].to_list() == cells


def test_whole_numbers_beyond_a_float_are_told_apart_in_several_files(tmp_path: Path) -> None:
    for odd, dtype in (("7.0", pl.Int64), ("6.5", pl.String)):
        (tmp_path / "a.csv").write_text("\n".join(["p,q", *(f"{n},1" for n in FAR)]))
        (tmp_path / "b.csv").write_text(f"p,q\n3.0,1\n{odd},1\n")
        table = tabled(find_own(tmp_path / "a.csv", more=[tmp_path / "b.csv"]))
        assert table.frame["p"].dtype == dtype and table.frame["p"].cast(pl.String).to_list()[:5] == [*FAR, "3"]
        assert [note.kind for note in table.notes] == (["long"] if dtype == pl.String else [])
    (tmp_path / "b.csv").write_text("\n".join(["p,q", FAR[0] + ",1", "6.5,1"]))
    assert tabled(find_own(tmp_path / "a.csv", more=[tmp_path / "b.csv"])).frame["p"].to_list() == [*FAR, FAR[0], "6.5"]


def test_a_comma_behind_a_zero_is_before_decimals_and_files_of_a_source_agree(tmp_path: Path) -> None:
    assert of(tmp_path, 'p,q\n"0,123",a\n"1,000",b\n').frame["p"].to_list() == [0.123, 1.0]
    assert of(tmp_path, 'p,q\n"0,123",2.5\n').frame["p"].to_list() == ["0,123"]
    for cells in ("1.234 €", "$1.234"):
        assert of(tmp_path, f"p;q\n{cells};x\n").dialect.unsure == "1.234"  # type: ignore[union-attr]
    (tmp_path / "a.csv").write_text("p;q\n1,5;x\n2,25;x\n")
    (tmp_path / "b.csv").write_text("p;q\n1.234;x\n5.678;x\n")
    table = tabled(find_own(tmp_path / "b.csv", more=[tmp_path / "a.csv"]))
    assert table.frame["p"].to_list() == [1234, 5678, 1.5, 2.25] and not table.dialect.unsure  # type: ignore[union-attr]
    (tmp_path / "a.csv").write_text("p;q\nx;x\n")
    (tmp_path / "a.csv").write_text("p;q\n1;x\n")
    assert tabled(find_own(tmp_path / "a.csv", more=[tmp_path / "b.csv"])).dialect.unsure == "1.234"  # type: ignore[union-attr]
    for name, cell in (("c", "1,5"), ("d", "1.5")):  # two that do not agree tell nothing of a third
        (tmp_path / f"{name}.csv").write_text(f"p;q\n{cell};x\n")
    (tmp_path / "e.csv").write_text("p,q\n1.500,x\n")  # what is not open stays so, whatever others tell
    assert tabled(find_own(tmp_path / "c.csv", more=[tmp_path / "e.csv"])).frame["p"].to_list() == [1.5, 1.5]
    several = [tmp_path / f"{name}.csv" for name in "cd"]
    assert tabled(find_own(tmp_path / "b.csv", more=several)).dialect.unsure == "1.234"  # type: ignore[union-attr]


def test_signs_are_those_that_were_said_or_that_are_usual() -> None:
    assert signs_of(True, "'") == Signs(",", "'") and signs_of(False, "") == Signs(".", "")
    assert signs_of(False, None) == Signs()
    cells = pl.Series(["1.234,5", "1'234,5", "1\u00a0234,5", "1\u202f234,5", "1 234,5"])
    assert plain(cells, signs_of(True, None)).to_list() == ["1234.5"] * 5
    assert plain(cells.str.replace(",", "."), signs_of(False, None)).to_list() == [None, *["1234.5"] * 4]


def test_whole_numbers_beyond_64_bits_and_what_is_half_a_number_are_no_amounts() -> None:
    assert numbers(pl.Series(["123456789012345678901", "1"])) is None
    assert numbers(pl.Series(["1.5", "x"])) is None and numbers(pl.Series(["1", None]))[0] == 1  # type: ignore[index]


def told(folder: Path, cells: list[str]) -> Words:
    (words,) = words_of(of(folder, "\n".join(["a", *cells])), find_own(folder / "t.csv"))
    return words


def test_the_commonest_words_come_first_and_are_so_many_at_the_most(tmp_path: Path) -> None:
    plenty = [str(n) for n in range(200)]
    assert told(tmp_path, [*plenty, "b", "a", "c", "c", "c", "a", "a", "zz"]).words == ("a", "c", "b", "zz")
    twenty = told(tmp_path, [*plenty, *(f"PC {n}" for n in range(20))])
    assert twenty.numbers and len(twenty.words) == 20
    more = told(tmp_path, [*plenty, *(f"PC {n}" for n in range(25))])
    assert not more.numbers and len(more.words) == 20 and (more.count, more.known) == (25, 225)


def test_blanks_among_numbers_are_said_and_not_taken(tmp_path: Path) -> None:
    words = told(tmp_path, [*(str(n) for n in range(20)), '"  "', "x"])
    assert not words.numbers and words.why == "some are blanks"
