"""Text that is read in parts is what it is when it is read whole: rows, types, notes, and what is refused."""

from __future__ import annotations

import gzip
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.sources import Table, expected, find, tabled
from treadle.sources.laid import LaidParts, Scratch, laid_parts_of
from treadle.spec import Source

Outcome = tuple[str, str, str] | tuple[pl.DataFrame, object, object]
CELLS: dict[str, tuple[str, ...]] = {
    "whole": ("1", "-20", "+3", "007", " 4 ", "0", "-0"),
    "number": ("1.5", "2", "-0.0", "1e3", ".5", "-0"),
    "large": ("9007199254740993", "1", "9223372036854775808", "7.0"),
    "far": ("9007199254740993", "1.5", "3"),
    "wild": ("inf", "1.5", "nan ", "2"),
    "comma": ("1,5", "0,25", "3"),
    "money": ("$5", "$1,000", "6", "€7"),
    "truth": ("true", "False", "TRUE"),
    "day": ("2024-01-31", "2024-02-29", "2023-12-1"),
    "time": ("2024-01-31T10:00:00.5Z", "2024-01-31T23:59:59.1Z", "2024-01-31T10:00:00+01:00"),
    "two": ("03/04/2024", "13/04/2024", "04/13/2024"),
    "word": ("a", "x y", "ß", "NA", 'say "hi"', "l1\nl2"),
    "id": ("m_1", "m_2", "10001", "1234x"),
}
ODD = ("", "NA", "-", "odd", "7", "1.5", "2024-01-31", "true", "a\nb", "1234x")


@st.composite
def sources(draw: st.DrawFn) -> tuple[list[bytes], dict[str, object], dict[str, str], int]:
    """Files, how their source says they are written, what their contract expects, and the bytes of a block."""
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=2, max_size=3))
    sign, end = draw(st.sampled_from([",", ",", ";"])), draw(st.sampled_from(["\n", "\n", "\r\n"]))
    names = [f"{kind}{place}" for place, kind in enumerate(kinds)]
    files = []
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        plain = [st.sampled_from(CELLS[kind][: draw(st.integers(1, 9))]) for kind in kinds]
        odd = draw(st.sampled_from([0, 0, 1, 3]))
        rows = draw(st.lists(st.tuples(*plain).map(list), min_size=0, max_size=8))
        for _ in range(odd if rows else 0):
            draw(st.sampled_from(rows))[draw(st.integers(0, len(kinds) - 1))] = draw(st.sampled_from(ODD))
        quoted = draw(st.booleans())
        lines = [sign.join(_written(cell, sign, quoted) for cell in row) for row in [names, *rows]]
        for line in draw(st.lists(st.sampled_from(["", "1", "1,2,3,4,5", 'a"b,c', '"open', "\0,1"]), max_size=1)):
            lines.insert(draw(st.integers(1, len(lines))), line)
        text = end.join(lines) + draw(st.sampled_from([end, end, ""]))
        files.append(draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode())
    said: dict[str, object] = {}
    if draw(st.integers(0, 4)) == 0:
        said["null_values"] = draw(st.sampled_from([("-", "odd"), {names[0]: ("-",)}, {"none": ("-",)}]))
    if draw(st.integers(0, 4)) == 0:
        said["date_format"] = {names[-1]: draw(st.sampled_from(["%d/%m/%Y", "%Y-%m-%d"]))}
    types = {name: draw(st.sampled_from(["int", "float", "date", "timestamp", "string"])) for name in names}
    return files, said, types if draw(st.booleans()) else {}, draw(st.sampled_from([1, 7, 16, 40]))


def _written(cell: str, sign: str, quoted: bool) -> str:
    return '"' + cell.replace('"', '""') + '"' if quoted or any(each in cell for each in (sign, '"', "\n")) else cell


def outcome(made: Callable[[], Table | LaidParts | None]) -> Outcome | None:
    try:
        found = made()
        if found is None:
            return None
        frame = found.frame if isinstance(found, Table) else pl.concat(found.read())
        assert isinstance(found, Table) or (found.schema == frame.schema and found.rows == frame.height)
        return frame, found.notes, found.dialect
    except DataError as bad:
        return bad.what, bad.where, bad.mend


