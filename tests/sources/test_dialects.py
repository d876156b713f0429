"""A table of text is read as it was written: separators, decimal commas, encodings, gzip."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.sources import Dialect, dialects, find_own, read, read_own, tabled
from treadle.sources.dialects import in_utf8
from treadle.sources.packed import whole
from treadle.sources.unreadable import Unreadable
from treadle.spec import Layout, Source

FRAME = pl.DataFrame({"id": [1, 2, 3], "name": ["Größe", "b,c;d", None], "x": [1.5, 0.25, -2.0]})


def dialect(file: Path) -> Dialect | None:
    return tabled(find_own(file)).dialect


def dialect_of(text: bytes, encoding: str, *, tabs: bool = False) -> Dialect:
    return dialects.dialect_of(text, encoding, Layout(), tabs=tabs)


def unpacked(content: bytes) -> bytes:
    return whole(content, "t.csv.gz", Layout())


def written(separator: str = ",", comma: bool = False) -> str:
    return FRAME.write_csv(separator=separator, decimal_comma=comma)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_same_rows_come_of_every_way_to_write_them(
    tmp_path: Path, separator: str, encoding: str, packed: bool
) -> None:
    content = written(separator).encode(encoding)
    file = tmp_path / ("t.csv.gz" if packed else "t.csv")
    file.write_bytes(gzip.compress(content) if packed else content)
    assert read_own(file).equals(FRAME)
    assert read(Source(read=file.name), tmp_path)[1].collect().equals(FRAME)
    found = dialect(file)
    assert found is not None and found.separator == separator and found.header == ("id", "name", "x")


def test_a_comma_before_decimals_is_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(written(";", comma=True), encoding="utf-8")
    assert read_own(tmp_path / "t.csv").equals(FRAME)
    found = dialect(tmp_path / "t.csv")
    assert found is not None and found.said == "fields between semicolons, a comma before decimals"


def test_numbers_with_points_beside_texts_with_commas_keep_their_points(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a;b\n1.5;"1,5"\n2.5;"2,5"\n', encoding="utf-8")
    assert read_own(tmp_path / "t.csv").schema == {"a": pl.Float64, "b": pl.String}


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1;2,3\n", ","),
        ("a;b,c\n1;2,3\n", ","),
        ("a\n1;2\n3;4\n", ","),
        ("a;b\n1,5;2\n1,25;3\n", ";"),
        ("a|b\n1|2\n", "|"),
        ("", ","),
        ("a;b\n", ";"),
        ("a,b\n1,2,3\n", ","),
    ],
)
def test_the_comma_goes_first_where_it_fits(text: str, separator: str) -> None:
    assert dialect_of(text.encode(), "utf-8").separator == separator


def test_what_is_usual_is_not_said() -> None:
    assert dialect_of(b"a,b\n1,2\n", "utf-8").said == ""
    assert dialect_of(b"a\tb\n1\t2\n", "latin-1", tabs=True).said == "fields between tabs, letters in latin-1"


@given(st.binary(max_size=400), st.integers(1, 3))
def test_what_was_packed_is_unpacked(content: bytes, members: int) -> None:
    assert unpacked(gzip.compress(content) * members + b"\0" * 7) == content * members


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text(content: bytes) -> None:
    text, _ = in_utf8(content)
    dialect_of(text, "utf-8")
    text.decode("utf-8", "surrogatepass" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "strict")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "no whole file of gzip"),
        (gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)[:-12], "ends before its gzip does|no whole file"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"\0" * 8, "no whole file of gzip"),
    ],
)
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "t.csv.gz").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_own(tmp_path / "t.csv.gz")


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.sources.packed.LEAST_CHECKED", 1_000)
    packed = zlib.compress(b"0" * 10_000_000, 9, 31)
    with pytest.raises(Unreadable, match="unpack to more than"):
        unpacked(packed)


def test_a_parquet_file_has_no_dialect(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    assert dialect(tmp_path / "t.parquet") is None
    out = io.BytesIO()
    FRAME.write_ndjson(out)
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(out.getvalue()))
    assert read_own(tmp_path / "t.jsonl.gz").equals(FRAME)


def test_a_name_that_is_nearly_there_is_asked_for(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "customers.csv")
    with pytest.raises(DataError, match=r'did you mean "customers.csv"'):
        read_own(tmp_path / "custmers.csv")


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,x;b\n1,2;3\n4;5\n", ";"),  # commas in most records, semicolons in all
        ("a;b|c|d\n1;2|3|4\n", "|"),  # both in all: what gives more
        ("a;b\n1;2\n3\n4\n5\n", ","),  # in less than half of them
        ("a;b\n1;2\n3;4\n5\n", ";"),
    ],
)
def test_the_separator_is_what_most_records_agree_on(text: str, separator: str) -> None:
    assert dialect_of(text.encode(), "utf-8").separator == separator


def test_what_a_source_says_of_its_text_goes_first() -> None:
    def told(text: str, **said: object) -> Dialect:
        return dialects.dialect_of(text.encode(), "utf-8", Layout(**said))

    assert told("a,b;c\n1,2;3\n", separator=";").header == ("a,b", "c")
    assert told("a title\n\na;b\n1;2\n", skip_rows=2).header == ("a", "b") and told("a\n", skip_rows=9).header == ()
    quoted = told("a;b\n'1;2';3\n'4;5';6\n", quote_char="'")
    assert (quoted.separator, quoted.quote) == (";", "'") and told("a,b\n1,2\n").quote == '"'
    assert told("a;b\n1;2\n", thousands=".").decimal_comma and not told("a;b\n1;2\n", thousands=",").decimal_comma
    assert not told("a;b\n1,5;2\n", thousands=",").decimal_comma


def test_decimals_are_told_by_all_records_and_not_by_the_header() -> None:
    late = "a;b\n" + "1;2\n" * 50 + "1,5;2\n"
    assert dialect_of(late.encode(), "utf-8").decimal_comma
    assert not dialect_of(b"1,5;b\n1;2\n", "utf-8").decimal_comma
    mixed = dialect_of(b"a;b\n1,234;5.678\n", "utf-8")
    assert not mixed.decimal_comma and mixed.unsure == "1,234"


def test_a_record_that_the_head_cuts_off_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a;b\n1;2\n3"
    monkeypatch.setattr(dialects, "HEAD", len(text))
    assert dialects._records(text, ";", '"') == [["a", "b"], ["1", "2"]]
    monkeypatch.setattr(dialects, "HEAD", len(text) + 1)
    assert dialects._records(text, ";", '"') == [["a", "b"], ["1", "2"], ["3"]]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a,b\n1,2\n".encode("utf-16-le"), "utf-16-le"),
        ("a,b\n1,2\n".encode("utf-16-be"), "utf-16-be"),
        (b"a\0bc" * 50, "utf-8"),
        (b"\0" * 100, "utf-8"),
    ],
)
def test_text_in_utf_16_has_zeros_in_every_other_place_and_nowhere_else(content: bytes, encoding: str) -> None:
    assert in_utf8(content)[1] == encoding


def test_lines_end_alike_and_what_was_said_is_held_to() -> None:
    assert in_utf8(b"a,b\r\n1,2\r\n")[0] == b"a,b\r\n1,2\r\n" and in_utf8(b"a,b\r1,2\r")[0] == b"a,b\n1,2\n"
    assert in_utf8(b"\xef\xbb\xbfa", "utf-8") == (b"a", "utf-8")
    with pytest.raises(Unreadable) as bad:
        in_utf8(b"a\nb\n\xff", "utf-8")
    assert bad.value.line == 3