def both(folder: Path, files: list[bytes], block: int, source: Source, ending: str = "csv") -> Iterator[Outcome | None]:
    """What comes of it whole, and in parts."""
    for number, content in enumerate(files):
        (folder / f"t{number}.{ending}").write_bytes(content)
    room = folder / "room"
    room.mkdir()
    yield outcome(lambda: tabled(find(source, folder, where="here"), "here"))
    yield outcome(
        lambda: laid_parts_of(find(source, folder, where="here"), Scratch(lambda: room), "here", least=0, block=block)
    )


def same(whole: Outcome | None, parted: Outcome | None) -> bool:
    if whole is None or parted is None or isinstance(whole[0], str) or isinstance(parted[0], str):
        return whole == parted
    return _exactly(whole[0]).equals(_exactly(parted[0])) and whole[1:] == parted[1:]


def _exactly(frame: pl.DataFrame) -> pl.DataFrame:
    """Fractions as they are written, so that -0.0 is not 0.0; and the types as a column."""
    return frame.with_columns(pl.col(pl.Float64).cast(pl.String)).with_columns(
        pl.lit(str(frame.schema)).alias("types of all")
    )


@settings(max_examples=10, deadline=None)
@given(sources())
def test_in_parts_as_whole(given_: tuple[list[bytes], dict[str, object], dict[str, str], int]) -> None:
    files, said, types, block = given_
    source = expected(Source(read="*.csv", **said), types)
    with tempfile.TemporaryDirectory() as folder:
        whole, parted = both(Path(folder), files, block, source)
        assert parted is None or same(whole, parted), (whole, parted)


LONG = b"n,word,on\n" + b"1,once upon a time,2024-01-31\n" * 100_000
"""Longer than the head by which it is told how a file is written."""


@pytest.mark.parametrize("cut", [0, 9])
def test_a_packed_file_is_read_in_parts_and_a_damaged_one_refused_as_ever(tmp_path: Path, cut: int) -> None:
    content = gzip.compress(LONG, 1)
    files = [content[: len(content) - cut]]
    whole, parted = both(tmp_path, files, 1 << 20, Source(read="*.csv.gz"), "csv.gz")
    assert isinstance(parted, tuple) and isinstance(parted[0], str) == bool(cut) and same(whole, parted)


@pytest.mark.needs("zstandard")
def test_zstandard_in_several_frames_is_read_in_parts(tmp_path: Path) -> None:
    import zstandard

    text = b"n,word\n" + b"".join(b"%d,w%d\n" % (each, each) for each in range(900))
    pack = zstandard.ZstdCompressor().compress
    whole, parted = both(tmp_path, [pack(text[:4000]) + pack(text[4000:])], 700, Source(read="*.csv.zst"), "csv.zst")
    assert parted is not None and not isinstance(parted[0], str) and same(whole, parted)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\r3\n4,5\n",  # a line that ends in half
        b'a,b\n1,x"y"z\n',  # marks of quotation inside a field
        "a,b\n1,\u00df\n".encode("latin-1"),
        "a,b\n1,2\n".encode("utf-16"),
        b"a\n1\n\n2\n",  # one column, in which a blank line is a row
        b"\na,b\n1,2\n",
    ],
)
def test_what_blocks_do_not_tell_is_left_to_who_reads_it_whole(tmp_path: Path, content: bytes) -> None:
    _, parted = both(tmp_path, [content], 4, Source(read="*.csv"))
    assert parted is None and not list((tmp_path / "room").iterdir())


LATER = {
    "far": (["1.5"], "9007199254740993", ""),
    "farther": (["1.5", "2.0"], "9223372036854775808", ""),
    "infinite": (["1.5"], "inf", ""),
    "none": (["1.5"], "NAN", ""),
    "fraction": (["-0", "1"], "1.5", ""),
    "long": (["1"], "9223372036854775808", ""),
    "marked": (["1"], "$1,000", ""),
    "truth": (["true"], "yes", ""),
    "late": ([""], "5", ""),
    "other": (["2024-01-31"], "03/04/2024", ""),
    "shape": (["2024-01-31 10:00"], "2024-01-31 10:5", ""),
    "number": (["many", " 7"], "8", "int"),
    "day": (["soon", "31.1.2024"], "1.2.2024", "date"),
    "told": (["many", " 7"], "8", ""),
}
"""Of each column its first values, and one that stands far behind; and what its contract expects."""


def test_what_stands_far_behind_is_told_as_of_the_whole(tmp_path: Path) -> None:
    columns = [[*firsts] * (40 // len(firsts)) + [last] for firsts, last, _ in LATER.values()]
    rows = [",".join(f'"{cell}"' for cell in row) for row in zip(*columns, strict=True)]
    source = expected(Source(read="*.csv"), {name: kind for name, (_, _, kind) in LATER.items() if kind})
    whole, parted = both(tmp_path, ["\n".join([",".join(LATER), *rows]).encode()], 500, source)
    assert same(whole, parted) and isinstance(parted, tuple) and isinstance(parted[0], pl.DataFrame)
    assert parted[0].get_column("fraction").dtype == pl.Float64 and parted[0].get_column("far").dtype == pl.String


def test_a_column_without_a_value_in_any_file_is_what_the_whole_has(tmp_path: Path) -> None:
    source = Source(read="*.csv", date_format={"on": "%d.%m.%Y"})
    whole, parted = both(tmp_path, [b"n,on,x\n1,,\n", b"n,on,x\n2,,\n"], 4, source)
    assert parted is not None and same(whole, parted)


def test_a_file_that_is_gone_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    found = find(Source(read="t.csv"), tmp_path)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(DataError, match=r"t\.csv cannot be opened") as bad:
        laid_parts_of(found, Scratch(lambda: tmp_path), "here", least=0)
    assert bad.value.where == "here"


def test_a_part_is_of_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n" + "1,2,x\n" * 50)
    (tmp_path / "room").mkdir()
    told = list[int]()
    scratch = Scratch(lambda: tmp_path / "room", told.append)
    made = laid_parts_of(find(Source(read="t.csv"), tmp_path), scratch, "", least=0, block=30)
    assert made is not None and made.rows == 50
    assert told == sorted(set(told)) and told[-1] == 50 and len(told) > 2
    parts = list(made.read(["c", "a"]))
    assert len(parts) > 2 and pl.concat(parts).equals(pl.DataFrame({"c": ["x"] * 50, "a": [1] * 50}))


def test_a_file_that_was_written_to_since_it_was_found_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    found = find(Source(read="t.csv"), tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,3\n")
    with pytest.raises(DataError, match=r"t.csv changed while it was being read"):
        laid_parts_of(found, Scratch(lambda: tmp_path), "", least=0)


def test_a_file_that_is_another_when_it_is_read_once_more_is_refused(tmp_path: Path) -> None:
    """A column that is not what its first rows said is read again."""
    file, room = tmp_path / "t.csv", tmp_path / "room"
    file.write_text("a,b\n" + "1,2\n" * 50 + "x,3\n")
    room.mkdir()

    def said(rows: int) -> None:
        if rows == 51:
            file.write_text(file.read_text().replace("x", "y"))

    with pytest.raises(DataError, match=r"t.csv changed while it was being read"):
        laid_parts_of(find(Source(read="t.csv"), tmp_path), Scratch(lambda: room, said), "", least=0, block=30)


def test_files_of_which_one_tells_what_others_leave_open_are_read_whole(tmp_path: Path) -> None:
    files = [b"on,x\n03/04/2024,1\n", b"on,x\n13/04/2024,1\n"]
    whole, parted = both(tmp_path, files, 4, Source(read="*.csv"))
    assert parted is None and isinstance(whole, tuple) and isinstance(whole[0], pl.DataFrame)
    assert [str(day) for day in whole[0]["on"]] == ["2024-04-03", "2024-04-13"]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    found = find(Source(read="t.csv"), tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # no file takes another byte
        with pytest.raises(DataError, match=r"t.csv cannot be laid on the disk of the workspace") as bad:
            laid_parts_of(found, Scratch(lambda: tmp_path), "here", least=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in bad.value.mend and bad.value.where == "here"


def test_limits_hold_of_text_in_parts(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(LONG + LONG, 1))  # of which the first piece is not too much yet
    with pytest.raises(DataError, match="unpack to more than"):
        laid_parts_of(find(Source(read="t.csv.gz", max_gb=0.005), tmp_path), Scratch(lambda: tmp_path), "", least=0)
    (tmp_path / "u.csv").write_text("a,b\n" + "1,2\n" * 9000)
    tight = find(Source(read="u.csv", max_gb=1e-5), tmp_path)
    assert laid_parts_of(tight, Scratch(lambda: tmp_path), "", least=0) is None
    with pytest.raises(DataError, match="at most"):
        tight.rows()
